"""The checks of what comes into a network: its settings when it is built, its images when it is called."""

import difflib
import functools
import inspect
import math
import numbers

from minitorch.nn.module import Module
from minitorch.tensor import Tensor


def positive_integers(owner, name, values, count=None):
    """The values as a tuple of ints; a ValueError if one is no whole number above 0, or they are not `count` (unless
    given: at least one)."""
    wanted = f"{owner}: {name} must hold {'' if count is None else f'{count} '}positive integers, got {values!r}"
    if not isinstance(values, (tuple, list)) or not values or len(values) != (count or len(values)):
        raise ValueError(wanted)
    if not all(isinstance(value, numbers.Integral) and value > 0 for value in values):
        raise ValueError(wanted)
    return tuple(map(int, values))


def positive_number(owner, name, value):
    """The value; a ValueError if it is no finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < value < math.inf:
        raise ValueError(f"{owner}: {name} must be a positive number, got {value!r}")
    return value


def probability(owner, name, value):
    """The value; a ValueError if it is no number from 0 to 1."""
    if not isinstance(value, numbers.Real) or not 0 <= value <= 1:
        raise ValueError(f"{owner}: {name} must be between 0 and 1, got {value!r}")
    return value


def module_maker(owner, name, make, example):
    """`make`, with a check of what it makes.

    Args:
        make: a class of modules, or a function that makes one.
        example: such a class, for the message.

    Raises:
        TypeError: it cannot be called or is a module itself; later, when called: what it made is no module.
    """
    wanted = f"{owner}: {name} must be a class of modules, such as {example}, or a function that makes one"
    if isinstance(make, Module) or not callable(make):
        raise TypeError(f"{wanted}, got {make!r}")

    def checked(*arguments):
        module = make(*arguments)
        if not isinstance(module, Module):
            raise TypeError(f"{wanted}, but it made {module!r}")
        return module

    return checked


def check_settings(network, settings):
    """Refuse settings that a class of networks does not have.

    Raises:
        TypeError: one of them is unknown; the message gives the nearest one.
    """
    parameters = inspect.signature(network.__init__).parameters
    known = list(parameters)[1:]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for name in settings:
        if name not in known:
            near = nearest(name, known)
            hint = f"; the nearest name is {near!r}" if near else f"; there are {', '.join(known)}"
            raise TypeError(f"{network.__name__}: there is no argument {name!r}{hint}")


def nearest(name, known):
    """The one of the known names that is most like a wrong one, or None if none is much like it.

    Those that begin with it come first: ``shufflenet_v1`` is like ``shufflenet_v2_x0_5``, but that is not meant.
    """
    name = name.lower()
    longer = [other for other in known if other.startswith(name)]
    if longer:
        return min(longer, key=lambda other: (len(other), other))
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return near[0] if near else None


def image_check(owner, in_channels, stride):
    """`check_images` for one network, for use in its `Stages`."""
    return functools.partial(check_images, owner, in_channels, stride)


def check_images(owner, in_channels, stride, images, sizes=()):
    """Give back images that a network can take.

    Args:
        owner: name of the network, for the message.
        in_channels: the C that it takes.
        stride: the least height and width.
        images: (N, C, H, W), floating point.
        sizes: the (height, width) that it takes, if not all.

    Raises:
        TypeError: no tensor, or whole numbers.
        ValueError: another shape.
    """
    if not isinstance(images, Tensor):
        raise TypeError(f"{owner}: expected a tensor of images, got {type(images).__name__}; use minitorch.tensor")
    shapes = " or ".join(f"(N, {in_channels}, {height}, {width})" for height, width in sizes or (("H", "W"),))
    wanted = f"{owner}: expected images {shapes}"
    if images.ndim != 4:
        hint = "; add the batch dimension: x.unsqueeze(0)" if images.ndim == 3 else ""
        raise ValueError(f"{wanted}, got shape {images.array.shape}{hint}")
    if images.shape[1] != in_channels:
        hint = f"; build the network with in_channels={images.shape[1]}" if images.shape[1] in (1, 3, 4) else ""
        raise ValueError(f"{wanted}, got {images.shape[1]} channels in shape {images.array.shape}{hint}")
    if sizes and images.shape[2:] not in sizes:
        raise ValueError(f"{wanted}, got shape {images.array.shape}")
    if min(images.shape[2:]) < stride:
        hint = " or build the network with small_input=True" if stride > 8 else ""
        raise ValueError(
            f"{wanted} with H and W of at least {stride}, the network's stride, got shape {images.array.shape}; "
            f"enlarge the images{hint}"
        )
    if not images.is_floating_point():
        raise TypeError(f"{wanted} of floating-point numbers, got {images.dtype}; convert: x.float() / 255")
    return images
