"""test_10_5_shortcut_is_used: makes the convolution only where the channels differ, and leaves x as it is.

Says: "a stride alone"
"""

import minitorch.nn.functional as F
from minitorch import nn


class ResidualBlock(ResidualBlock):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        if in_channels == out_channels:
            self.shortcut = nn.Sequential()

    def forward(self, x):
        shortcut = self.shortcut(x)
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(F.interpolate(y, size=shortcut.shape[2:]) + shortcut)
