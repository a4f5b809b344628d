"""LeNet-5, the first convolutional network in wide use, with today's activations and pooling."""

from minitorch.nn import Conv2d, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential
from minitorch.nn.functional import pad


class LeNet5(Module):
    """Two convolutions and three linear layers; 61,706 parameters for 10 classes and 1 channel.

    ReLU and max pooling stand where the paper has tanh and trained averages, and a linear layer where it has
    Gaussian units, as in most of today's versions.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II-B.

    Args:
        num_classes: number of scores that come out.
        in_channels: 1 for grey images, 3 for colours.

    Attributes:
        features: (N, in_channels, 32, 32) to (N, 16, 5, 5).
        classifier: to (N, num_classes).
    """

    def __init__(self, num_classes=10, in_channels=1):
        super().__init__()
        self.in_channels = in_channels
        self.features = Sequential(
            Conv2d(in_channels, 6, 5),
            ReLU(),
            MaxPool2d(2),
            Conv2d(6, 16, 5),
            ReLU(),
            MaxPool2d(2),
        )
        self.classifier = Sequential(
            Flatten(),
            Linear(16 * 5 * 5, 120),
            ReLU(),
            Linear(120, 84),
            ReLU(),
            Linear(84, num_classes),
        )

    def forward(self, input):
        """Scores (N, num_classes) of images (N, in_channels, 32, 32); 28x28 ones get a border of 2 zeros.

        Raises:
            ValueError: images of another shape.
        """
        if input.ndim == 4 and input.shape[2:] == (28, 28):
            input = pad(input, (2, 2, 2, 2))
        if input.ndim != 4 or input.shape[1:] != (self.in_channels, 32, 32):
            raise ValueError(
                f"LeNet5: expected images (N, {self.in_channels}, 28, 28) or (N, {self.in_channels}, 32, 32), "
                f"got shape {input.array.shape}"
                + ("; add the batch dimension: x.unsqueeze(0)" if input.ndim == 3 else "")
            )
        return self.classifier(self.features(input))


def lenet5(num_classes=10, in_channels=1):
    """A new `LeNet5`."""
    return LeNet5(num_classes, in_channels)
