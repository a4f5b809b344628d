"""test_12_7_second_half_is_the_branch: adds the branch to its input, as a residual block does.

Says: "without an addition"
"""

import minitorch
import minitorch.nn.functional as F


class ShuffleUnit(ShuffleUnit):
    def forward(self, x):
        untouched, second = x.chunk(2, 1)
        return F.channel_shuffle(minitorch.cat([untouched, second + self.branch(second)], 1), 2)
