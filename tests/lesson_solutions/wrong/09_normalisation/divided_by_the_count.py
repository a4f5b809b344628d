"""test_9_2_variance: divides by the count.

Says: "ddof=1"
"""


def update_running(running_mean, running_var, x, momentum=0.1):
    mean = (1 - momentum) * running_mean + momentum * x.mean(AXES)
    return mean, (1 - momentum) * running_var + momentum * x.var(AXES)
