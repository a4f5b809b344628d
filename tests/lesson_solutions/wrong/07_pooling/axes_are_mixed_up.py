"""test_7_2_against_the_engine: reshapes to (size, H / size), so that a window's rows lie far apart.

Says: "that lie together"
"""


def max_pool(x, size):
    n, c, h, w = x.shape
    return x.reshape(n, c, size, h // size, size, w // size).max(axis=(2, 4))
