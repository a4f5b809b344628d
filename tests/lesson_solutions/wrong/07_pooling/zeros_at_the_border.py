"""test_7_5_even_signal: pads with zeros.

Says: "beyond the border too"
"""

import numpy as np


def blur_pool(x):
    for axis in (2, 3):
        widths = [(1, 1) if i == axis else (0, 0) for i in range(4)]
        padded = np.pad(x, widths)
        n = x.shape[axis]
        x = sum(k * padded.take(range(i, i + n), axis) for i, k in enumerate((1, 2, 1))) / 4
    return x[:, :, ::2, ::2]
