"""test_2_5_looks_at_all_directions: decides by the first direction.

Says: "all directions must agree"
"""


def check_along_directions(f, gradient, x, directions, h=1e-6, tolerance=1e-6):
    v = directions[0]
    measured = (f(x + h * v) - f(x - h * v)) / (2 * h)
    return abs(measured - (gradient * v).sum()) <= tolerance * (1 + abs(measured))
