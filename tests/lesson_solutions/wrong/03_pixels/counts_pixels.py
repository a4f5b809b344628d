"""test_3_6_strength: each pixel counts alike, however weak its edge.

Says: "each pixel counts with its strength"
"""

import numpy as np


def hog(image, cell, directions):
    down, right = np.gradient(image)
    angle = np.arctan2(down, right) % np.pi
    bin_of = np.minimum((angle / np.pi * directions).astype(int), directions - 1)
    rows, columns = image.shape[0] // cell, image.shape[1] // cell
    result = np.zeros((rows, columns, directions))
    for d in range(directions):
        result[..., d] = (bin_of == d).reshape(rows, cell, columns, cell).sum(axis=(1, 3))
    return result
