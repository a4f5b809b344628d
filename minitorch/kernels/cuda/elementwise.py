"""What CuPy computes as fast as a kernel of ours would."""


def add(a, b):
    """a + b, with broadcasting."""
    return a + b
