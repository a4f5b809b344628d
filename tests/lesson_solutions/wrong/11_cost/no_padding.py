"""test_11_3_against_the_engine: cuts off the border.

Says: "keep the size"
"""

correct = depthwise_separable


def depthwise_separable(x, depthwise, pointwise):
    margin = depthwise.shape[1] // 2
    return correct(x, depthwise, pointwise)[:, :, margin:-margin, margin:-margin]
