"""What all image classifiers share: backbone -> neck -> head."""

import collections

from minitorch.models.checks import check_images, check_settings, module_maker
from minitorch.nn import BatchNorm2d, MaxPool2d, Sequential
from minitorch.nn.checks import integers
from minitorch.nn.module import Module

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

    A subclass sets `feature_info`, has `features` (a method that begins with `check`, or a `Stages`) and an `avgpool`,
    and a `dropout` before the layer at `head_name` or a `head` of its own.

    Args:
        num_classes: number of scores.
        in_channels: channels of the images.

    Attributes:
        feature_info: a `FeatureInfo` for each map of `features`.
        head_name: path of the layer whose size depends on num_classes.

    Raises:
        ValueError: numbers that are not positive integers.
        TypeError: an argument that the network does not have.
    """

    head_name = "fc"

    def __new__(cls, *arguments, **settings):
        check_settings(cls, settings)  # here, for Python's own message names no argument that there is
        return super().__new__(cls)

    def __init__(self, num_classes, in_channels):
        super().__init__()
        self.num_classes, self.in_channels = integers(
            type(self).__name__, 1, num_classes=num_classes, in_channels=in_channels
        )
        self.feature_info = []

    def makers(self, norm_layer, activation, default_norm=BatchNorm2d):
        """(norm_layer, activation) of the arguments, to build the layers with.

        Args:
            norm_layer: channels -> module, or None for the default.
            activation: () -> module.
            default_norm: such a norm_layer, or None for a network without normalisation.

        Raises:
            TypeError: something that makes no modules, such as a module in place of its class.
        """
        owner, norm_layer = type(self).__name__, default_norm if norm_layer is None else norm_layer
        if norm_layer is not None:
            norm_layer = module_maker(owner, "norm_layer", norm_layer, "nn.BatchNorm2d")
        return norm_layer, module_maker(owner, "activation", activation, "nn.ReLU")

    def add_stem(self, channels, small_input):
        """Enter the first convolution and, but for small images, add the max pooling that follows it: each halves."""
        self.feature_info.append(FeatureInfo("conv1", channels, 1 if small_input else 2))
        if not small_input:
            self.maxpool = MaxPool2d(kernel_size=3, stride=2, padding=1)
            self.feature_info.append(FeatureInfo("maxpool", channels, 4))

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
        return self.get_submodule(self.head_name)(self.dropout(vector))

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
