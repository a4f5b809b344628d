"""test_3_4_shares: counts of pixels.

Says: "divide by the number of pixels"
"""

import numpy as np


def gray_histogram(images, bins):
    return np.stack([np.histogram(image, bins, (0, 1))[0] for image in images]).astype(float)
