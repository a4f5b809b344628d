"""Loading weights from files, also those of torchvision and timm, into a network with another head."""

import collections
import errno
import os

import numpy as np

from minitorch.serialization import load
from minitorch.tensor import Tensor

CONVERT = "python -m minitorch convert"
_PREFIXES = ("module.", "_orig_mod.")


class LoadReport(collections.namedtuple("LoadReport", ["loaded", "kept", "missing", "unexpected"])):
    """What `load_weights` did; as text, a short account of it.

    Attributes:
        loaded: the keys whose values were taken over.
        kept: key -> (shape in the file or None, shape in the model), of a head that kept its own values.
        missing: keys of the model that the file lacks.
        unexpected: keys of the file that the model lacks.
    """

    __slots__ = ()

    def __str__(self):
        lines = [f"loaded {len(self.loaded)} entries"]
        for key, (given, own) in self.kept.items():
            theirs = "not in the weights" if given is None else f"the weights have {given}"
            lines.append(f"kept {key} {own}: {theirs}")
        for name in ("missing", "unexpected"):
            if getattr(self, name):
                lines.append(f"{name}: {_some(getattr(self, name))}")
        return "\n".join(lines)


def load_weights(model, weights, replace_head=False, strict=True):
    """Load weights into a network, all of them or, after any error, none.

    For fine-tuning: ``load_weights(resnet18(num_classes=10), "resnet18.safetensors", replace_head=True)`` takes
    everything over but the last layer, which has another size and keeps its random first values.

    Args:
        model: the network.
        weights: a safetensors file, such as ``python -m minitorch convert`` makes of a .pth file of torchvision
            or timm; or a dictionary of tensors or NumPy arrays. Prefixes that wrappers of a model put before every key
            are left out (see `without_prefixes`).
        replace_head: let the model's own head (the layer at ``model.head_name``) stand where that of the weights has
            another size or is missing.
        strict: False to go on where keys are missing or unexpected; the report names them. If no key fits at all, that
            is an error still.

    Returns:
        A `LoadReport`.

    Raises:
        RuntimeError: the weights do not fit, e.g. because they are those of another network.
        TypeError: weights that are no file and no dictionary of tensors.
        ValueError, OSError: the file cannot be read.
    """
    state = read_weights(weights)
    own = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    given = {key: tuple(value.shape) for key, value in state.items() if hasattr(value, "shape")}
    kept = _other_head(model, own, given) if replace_head else {}
    for key in kept:
        state.pop(key, None)
    _check_fit(model, own, {key: shape for key, shape in given.items() if key not in kept}, kept, strict)
    result = model.load_state_dict({**{key: model.state_dict()[key] for key in kept}, **state}, strict=strict)
    loaded = [key for key in own if key in state]
    return LoadReport(loaded, kept, result.missing_keys, result.unexpected_keys)


def read_weights(weights):
    """The dictionary of the weights that `load_weights` takes, as a new one. Errors: see there."""
    if isinstance(weights, collections.abc.Mapping):
        for key, value in weights.items():
            if not isinstance(value, (Tensor, np.ndarray)):
                raise TypeError(
                    f"load_weights: {key!r} is {type(value).__module__}.{type(value).__name__}, expected a minitorch "
                    "tensor or a NumPy array; of a PyTorch state: {key: value.numpy() for key, value in state.items()}"
                )
        return without_prefixes(weights)
    if not isinstance(weights, (str, os.PathLike)):
        raise TypeError(f"load_weights: expected a safetensors file or a dictionary of tensors, got {weights!r}")
    if str(weights).endswith((".pth", ".pt", ".bin", ".ckpt")):
        raise ValueError(f"load_weights: {weights} is a file of PyTorch; first: {CONVERT} {weights} NEW.safetensors")
    if not os.path.exists(weights):
        hint = "" if os.path.splitext(weights)[1] else "; no weights come with minitorch or are fetched, see " + CONVERT
        raise FileNotFoundError(errno.ENOENT, f"load_weights: there is no such file{hint}", str(weights))
    return without_prefixes(load(weights))


def without_prefixes(state):
    """The state with shorter keys where all of them begin with ``module.`` (put there by PyTorch's DataParallel) or
    ``_orig_mod.`` (by torch.compile)."""
    state = dict(state)
    while prefix := next((p for p in _PREFIXES if state and all(str(key).startswith(p) for key in state)), None):
        state = {key[len(prefix) :]: value for key, value in state.items()}
    return state


def _other_head(model, own, given):
    """Key -> (given shape or None, own shape) of the head, if that of the weights is not of the model's size."""
    if not hasattr(model, "head_name"):
        raise TypeError(f"load_weights: replace_head needs a network with head_name, got {type(model).__name__}")
    head = {key: (given.get(key), shape) for key, shape in own.items() if key.startswith(model.head_name + ".")}
    return head if any(theirs != ours for theirs, ours in head.values()) else {}


def _check_fit(model, own, given, kept, strict):
    missing = [key for key in own if key not in given and key not in kept and not key.endswith("num_batches_tracked")]
    unexpected = [key for key in given if key not in own]
    shapes = [f"{key} {given[key]} for {own[key]}" for key in own if key in given and given[key] != own[key]]
    problems = [f"shapes that differ: {_some(shapes)}"] if shapes else []
    if not strict and own and own.keys().isdisjoint(given):
        problems.append(f"not one of their {len(given)} keys is among the {len(own)} of the network")
    if strict and missing:
        problems.append(f"missing: {_some(missing)}")
    if strict and unexpected:
        problems.append(f"unexpected: {_some(unexpected)}")
    if not problems:
        return
    head = getattr(model, "head_name", None)
    only_head = head and not missing and not unexpected and all(text.startswith(head + ".") for text in shapes)
    hint = (
        "replace_head=True loads everything but the head"
        if only_head
        else "are they the weights of another network, or of other settings?"
    )
    raise RuntimeError(f"load_weights: the weights do not fit {type(model).__name__}; {'; '.join(problems)}; {hint}")


def _some(items, most=4):
    """The first few of many, and how many there are."""
    return ", ".join(items[:most]) + (f", ... ({len(items)} in all)" if len(items) > most else "")
