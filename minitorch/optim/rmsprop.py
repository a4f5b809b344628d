"""RMSprop: steps scaled by a running average of the squared gradient."""

from minitorch.kernels import backend
from minitorch.optim.optimizer import Optimizer, count_step, new_step
from minitorch.optim.options import check_implementation, check_numbers, check_switches


class RMSprop(Optimizer):
    """RMSprop.

    For each parameter p with gradient g::

        g = -g if maximize                        g = g + weight_decay * p
        s = alpha * s + (1 - alpha) * g**2        p = p - lr * g / (sqrt(s) + eps)

    With centered, s - a**2 (the variance) takes the place of s under the root, a being the running average of g:
    ``a = alpha * a + (1 - alpha) * g``. With momentum, ``b = momentum * b + g / (sqrt(s) + eps)``, p = p - lr * b.

    Source: Hinton 2012, Coursera lecture 6e of "Neural networks for machine learning"; centered: Graves 2013,
    "Generating sequences with recurrent neural networks", equations 38 to 45, with eps outside of the root.

    Args:
        params: tensors, or groups ``{"params": tensors, option: value, ...}``.
        lr: learning rate, a number or a tensor of one element.
        alpha: how much of the averages remains.
        eps: keeps the division away from 0.
        weight_decay: factor of the penalty ``weight_decay / 2 * p**2``.
        momentum: how much of the last b remains, 0 for none.
        centered: divide by the standard deviation of the gradient in place of its root mean square.
        maximize: climb in place of descending.
        foreach: without effect here. capturable, differentiable: not offered.

    Attributes:
        state: parameter -> ``step`` (how many), ``square_avg`` (s), with momentum ``momentum_buffer`` (b), with
            centered ``grad_avg`` (a).

    Raises:
        ValueError: an option out of its range or not offered, no parameters, the same one twice.
        TypeError: params that are no tensors.
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def check_options(self, options):
        name = type(self).__name__
        check_numbers(name, options, "lr", "alpha", "eps", "weight_decay", "momentum")
        check_switches(name, options, "centered", "maximize")
        check_implementation(name, options)

    def needed_state(self, group):
        names = ["step", "square_avg"]
        if group["momentum"]:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        return names

    def update(self, parameter, group):
        state = self.state[parameter]
        if not state:
            state["step"] = new_step()
            for key in self.needed_state(group)[1:]:
                state[key] = parameter.new_zeros(parameter.shape)
        count_step(state)
        array = parameter.array
        backend(array).rmsprop(
            array,
            parameter.grad.array,
            state["square_avg"].array,
            state["grad_avg"].array if group["centered"] else None,
            state["momentum_buffer"].array if group["momentum"] else None,
            float(group["lr"]),
            float(group["alpha"]),
            float(group["eps"]),
            float(group["weight_decay"]),
            float(group["momentum"]),
            bool(group["maximize"]),
        )
