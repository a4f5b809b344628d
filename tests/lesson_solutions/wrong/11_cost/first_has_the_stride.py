"""test_11_6_stride_of_the_filter: the convolution that widens has the stride.

Says: "the filter in the middle has"
"""

from minitorch import nn


class InvertedResidual(InvertedResidual):
    def __init__(self, in_channels, out_channels, stride=1, expansion=6):
        super().__init__(in_channels, out_channels, 1, expansion)
        wide = in_channels * expansion
        self.branch[0] = nn.Conv2d(in_channels, wide, 1, stride, bias=False)
        self.adds_input = stride == 1 and in_channels == out_channels
