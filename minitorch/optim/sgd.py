"""Stochastic gradient descent."""

from minitorch.kernels import backend
from minitorch.optim.optimizer import Optimizer
from minitorch.optim.options import check_implementation, check_numbers, check_switches, is_number


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if asked for.

    For each parameter p with gradient g::

        g = -g if maximize                    g = g + weight_decay * p
        v = g in the first step, then         v = momentum * v + (1 - dampening) * g
        p = p - lr * v                        with nesterov: p = p - lr * (g + momentum * v)

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning"; the
    learning rate multiplies v and not g, so that a change of it acts at once.

    Args:
        params: tensors, or groups ``{"params": tensors, option: value, ...}``.
        lr: learning rate, a number or a tensor of one element.
        momentum: how much of the last v remains, 0 for none.
        dampening: share of the gradient that v does not take up.
        weight_decay: factor of the penalty ``weight_decay / 2 * p**2``.
        nesterov: look ahead by one momentum step; needs momentum and no dampening.
        maximize: climb in place of descending.
        foreach, fused: without effect here. differentiable: not offered.

    Raises:
        ValueError: an option out of its range or not offered, no parameters, the same one twice.
        TypeError: params that are no tensors.
        RuntimeError: both foreach and fused.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
        foreach=None,
        differentiable=False,
        fused=None,
    ):
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def check_options(self, options):
        check_numbers("SGD", options, "lr", "momentum", "weight_decay")
        if not is_number(options["dampening"]):
            raise ValueError(f"SGD: dampening must be a number, got {options['dampening']!r}")
        check_switches("SGD", options, "nesterov", "maximize")
        check_implementation("SGD", options)
        if options["nesterov"] and (options["momentum"] <= 0 or options["dampening"] != 0):
            raise ValueError(
                f"SGD: nesterov needs a momentum above 0 and dampening 0, got momentum={options['momentum']} and "
                f"dampening={options['dampening']}"
            )

    def update_all(self, parameters, group):
        momentum = float(group["momentum"])
        # From zeros and without dampening the first v is g itself.
        fresh = [p for p in parameters if momentum and self.state[p].get("momentum_buffer") is None]
        for p in fresh:
            self.state[p]["momentum_buffer"] = p.new_zeros(p.shape)
        new = {id(p) for p in fresh}
        others = [p for p in parameters if id(p) not in new]
        for chosen, dampening in ((fresh, 0.0), (others, float(group["dampening"]))):
            if chosen:
                backend(chosen[0].array).sgd(
                    [p.array for p in chosen],
                    [p.grad.array for p in chosen],
                    [self.state[p]["momentum_buffer"].array for p in chosen] if momentum else None,
                    float(group["lr"]),
                    momentum,
                    dampening,
                    float(group["weight_decay"]),
                    bool(group["nesterov"]),
                    bool(group["maximize"]),
                )
