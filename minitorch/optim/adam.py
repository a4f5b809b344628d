"""Adam and AdamW: steps scaled by running averages of the gradient and of its square."""

from minitorch.kernels import backend
from minitorch.optim.optimizer import Optimizer, count_step, new_step
from minitorch.optim.options import check_implementation, check_numbers, check_switches, is_number
from minitorch.tensor import Tensor


class Adam(Optimizer):
    """Adam.

    For each parameter p with gradient g in step t = 1, 2, ...::

        g = -g if maximize                        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g           v = beta2 * v + (1 - beta2) * g**2
        p = p - lr * m' / (sqrt(v') + eps)        with m' = m / (1 - beta1**t), v' = v / (1 - beta2**t)

    m' and v' make up for averages that start at 0. With amsgrad, v' is made of the largest v so far.

    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1; amsgrad: Reddi et al. 2018,
    "On the convergence of Adam and beyond", algorithm 2.

    Args:
        params: tensors, or groups ``{"params": tensors, option: value, ...}``.
        lr: learning rate, a number or a tensor of one element.
        betas: (beta1, beta2), how much of m and v remains; each in [0, 1).
        eps: keeps the division away from 0.
        weight_decay: factor of the penalty ``weight_decay / 2 * p**2``.
        amsgrad: never let the denominator shrink.
        maximize: climb in place of descending.
        decoupled_weight_decay: treat weight_decay as `AdamW` does.
        foreach, fused: without effect here. capturable, differentiable: not offered.

    Attributes:
        state: parameter -> ``step`` (how many), ``exp_avg`` (m), ``exp_avg_sq`` (v), with amsgrad ``max_exp_avg_sq``.

    Raises:
        ValueError: an option out of its range or not offered, no parameters, the same one twice.
        TypeError: params that are no tensors.
        RuntimeError: both foreach and fused.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
        fused=None,
        decoupled_weight_decay=False,
    ):
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def check_options(self, options):
        name = type(self).__name__
        check_numbers(name, options, "lr", "eps", "weight_decay")
        self._check_betas(name, options["betas"])
        if options["foreach"] and any(isinstance(x, Tensor) for x in (options["lr"], *options["betas"])):
            raise ValueError(f"{name}: foreach=True needs an lr and betas that are numbers, got a tensor")
        options["betas"] = tuple(float(beta) for beta in options["betas"])
        check_switches(name, options, "amsgrad", "maximize", "decoupled_weight_decay")
        check_implementation(name, options)

    def _check_betas(self, name, betas):
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"{name}: betas must be two numbers (beta1, beta2), got {betas!r}")
        tensors = [beta for beta in betas if isinstance(beta, Tensor)]
        if tensors and [beta.numel() for beta in tensors] != [1, 1]:
            raise ValueError(f"{name}: betas must be two numbers or two tensors of one element, got {betas!r}")
        for i, beta in enumerate(betas):
            beta = beta.item() if isinstance(beta, Tensor) else beta
            if not is_number(beta) or not 0 <= beta < 1:
                raise ValueError(f"{name}: betas[{i}] must be at least 0 and less than 1, got {beta!r}")

    def needed_state(self, group):
        names = ("step", "exp_avg", "exp_avg_sq")
        return (*names, "max_exp_avg_sq") if group["amsgrad"] else names

    def update_all(self, parameters, group):
        for p in parameters:
            if not self.state[p]:
                self.state[p]["step"] = new_step()
                for key in self.needed_state(group)[1:]:
                    self.state[p][key] = p.new_zeros(p.shape)
        states = [self.state[p] for p in parameters]
        backend(parameters[0].array).adam(
            [p.array for p in parameters],
            [p.grad.array for p in parameters],
            [state["exp_avg"].array for state in states],
            [state["exp_avg_sq"].array for state in states],
            [state["max_exp_avg_sq"].array for state in states] if group["amsgrad"] else None,
            [count_step(state) for state in states],
            float(group["lr"]),
            float(group["betas"][0]),
            float(group["betas"][1]),
            float(group["eps"]),
            float(group["weight_decay"]),
            bool(group["decoupled_weight_decay"]),
            bool(group["maximize"]),
        )


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter itself and leaves the averages alone.

    Each step begins with ``p = p - lr * weight_decay * p`` and then goes on as `Adam` without weight decay, so that
    all parameters decay at the same rate, however large their gradients are.

    Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2; lr stands for the
    product of the paper's schedule multiplier and learning rate.

    Args:
        weight_decay: share of the parameter that ``lr * weight_decay`` takes off in a step.
        others: as in `Adam`.

    Raises:
        ValueError, TypeError, RuntimeError: as `Adam`.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        *,
        maximize=False,
        foreach=None,
        capturable=False,
        differentiable=False,
        fused=None,
    ):
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def check_options(self, options):
        options["decoupled_weight_decay"] = True  # also after load_state_dict from an Adam
        super().check_options(options)
