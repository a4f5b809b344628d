"""test_3_6_no_front_and_back: cuts angles off in place of turning them.

Says: "turn angles outside 0 to 180 by 180 degrees"
"""

import numpy as np


def hog(image, cell, directions):
    down, right = np.gradient(image)
    strength = np.hypot(right, down)
    bin_of = np.clip((np.arctan2(down, right) / np.pi * directions).astype(int), 0, directions - 1)
    rows, columns = image.shape[0] // cell, image.shape[1] // cell
    result = np.zeros((rows, columns, directions))
    for d in range(directions):
        edges = np.where(bin_of == d, strength, 0)
        result[..., d] = edges.reshape(rows, cell, columns, cell).sum(axis=(1, 3))
    return result
