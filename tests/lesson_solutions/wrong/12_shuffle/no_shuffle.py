"""test_12_7_first_half_passes: forgets the shuffle.

Says: "every second channel"
"""

import minitorch


class ShuffleUnit(ShuffleUnit):
    def forward(self, x):
        untouched, second = x.chunk(2, 1)
        return minitorch.cat([untouched, self.branch(second)], 1)
