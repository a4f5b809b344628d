"""test_10_3_shape_and_numbers: pools in place of leaving out.

Says: "not a mean of neighbours"
"""

import minitorch.nn.functional as F


def padding_shortcut(x, out_channels, stride):
    return F.pad(F.avg_pool2d(x, stride), (0, 0, 0, 0, 0, out_channels - x.shape[1]))
