"""test_2_4_least_error: the rule of thumb, which forgets the function.

Says: "must be zero"
"""


def best_step(epsilon, value, third_derivative):
    return epsilon ** (1 / 3)
