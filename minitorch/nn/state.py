"""Loading the state of a module: everything is checked and converted before the first value is written."""

import collections

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import no_grad
from minitorch.device import is_cuda, to_device
from minitorch.nn.parameter import Parameter
from minitorch.tensor import Tensor


class IncompatibleKeys(collections.namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """Which keys a state lacked, and which it had too many."""

    __slots__ = ()

    def __repr__(self):
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"


def load_state(module, state, strict, assign):
    """What `Module.load_state_dict` does."""
    if not isinstance(state, collections.abc.Mapping):
        raise TypeError(f"load_state_dict: expected a dictionary of tensors, got {type(state).__name__}")
    places, optional = {}, set()  # key -> (module, name, its own tensor)
    for path, part in module.named_modules(remove_duplicate=False):
        for name, own in part._state():
            key = f"{path}.{name}" if path else name
            places[key] = part, name, own
            if name in part._may_be_missing:
                optional.add(key)
    missing = [key for key in places if key not in state and key not in optional]
    unexpected = [key for key in state if key not in places]
    problems = []
    if strict and missing:
        problems.append(f"Missing key(s) in state_dict: {_quoted(missing)}.")
    if strict and unexpected:
        problems.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}.{_hint(module, state, unexpected)}")
    given = {key: state[key] for key in places if key in state}
    problems += [p for p in (_problem(key, value, places[key][2], assign) for key, value in given.items()) if p]
    if problems:
        lines = "\n\t".join([f"load_state_dict: the state does not fit {type(module).__name__}:", *problems])
        raise RuntimeError(lines)
    (_assign if assign else _copy)(places, given)
    return IncompatibleKeys(missing, unexpected)


def _quoted(keys):
    return ", ".join(f'"{key}"' for key in keys)


def _hint(module, state, unexpected):
    for key in unexpected:
        if isinstance(state[key], collections.abc.Mapping):
            return f" {key!r} is itself a dictionary; was load_state_dict(state[{key!r}]) meant?"
    if all(isinstance(key, str) and key.startswith("module.") for key in state):
        return " Every key starts with 'module.' (a wrapped model was saved): take these 7 letters off."
    return ""


def _problem(key, value, own, assign):
    """What is wrong with one value, or None."""
    array = value.array if isinstance(value, Tensor) else value
    if not isinstance(array, np.ndarray) and not is_cuda(array):
        return f"{key}: expected a tensor or a NumPy array, got {type(value).__name__}."
    if array.dtype not in dtypes.ALL:
        return f"{key}: the dtype {array.dtype} is not supported."
    if array.shape != own.array.shape:
        return f"size mismatch for {key}: shape {array.shape} in the state_dict, {own.array.shape} in the model."
    if assign and own.requires_grad and array.dtype.kind != "f":
        return f"{key}: a parameter must be floating point, got {array.dtype}."
    return None


def _copy(places, given):
    writes = []
    with no_grad():
        for key, value in given.items():
            own = places[key][2]
            own._check_writable("load_state_dict")
            array = value.array if isinstance(value, Tensor) else value
            writes.append((own, to_device(array, own.device).astype(own.array.dtype, copy=False)))
    for own, array in writes:
        own.array[...] = array
        own._counter[0] += 1


def _assign(places, given):
    made = {}  # a parameter shared by two names stays shared
    for key, value in given.items():
        part, name, own = places[key]
        value = value.detach() if isinstance(value, Tensor) else Tensor(value)
        if isinstance(own, Parameter):
            value = made.setdefault(id(own), Parameter(value, own.requires_grad))
        setattr(part, name, value)
