"""test_13_7_output[hard]: has the sigmoid always.

Says: "relu6(a + 3) / 6"
"""


class SqueezeExcitation(SqueezeExcitation):
    def __init__(self, channels, reduction=4, hard=False):
        super().__init__(channels, reduction)
