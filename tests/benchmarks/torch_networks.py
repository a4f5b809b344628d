"""The networks of the comparison in PyTorch, as a user would write them: the parameters in the same order as in
`minitorch.models`, built for a stem of 3x3 and stride 1 where ``small`` is true."""

import torch
from torch import nn


def lenet5(small=False):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def conv(inputs, outputs, kernel, stride=1, groups=1, activation=nn.ReLU):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(outputs)]  # fmt: skip
    return layers if activation is None else [*layers, activation(inplace=True)]


def head(channels):
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)


class Excitation(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, max(channels // 16, 8), 1), nn.ReLU(inplace=True),
            nn.Conv2d(max(channels // 16, 8), channels, 1), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x):
        return x * self.gate(x)


class Basic(nn.Module):
    """Two 3x3 convolutions around which the input goes: as it is, padded with zeros, or through a 1x1 convolution."""

    def __init__(self, inputs, outputs, stride, projection, excitation):
        super().__init__()
        self.way = nn.Sequential(
            *conv(inputs, outputs, 3, stride), *conv(outputs, outputs, 3, activation=None),
            *([Excitation(outputs)] if excitation else []),
        )  # fmt: skip
        changes = stride != 1 or inputs != outputs
        self.projection = nn.Sequential(*conv(inputs, outputs, 1, stride, activation=None)) if projection else None
        self.projection = self.projection if changes else None
        self.stride, self.more = stride, outputs - inputs

    def forward(self, x):
        y = self.way(x)
        if self.projection is not None:
            x = self.projection(x)
        elif self.more:
            x = nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        return torch.relu_(y + x)


def residual(widths, counts, stem, projection=True, excitation=False):
    layers, inputs = list(stem), widths[0]
    for stage, (width, count) in enumerate(zip(widths, counts)):
        for block in range(count):
            layers.append(Basic(inputs, width, 2 if stage and not block else 1, projection, excitation))
            inputs = width
    return nn.Sequential(*layers, *head(inputs))


def cifar_resnet(depth):
    return lambda small=True: residual((16, 32, 64), [(depth - 2) // 6] * 3, conv(3, 16, 3), projection=False)


def resnet18(small, excitation=False):
    stem = conv(3, 64, 3) if small else [*conv(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    return residual((64, 128, 256, 512), (2, 2, 2, 2), stem, excitation=excitation)


def seresnet18(small):
    return resnet18(small, excitation=True)


def mobilenet_v1(small):
    start = (1, 1, 1) if small else (2, 1, 2)
    strides = iter((*start, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1))
    layers, inputs = conv(3, 32, 3, next(strides), activation=nn.ReLU6), 32
    for width in (64, 128, 128, 256, 256, *[512] * 6, 1024, 1024):
        layers += conv(inputs, inputs, 3, next(strides), inputs, nn.ReLU6)
        layers += conv(inputs, width, 1, activation=nn.ReLU6)
        inputs = width
    return nn.Sequential(*layers, *head(inputs))


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        inner = inputs * expansion
        wider = conv(inputs, inner, 1, activation=nn.ReLU6) if expansion > 1 else []
        self.way = nn.Sequential(
            *wider, *conv(inner, inner, 3, stride, inner, nn.ReLU6), *conv(inner, outputs, 1, activation=None)
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.way(x) if self.adds else self.way(x)


def mobilenet_v2(small):
    first, second = (1, 1) if small else (2, 2)
    layers, inputs = conv(3, 32, 3, first, activation=nn.ReLU6), 32
    for expansion, width, count, stride in (
        (1, 16, 1, 1), (6, 24, 2, second), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for block in range(count):
            layers.append(Inverted(inputs, width, 1 if block else stride, expansion))
            inputs = width
    return nn.Sequential(*layers, *conv(inputs, 1280, 1, activation=nn.ReLU6), *head(1280))


class Shuffle(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        half = outputs // 2
        self.first = None
        if stride > 1:
            self.first = nn.Sequential(*conv(inputs, inputs, 3, stride, inputs, None), *conv(inputs, half, 1))
        self.second = nn.Sequential(
            *conv(inputs if stride > 1 else half, half, 1), *conv(half, half, 3, stride, half, None),
            *conv(half, half, 1),
        )  # fmt: skip

    def forward(self, x):
        a, b = x.chunk(2, 1) if self.first is None else (self.first(x), x)
        y = torch.cat((a, self.second(b)), 1)
        return y.view(len(y), 2, y.shape[1] // 2, *y.shape[2:]).transpose(1, 2).reshape(y.shape)


def shufflenet_v2(small):
    layers = conv(3, 24, 3) if small else [*conv(3, 24, 3, 2), nn.MaxPool2d(3, 2, 1)]
    inputs = 24
    for width, count in ((116, 4), (232, 8), (464, 4)):
        for block in range(count):
            layers.append(Shuffle(inputs, width, 1 if block else 2))
            inputs = width
    return nn.Sequential(*layers, *conv(464, 1024, 1), *head(1024))
