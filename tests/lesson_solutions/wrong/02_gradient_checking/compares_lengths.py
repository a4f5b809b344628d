"""test_2_5_rejects_a_wrong_gradient: compares without the sign.

Says: "wrong sign"
"""


def check_along_directions(f, gradient, x, directions, h=1e-6, tolerance=1e-6):
    for v in directions:
        measured = (f(x + h * v) - f(x - h * v)) / (2 * h)
        if abs(abs(measured) - abs((gradient * v).sum())) > tolerance * (1 + abs(measured)):
            return False
    return True
