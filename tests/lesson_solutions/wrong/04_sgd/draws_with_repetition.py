"""test_4_2_each_number_once: independent draws, so that some numbers come twice and others never.

Says: "must occur once"
"""


def batches(count, batch_size, random):
    return [random.integers(count, size=min(batch_size, count - i)) for i in range(0, count, batch_size)]
