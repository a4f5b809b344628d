"""test_10_3_shape_and_numbers: puts the new channels first.

Says: "the first three channels"
"""

import minitorch.nn.functional as F


def padding_shortcut(x, out_channels, stride):
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, out_channels - x.shape[1], 0))
