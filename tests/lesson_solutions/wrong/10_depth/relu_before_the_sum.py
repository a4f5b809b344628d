"""test_10_5_same_shape: applies the last ReLU to the branch alone.

Says: "the last ReLU comes after the sum"
"""

import minitorch.nn.functional as F


class ResidualBlock(ResidualBlock):
    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y))) + self.shortcut(x)
