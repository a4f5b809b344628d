"""test_9_2_mean: takes momentum for the share of the old estimate.

Says: "momentum is the share of the new"
"""


def update_running(running_mean, running_var, x, momentum=0.1):
    mean = momentum * running_mean + (1 - momentum) * x.mean(AXES)
    return mean, momentum * running_var + (1 - momentum) * x.var(AXES, ddof=1)
