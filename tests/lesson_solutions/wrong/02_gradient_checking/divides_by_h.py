"""test_2_1_uses_the_step: divides by h in place of 2h.

Says: "divide by 2h"
"""


def central_difference(f, x, h):
    return (f(x + h) - f(x - h)) / h
