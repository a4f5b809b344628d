"""What all image classifiers share: backbone -> neck -> head, and the checks of what comes in."""

import collections
import functools

from minitorch.nn import BatchNorm2d, ReLU, Sequential
from minitorch.nn.module import Module
from minitorch.tensor import Tensor

FeatureInfo = collections.namedtuple("FeatureInfo", ["name", "channels", "stride"])
FeatureInfo.__doc__ = """One map that a backbone gives.

Attributes:
    name: path of the module that it comes from.
    channels: C of (N, C, H, W).
    stride: how many pixels of the image one pixel of the map stands for, in each direction.
"""


class ImageClassifier(Module):
    """A network that gives scores of classes to images, in three parts.

    * backbone: ``features(images)`` gives the maps of all stages, a list that `feature_info` describes;
    * neck: ``neck(map)`` makes a vector of the last map, by global average pooling;
    * head: ``head(vector)`` makes scores of the vector.

    ``forward_head(map)`` is neck and head, and ``forward(images)`` is ``forward_head(features(images)[-1])``. What
    needs maps at several scales, such as a detector, takes them from `features`.

    A subclass sets `feature_info`, has `features` (a method that begins with `check`, or a `Stages`), an `avgpool`
    and a `head`.

    Args:
        num_classes: number of scores.
        in_channels: channels of the images.
        norm_layer: channels -> module, or None.
        activation: () -> module.

    Attributes:
        feature_info: a `FeatureInfo` for each map of `features`.
        head_name: path of the layer whose size depends on num_classes.

    Raises:
        ValueError: numbers that are not positive integers.
        TypeError: a norm_layer or activation that makes no modules, such as a module in place of its class.
    """

    head_name = "fc"

    def __init__(self, num_classes, in_channels, norm_layer=None, activation=ReLU):
        super().__init__()
        for name, value in (("num_classes", num_classes), ("in_channels", in_channels)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{type(self).__name__}: {name} must be a positive integer, got {value!r}")
        for name, value, example in (
            ("norm_layer", BatchNorm2d if norm_layer is None else norm_layer, "nn.BatchNorm2d"),
            ("activation", activation, "nn.ReLU"),
        ):
            if isinstance(value, Module) or not callable(value):
                raise TypeError(
                    f"{type(self).__name__}: {name} must be a class of modules, such as {example}, or a function that "
                    f"makes one, got {value!r}"
                )
        self.num_classes, self.in_channels = num_classes, in_channels
        self.feature_info = []

    @property
    def stride(self):
        """How many pixels of the image one pixel of the last map stands for; no image may be smaller."""
        return self.feature_info[-1].stride

    def check(self, images):
        """The images, if they fit; see `check_images`."""
        return check_images(type(self).__name__, self.in_channels, self.stride, images)

    def following_stages(self, first_map):
        """The map of the first stage, and those of the modules that `feature_info` names after it: a list."""
        maps = [first_map]
        for info in self.feature_info[1:]:
            maps.append(self.get_submodule(info.name)(maps[-1]))
        return maps

    def neck(self, feature_map):
        """(N, C, H, W) to (N, C): the mean of each channel."""
        return self.avgpool(feature_map).flatten(1)

    def head(self, vector):
        """(N, C) to scores (N, num_classes)."""
        raise NotImplementedError(f"{type(self).__name__} has no head")

    def forward_head(self, feature_map):
        """Scores (N, num_classes) of the last map of `features`: neck, then head."""
        return self.head(self.neck(feature_map))

    def forward(self, images):
        """Scores (N, num_classes) of images (N, in_channels, H, W).

        Raises:
            ValueError: images of another form, with other channels or smaller than the network's stride.
        """
        features = self.features
        maps = features(images, only_last=True) if isinstance(features, Stages) else features(images)
        return self.forward_head(maps[-1])


class Stages(Sequential):
    """A backbone as a sequence of modules; calling it gives a list of maps instead of the last one alone.

    Args:
        modules: the modules.
        ends: indices of the modules whose outputs are stages; all, unless given.
        check: what is done to the images first.
    """

    def __init__(self, *modules, ends=None, check=None):
        super().__init__(*modules)
        self.ends, self.check = ends, check

    def forward(self, input, only_last=False):
        """The maps of all stages; with `only_last` a list of the last one, for which modules may be taken together."""
        maps, x = [], input if self.check is None else self.check(input)
        if only_last:
            return [super().forward(x)]
        for i, module in enumerate(self):
            x = module(x)
            if self.ends is None or i in self.ends:
                maps.append(x)
        return maps

    def _part(self, items):
        return Sequential(dict(items))  # some of the modules are no backbone


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
