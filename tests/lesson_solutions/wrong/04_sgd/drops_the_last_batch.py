"""test_4_2_each_number_once: only full batches.

Says: "also the last, smaller batch counts"
"""


def batches(count, batch_size, random):
    order = random.permutation(count)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(count // batch_size)]
