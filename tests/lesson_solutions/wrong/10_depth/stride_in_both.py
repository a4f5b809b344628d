"""test_10_5_new_shape: both convolutions have the stride, and the shortcut follows.

Says: "the second has not"
"""

import minitorch.nn.functional as F
from minitorch import nn


class ResidualBlock(ResidualBlock):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, stride, padding=1, bias=False)

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + F.interpolate(self.shortcut(x), size=y.shape[2:]))
