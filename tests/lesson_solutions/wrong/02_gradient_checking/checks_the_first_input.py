"""test_2_6_finds_the_wrong_ones: checks the gradient of the first input only.

Says: "check the gradients of all inputs"
"""

from minitorch import autograd


def suspects(layers):
    wrong = set()
    for name, (function, (first, *others)) in layers.items():
        others = [x.detach() for x in others]
        if not autograd.gradcheck(function, [first, *others], raise_exception=False):
            wrong.add(name)
    return wrong
