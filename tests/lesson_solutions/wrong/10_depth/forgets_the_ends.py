"""test_10_1_depths: forgets the first convolution and the linear layer.

Says: "one linear layer"
"""


def layers_with_weights(blocks_per_stage):
    return 3 * blocks_per_stage * 2
