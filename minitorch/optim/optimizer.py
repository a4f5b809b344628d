"""What all optimizers share: groups of parameters with their options, a state for each parameter."""

import collections

from minitorch.autograd import enable_grad
from minitorch.creation import tensor
from minitorch.dtype import float32
from minitorch.memory import is_writable
from minitorch.nn.module import clear_gradients
from minitorch.tensor import Tensor


class Optimizer:
    """The base class. A subclass gives the options' defaults, checks them and writes `update`.

    Args:
        params: tensors, or dictionaries ``{"params": tensors, option: value, ...}``, each a group with options of
            its own.
        defaults: option -> value for groups that do not say otherwise.

    Attributes:
        param_groups: list of dictionaries, each with ``"params"`` and all options; changes count from the next step.
        state: parameter -> dictionary of what the rule remembers of it.

    Raises:
        TypeError: params that are no tensors.
        ValueError: no parameters, the same one twice, or one that is the result of an operation.
    """

    _stepped = False  # whether `step` changed anything yet; schedules warn if it comes too late

    def __init__(self, params, defaults):
        name = type(self).__name__
        if isinstance(params, (Tensor, dict, str)) or not hasattr(params, "__iter__"):
            hint = "; use [tensor]" if isinstance(params, Tensor) else "; use model.parameters()"
            kind = type(params).__name__
            raise TypeError(f"{name}: params must be an iterable of tensors or groups, got {kind}{hint}")
        if isinstance(params, (set, frozenset)):
            raise TypeError(f"{name}: params must have an order, got a set; use a list")
        self.check_options(defaults)
        self.defaults = dict(defaults)
        self.state = collections.defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError(
                f"{name}: there are no parameters; layers in a plain Python list are not seen, use nn.ModuleList"
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def check_options(self, options):
        """Raise ValueError for options that the rule cannot use."""

    def needed_state(self, group):
        """Names of what the state of a parameter holds from its first step on, under the options of its group."""
        return ()

    def add_param_group(self, param_group):
        """Add a group ``{"params": tensors, option: value, ...}``. Raises as the class."""
        name = type(self).__name__
        if not isinstance(param_group, dict) or "params" not in param_group:
            kind = type(param_group).__name__
            raise TypeError(f"{name}: a parameter group must be a dictionary with the key 'params', got {kind}")
        params = param_group["params"]
        if isinstance(params, (set, frozenset)):
            raise TypeError(f"{name}: params must have an order, got a set; use a list")
        params = [params] if isinstance(params, Tensor) else list(params)
        seen = {id(p) for group in self.param_groups for p in group["params"]}
        for i, p in enumerate(params):
            if not isinstance(p, Tensor):
                hint = "; pass parameters(), not named_parameters()" if isinstance(p, tuple) else ""
                raise TypeError(f"{name}: parameter {i} must be a tensor, got {type(p).__name__}{hint}")
            if not p.is_leaf:
                raise ValueError(
                    f"{name}: parameter {i} of shape {p.array.shape} is the result of an operation; only leaves can be "
                    "optimized (move data to its device before requires_grad is set)"
                )
            if id(p) in seen:
                raise ValueError(f"{name}: parameter {i} of shape {p.array.shape} is there twice")
            seen.add(id(p))
        group = {**self.defaults, **param_group, "params": params}
        self.check_options(group)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none=True):
        """Clear the gradients of all parameters: None, or zeros with set_to_none=False."""
        for group in self.param_groups:
            clear_gradients(group["params"], set_to_none)

    def step(self, closure=None):
        """Change every parameter that has a gradient.

        Args:
            closure: a function that computes the loss anew, calls backward and returns the loss.

        Returns:
            What the closure returned, or None.

        Raises:
            RuntimeError: no parameter has a gradient, or one does not fit its parameter; nothing is changed then.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        found = [(group, [p for p in group["params"] if p.grad is not None]) for group in self.param_groups]
        if not any(params for _, params in found):
            raise RuntimeError(
                f"{type(self).__name__}.step: no parameter has a gradient; call loss.backward() before step(), do not "
                "call zero_grad() between them, and check that the optimizer has the parameters of this model"
            )
        for group, params in found:
            for p in params:
                self._check(p, group)
        for group, params in found:
            for alike in self._alike(params):
                self.update_all(alike, group)
                for p in alike:
                    p._counter[0] += 1
        self._stepped = True
        return loss

    @staticmethod
    def _alike(params):
        """The parameters in lists of one device and dtype."""
        lists = collections.defaultdict(list)
        for p in params:
            lists[p.device, p.dtype].append(p)
        return lists.values()

    def update_all(self, parameters, group):
        """Change several parameters of one group, device and dtype; a rule with one kernel for all overrides it."""
        for parameter in parameters:
            self.update(parameter, group)

    def update(self, parameter, group):
        """Change one parameter in place by its gradient and the options of its group."""
        raise NotImplementedError(f"{type(self).__name__} has no update method")

    def _check(self, parameter, group):
        """Raise RuntimeError where the gradient or the state does not fit the parameter."""
        name, shape = type(self).__name__, parameter.array.shape
        kept = self.state.get(parameter, {})
        lacking = [key for key in self.needed_state(group) if kept and key not in kept]
        if lacking:
            raise RuntimeError(
                f"{name}.step: the state of a parameter of shape {shape} has no {' and no '.join(lacking)}; "
                "options such as amsgrad, momentum and centered must be chosen before the first step"
            )
        for what, x in (("gradient", parameter.grad), *kept.items()):
            if not isinstance(x, Tensor) or what == "step":
                continue
            if x.array.shape != shape or x.array.dtype != parameter.array.dtype or x.device != parameter.device:
                raise RuntimeError(
                    f"{name}.step: the {what} ({x.dtype}, {x.array.shape}, {x.device}) does not fit its parameter "
                    f"({parameter.dtype}, {shape}, {parameter.device}); convert or move the model before "
                    "the optimizer is made"
                )
        if not is_writable(parameter.array):
            raise RuntimeError(f"{name}.step: a parameter of shape {shape} has read-only memory, or expanded; clone()")

    def state_dict(self):
        """``{"state": {number: ...}, "param_groups": [...]}``; parameters stand as numbers, counted over all groups.

        The tensors in it share the optimizer's memory.
        """
        numbers = {id(p): i for i, p in enumerate(self._parameters())}
        groups = []
        for group in self.param_groups:
            groups.append({**group, "params": [numbers[id(p)] for p in group["params"]]})
        state = {numbers[id(p)]: dict(kept) for p, kept in self.state.items()}
        return {"state": dict(sorted(state.items())), "param_groups": groups}

    def _parameters(self):
        return [p for group in self.param_groups for p in group["params"]]

    def load_state_dict(self, state_dict):
        """Take over what `state_dict` gave: options and states, as copies on each parameter's device, in its dtype.

        Raises:
            ValueError: groups, numbers or shapes that do not fit; nothing is changed then.
            TypeError: not such a dictionary.
        """
        name = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state_dict, dict) or not {"state", "param_groups"} <= state_dict.keys():
            raise TypeError(f"{name}: expected a dictionary with 'state' and 'param_groups', as state_dict() gives")
        saved = state_dict["param_groups"]
        sizes, own_sizes = [len(g["params"]) for g in saved], [len(g["params"]) for g in self.param_groups]
        if sizes != own_sizes:
            raise ValueError(f"{name}: the state has groups of {sizes} parameters, the optimizer of {own_sizes}")
        by_number = dict(zip((i for group in saved for i in group["params"]), self._parameters()))
        groups = []
        for group, own in zip(saved, self.param_groups):
            groups.append({**own, **group, "params": own["params"]})
            self.check_options(groups[-1])
        needed = {id(p): self.needed_state(group) for group in groups for p in group["params"]}
        state = collections.defaultdict(dict)
        for number, kept in state_dict["state"].items():
            if number not in by_number:
                raise ValueError(f"{name}: there is no parameter of number {number!r}")
            parameter = by_number[number]
            lacking = [key for key in needed[id(parameter)] if kept and key not in kept]
            if lacking:
                raise ValueError(
                    f"{name}: parameter {number} has {', '.join(map(str, kept))} and no {' and no '.join(lacking)}; "
                    "was this the state of another kind of optimizer?"
                )
            state[parameter] = {key: _fitted(name, number, key, x, parameter) for key, x in kept.items()}
        self.param_groups[:], self.state = groups, state

    def __repr__(self):
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join(lines) + "\n)"


def _fitted(name, number, key, value, parameter):
    """A copy of one saved value for a parameter; a tensor must have its shape, the count of steps a number of them."""
    if key == "step":
        return _fitted_step(name, number, value)
    if not isinstance(value, Tensor):
        return value
    got, wanted = value.array.shape, parameter.array.shape
    if got != wanted:
        raise ValueError(f"{name}: {key} of parameter {number} has shape {got}, the parameter has shape {wanted}")
    dtype = parameter.dtype if value.is_floating_point() else value.dtype
    return value.detach().to(parameter.device, dtype, copy=True)


def _fitted_step(name, number, value):
    """The saved count of steps, a tensor on the CPU."""
    if not isinstance(value, Tensor):
        value = tensor(float(value), dtype=float32)
    if value.numel() != 1 or not value.item() >= 0:
        raise ValueError(f"{name}: step of parameter {number} must be a number of steps, got {value.tolist()}")
    return value.detach().to("cpu", copy=True)


def new_step():
    """A count of steps for a parameter's state: 0, a tensor on the CPU, where reading it costs no wait."""
    return tensor(0.0, dtype=float32)


def count_step(state):
    """Add one to the count of steps in a parameter's state; the new count."""
    count = state["step"]
    count.array[...] += 1
    return count.item()
