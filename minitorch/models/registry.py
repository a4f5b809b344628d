"""The networks by name."""

import fnmatch
import functools

from minitorch.models.checks import nearest
from minitorch.models.weights import load_weights, read_weights

_CONSTRUCTORS = {}


def register_model(function):
    """Enter a function that builds a network under the function's own name; used as a decorator.

    The registered function also takes, by name alone:

    * ``weights``: a safetensors file or a state to start from (see `load_weights`), None for random first values;
    * ``replace_head``: whether a head of another size than that of the weights keeps its random first values;
    * ``progress``: torchvision's switch for the bar of its downloads, of which there are none here.

    Raises:
        ValueError: the name is taken.
    """
    name = function.__name__
    if name in _CONSTRUCTORS:
        raise ValueError(f"register_model: there is a network {name!r} already")

    @functools.wraps(function)
    def constructor(*arguments, weights=None, replace_head=False, progress=True, **settings):
        if weights is not None:
            weights = read_weights(weights)  # first, for building a large network takes longer
        model = function(*arguments, **settings)
        if weights is not None:
            load_weights(model, weights, replace_head)
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
        settings: arguments of the network, and ``weights`` and ``replace_head`` (see `load_weights`).

    Raises:
        ValueError: no network has that name; the message gives the nearest one.
    """
    if not isinstance(name, str):
        raise TypeError(f"create: name must be a string, got {type(name).__name__}")
    if name not in _CONSTRUCTORS:
        near = nearest(name, _CONSTRUCTORS)
        hint = f"the nearest name is {near!r}, list() gives all" if near else "list() gives the names"
        raise ValueError(f"create: there is no network {name!r}; {hint}")
    return _CONSTRUCTORS[name](**settings)
