"""The networks by name."""

import difflib
import fnmatch
import functools

from minitorch.models.weights import load_weights

_CONSTRUCTORS = {}


def register_model(function):
    """Enter a function that builds a network under the function's own name; used as a decorator.

    The registered function also takes ``weights``: a safetensors file or a state to start from (see `load_weights`),
    None for random first values.

    Raises:
        ValueError: the name is taken.
    """
    name = function.__name__
    if name in _CONSTRUCTORS:
        raise ValueError(f"register_model: there is a network {name!r} already")

    @functools.wraps(function)
    def constructor(*arguments, weights=None, **settings):
        model = function(*arguments, **settings)
        if weights is not None:
            load_weights(model, weights)
        return model

    _CONSTRUCTORS[name] = constructor
    return constructor


def list_models(pattern=None):
    """The names of all networks, sorted.

    Args:
        pattern: only names that contain this text, or fit it where it has wildcards: ``"resnet"``, ``"shuffle*_g3"``.
    """
    if pattern is None:
        return sorted(_CONSTRUCTORS)
    if not isinstance(pattern, str):
        raise TypeError(f"list: pattern must be a string, got {type(pattern).__name__}")
    if not any(c in pattern for c in "*?["):
        pattern = f"*{pattern}*"
    return sorted(name for name in _CONSTRUCTORS if fnmatch.fnmatchcase(name, pattern))


def create(name, **settings):
    """Build a network by name: ``create("resnet18", num_classes=10)`` is ``resnet18(num_classes=10)``.

    Args:
        name: one of the names that `list` gives.
        settings: arguments of the network, and ``weights`` (a safetensors file).

    Raises:
        ValueError: no network has that name; the message gives the nearest one.
    """
    if not isinstance(name, str):
        raise TypeError(f"create: name must be a string, got {type(name).__name__}")
    if name not in _CONSTRUCTORS:
        near = difflib.get_close_matches(name.lower(), _CONSTRUCTORS, n=1, cutoff=0)
        raise ValueError(f"create: there is no network {name!r}; the nearest name is {near[0]!r}, list() gives all")
    return _CONSTRUCTORS[name](**settings)
