"""test_9_1_eps_weight_and_bias: adds eps to the standard deviation.

Says: "inside the root"
"""


def batch_norm(x, weight, bias, eps=1e-5):
    normal = (x - x.mean(AXES, keepdims=True)) / (x.std(AXES, keepdims=True) + eps)
    return normal * along_channels(weight) + along_channels(bias)
