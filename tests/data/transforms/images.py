"""Images for tests of transforms, in every form."""

import numpy as np
from PIL import Image

SIZES = [(5, 7), (32, 32), (33, 20), (24, 47), (4, 4)]
MODES = ["L", "RGB"]


def picture(mode, size, seed=0):
    """A PIL image: noise in the left half, a smooth slope in the right one."""
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
    random = np.random.RandomState(seed)
    array = random.randint(0, 256, (*size, channels))
    slope = np.add.outer(np.arange(size[0]), np.arange(size[1]))[..., None] * random.uniform(1, 4, channels) % 256
    array[:, size[1] // 2:] = slope[:, size[1] // 2:]
    array = array.astype(np.uint8)
    return Image.fromarray(array[..., 0] if channels == 1 else array)


def floats(image):
    """The tensor image (C, H, W) of a PIL image, float32 in 0 to 1."""
    array = np.asarray(image, np.float32) / np.float32(255)
    return np.ascontiguousarray(array[None] if array.ndim == 2 else array.transpose(2, 0, 1))
