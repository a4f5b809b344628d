"""test_11_6_nothing_to_widen: a 1 x 1 convolution to as many channels as there were.

Says: "should be left out"
"""

from minitorch import nn


class InvertedResidual(InvertedResidual):
    def __init__(self, in_channels, out_channels, stride=1, expansion=6):
        super().__init__(in_channels, out_channels, stride, expansion)
        if expansion == 1:
            first = nn.Conv2d(in_channels, in_channels, 1, bias=False), nn.BatchNorm2d(in_channels), nn.ReLU6()
            self.branch = nn.Sequential(*first, *self.branch)
