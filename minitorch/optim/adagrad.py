"""Adagrad: steps scaled by all squared gradients so far."""

from minitorch.kernels import backend
from minitorch.optim.optimizer import Optimizer, count_step, new_step
from minitorch.optim.options import check_implementation, check_numbers, check_switches


class Adagrad(Optimizer):
    """Adagrad.

    For each parameter p with gradient g in step t = 1, 2, ...::

        g = -g if maximize                        g = g + weight_decay * p
        s = s + g**2                              p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    Source: Duchi et al. 2011, "Adaptive subgradient methods for online learning and stochastic optimization", the
    diagonal form of algorithm 1.

    Args:
        params: tensors, or groups ``{"params": tensors, option: value, ...}``.
        lr: learning rate, a number or a tensor of one element.
        lr_decay: by how much the divisor of lr grows in a step.
        weight_decay: factor of the penalty ``weight_decay / 2 * p**2``.
        initial_accumulator_value: what s starts from, in all groups.
        eps: keeps the division away from 0.
        maximize: climb in place of descending.
        foreach, fused: without effect here. differentiable: not offered.

    Attributes:
        state: parameter -> ``step`` (how many), ``sum`` (s), there from the beginning.

    Raises:
        ValueError: an option out of its range or not offered, no parameters, the same one twice.
        TypeError: params that are no tensors.
        RuntimeError: both foreach and fused.
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        fused=None,
    ):
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def check_options(self, options):
        name = type(self).__name__
        check_numbers(name, options, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")
        check_switches(name, options, "maximize")
        check_implementation(name, options)

    def needed_state(self, group):
        return ("step", "sum")

    def add_param_group(self, param_group):
        """As in `Optimizer`; the sums of the new parameters are made at once."""
        super().add_param_group(param_group)
        for parameter in self.param_groups[-1]["params"]:
            self._start(parameter)

    def _start(self, parameter):
        start = self.defaults["initial_accumulator_value"]
        self.state[parameter] = {"step": new_step(), "sum": parameter.new_full(parameter.shape, start)}

    def update(self, parameter, group):
        if not self.state[parameter]:  # a loaded state may lack it
            self._start(parameter)
        state = self.state[parameter]
        array = parameter.array
        backend(array).adagrad(
            array,
            parameter.grad.array,
            state["sum"].array,
            float(group["lr"]) / (1 + (count_step(state) - 1) * float(group["lr_decay"])),
            float(group["eps"]),
            float(group["weight_decay"]),
            bool(group["maximize"]),
        )
