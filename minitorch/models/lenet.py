"""LeNet-5, the first convolutional network in wide use: with today's parts, and as it was in 1998."""

import functools

from minitorch.creation import empty, full, tensor, zeros
from minitorch.models.checks import check_images
from minitorch.models.classifier import FeatureInfo, ImageClassifier, Stages
from minitorch.models.lenet_digits import digit_codes
from minitorch.models.registry import register_model
from minitorch.models.squeeze_excitation import SE
from minitorch.nn import Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU, Sequential, init
from minitorch.nn.functional import avg_pool2d, conv2d, pad
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops import cat

# Which maps of S2 each of the 16 maps of C3 sees (table I of the paper).
C3_CONNECTIONS = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5), (0, 1, 3, 4), (1, 2, 4, 5),
    (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip


def as_32x32(owner, in_channels, images):
    """Images (N, in_channels, 32, 32); 28x28 ones get a border of 2 zeros. Errors: see `check_images`."""
    images = check_images(owner, in_channels, 1, images, sizes=((28, 28), (32, 32)))
    return pad(images, (2, 2, 2, 2)) if images.shape[2] == 28 else images


def _stage(convolution, norm_layer, activation, se):
    """A convolution and what follows it: normalisation and squeeze-and-excitation only if asked for."""
    norm = [] if norm_layer is None else [norm_layer(convolution.out_channels)]
    if se is not None and se.position not in ("standard", "post"):
        raise ValueError(f"LeNet: se can stand behind a convolution ('standard') alone, got {se.position!r}")
    return [convolution, *norm, activation(), *([] if se is None else [se.build(convolution.out_channels)])]


class LeNet5(ImageClassifier):
    """Two convolutions and three linear layers; 61,706 parameters for 10 classes and 1 channel.

    What was new: filters shared over the image, subsampling and learning from pixels to classes in one. ReLU and max
    pooling stand where the paper has tanh and trained averages, all maps of C3 see all of S2, and a linear layer stands
    where the paper has Gaussian units, as in most of today's versions. For the paper's own form see `LeNet1998`.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II-B.

    Args:
        num_classes: number of scores that come out.
        in_channels: 1 for grey images, 3 for colours.
        dropout: probability of 0 between the convolutions and the linear layers.
        norm_layer: channels -> module behind each convolution, or None.
        activation: () -> module.
        se: `SE` settings of squeeze-and-excitation behind each convolution, or None.

    Attributes:
        features: `Stages` from (N, in_channels, 32, 32) to (N, 16, 5, 5).
        classifier: to (N, num_classes).
    """

    head_name = "classifier.5"

    def __init__(self, num_classes=10, in_channels=1, dropout=0.0, norm_layer=None, activation=ReLU, se=None):
        super().__init__(num_classes, in_channels)
        norm_layer, activation = self.makers(norm_layer, activation, default_norm=None)
        se = SE.of(se)
        first = [*_stage(Conv2d(in_channels, 6, 5), norm_layer, activation, se), MaxPool2d(2)]
        second = [*_stage(Conv2d(6, 16, 5), norm_layer, activation, se), MaxPool2d(2)]
        n = len(first)
        ends = (n - 2, n - 1, 2 * n - 2, 2 * n - 1)
        check = functools.partial(as_32x32, "LeNet5", in_channels)
        self.features = Stages(*first, *second, ends=ends, check=check)
        self.feature_info = [
            FeatureInfo(f"features.{i}", *sizes) for i, sizes in zip(ends, ((6, 1), (6, 2), (16, 2), (16, 4)))
        ]
        self.dropout = Dropout(dropout)
        self.classifier = Sequential(
            Flatten(),
            Linear(16 * 5 * 5, 120),
            activation(),
            Linear(120, 84),
            activation(),
            Linear(84, num_classes),
        )

    def neck(self, feature_map):
        """(N, 16, 5, 5) to (N, 400); the network is from before global average pooling."""
        return feature_map.flatten(1)

    def head(self, vector):
        return self.classifier(self.dropout(vector))


class ScaledTanh(Module):
    """1.7159 tanh(2x / 3), which is 1 at 1 and -1 at -1. Source: the paper, appendix A."""

    def forward(self, input):
        return (input * (2 / 3)).tanh() * 1.7159


class TableConvolution(Module):
    """A convolution in which each output map sees only some of the input maps.

    Args:
        in_channels: number of input maps.
        connections: for each output map, the input maps that it sees.
        kernel_size: height and width of the filters.

    Attributes:
        weight: (number of connections, kernel_size, kernel_size).
        bias: (out_channels,).
    """

    def __init__(self, in_channels, connections, kernel_size):
        super().__init__()
        self.in_channels, self.out_channels, self.kernel_size = in_channels, len(connections), kernel_size
        count = sum(map(len, connections))
        self.weight = Parameter(empty(count, kernel_size, kernel_size))
        self.bias = Parameter(zeros(len(connections)))
        # The number of the filter between each output and input map; behind the last one stands a filter of zeros.
        numbers = iter(range(count))
        table = [[next(numbers) if i in seen else count for i in range(in_channels)] for seen in connections]
        self.register_buffer("filters", tensor(table), persistent=False)
        fan_in = tensor([float(len(seen)) for seen in connections for _ in seen]) * kernel_size**2
        init.uniform_(self.weight, -2.4, 2.4)
        self.weight.detach().div_(fan_in.reshape(-1, 1, 1))

    def forward(self, input):
        """(N, in_channels, H, W) to (N, out_channels, H', W')."""
        none = zeros(1, self.kernel_size, self.kernel_size, dtype=self.weight.dtype, device=self.weight.device)
        return conv2d(input, cat([self.weight, none])[self.filters], self.bias)

    def extra_repr(self):
        return f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, {len(self.weight)} filters"


class Subsampling(Module):
    """The sum of each 2x2 square, times a weight and plus a bias of its channel; it begins as the mean."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = Parameter(full((channels,), 0.25)), Parameter(zeros(channels))

    def forward(self, input):
        """(N, C, H, W) to (N, C, H / 2, W / 2)."""
        sums = avg_pool2d(input, 2, divisor_override=1)
        return sums * self.weight.reshape(1, -1, 1, 1) + self.bias.reshape(1, -1, 1, 1)


class RadialBasis(Module):
    """Minus the squared distance of (N, features) to a fixed code of each class, so that the nearest scores highest.

    It is divided by the root of the number of features, as the scores of attention are: softmax of the plain distances
    is so steep that only a tenth of the usual learning rates would do. The ranking is that of the distances.

    Args:
        features: length of the codes.
        num_classes: number of codes. Those of 10 classes are pictures of the digits, 7 wide and 12 high; those of
            other numbers are drawn at random, -1 or 1, as the paper offers.

    Attributes:
        codes: (num_classes, features), which are not trained.
    """

    def __init__(self, features, num_classes):
        super().__init__()
        digits = num_classes == 10 and features == 84
        self.register_buffer("codes", tensor(digit_codes()) if digits else empty(num_classes, features))
        if not digits:
            init.uniform_(self.codes, -1, 1)
            self.codes.copy_((self.codes >= 0).float() * 2 - 1)

    def forward(self, input):
        """(N, features) to (N, num_classes)."""
        return ((input.unsqueeze(1) - self.codes) ** 2).sum(2) * -(self.codes.shape[1] ** -0.5)


class LeNet1998(ImageClassifier):
    """LeNet-5 as in the paper: 60,000 trained parameters, whatever the number of classes.

    It differs from today's form in the tanh everywhere, in trained subsampling, in C3, whose maps each see some maps of
    S2 only, which breaks their symmetry, and in the output: distances to fixed pictures of the digits. The negative
    distances, scaled down (see `RadialBasis`), are the scores, with which `cross_entropy` is nearly the paper's second
    criterion (equation 9). The pictures are not the paper's own; first weights are uniform within 2.4 / fan-in, but
    those of the subsampling begin as a mean.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II-B.

    Args:
        num_classes: number of scores.
        in_channels: channels of the images.
        dropout: probability of 0 before F6.
        norm_layer: channels -> module behind each convolution, or None.
        activation: () -> module.
        se: `SE` settings of squeeze-and-excitation behind each convolution, or None.
    """

    head_name = "output"

    def __init__(self, num_classes=10, in_channels=1, dropout=0.0, norm_layer=None, activation=ScaledTanh, se=None):
        super().__init__(num_classes, in_channels)
        norm_layer, activation = self.makers(norm_layer, activation, default_norm=None)
        settings = (norm_layer, activation, SE.of(se))
        self.c1 = Sequential(*_stage(Conv2d(in_channels, 6, 5), *settings))
        self.s2 = Sequential(Subsampling(6), activation())
        self.c3 = Sequential(*_stage(TableConvolution(6, C3_CONNECTIONS, 5), *settings))
        self.s4 = Sequential(Subsampling(16), activation())
        self.c5 = Sequential(*_stage(Conv2d(16, 120, 5), *settings))
        self.dropout = Dropout(dropout)
        self.f6 = Sequential(Linear(120, 84), activation())
        self.output = RadialBasis(84, num_classes)
        sizes = (("c1", 6, 1), ("s2", 6, 2), ("c3", 16, 2), ("s4", 16, 4), ("c5", 120, 4))
        self.feature_info = [FeatureInfo(*size) for size in sizes]
        for layer in (self.c1[0], self.c5[0], self.f6[0]):
            bound = 2.4 / layer.weight[0].numel()
            init.uniform_(layer.weight, -bound, bound)
            init.zeros_(layer.bias)

    def features(self, images):
        """The maps of C1, S2, C3, S4 and C5: a list."""
        return self.following_stages(self.c1(as_32x32("LeNet1998", self.in_channels, images)))

    def neck(self, feature_map):
        """(N, 120, 1, 1) to (N, 120)."""
        return feature_map.flatten(1)

    def head(self, vector):
        return self.output(self.f6(self.dropout(vector)))


@register_model
def lenet5(num_classes=10, in_channels=1, **settings):
    """LeNet-5 with ReLU and max pooling: 61,706 parameters, 416,520 MACs at 32x32. Settings: see `LeNet5`."""
    return LeNet5(num_classes, in_channels, **settings)


@register_model
def lenet5_1998(num_classes=10, in_channels=1, **settings):
    """LeNet-5 as in the paper: 60,000 parameters, 415,680 MACs at 32x32, of them 90,000 with the zeros of C3.

    Settings: see `LeNet1998`.
    """
    return LeNet1998(num_classes, in_channels, **settings)
