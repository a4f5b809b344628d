"""The fully connected layer."""

import math

from minitorch.creation import empty
from minitorch.nn import init
from minitorch.nn.checks import integers
from minitorch.nn.functional import linear
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter


class Linear(Module):
    """y = x W^T + b for x of shape (..., in_features); y has shape (..., out_features).

    The first weights and biases are uniform in [-1/sqrt(in_features), 1/sqrt(in_features)].

    Args:
        in_features, out_features: sizes of the last dimension of input and output.
        bias: whether to add b.

    Attributes:
        weight: (out_features, in_features).
        bias: (out_features,) or None.
    """

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        super().__init__()
        in_features, out_features = integers("Linear", 0, in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the first values anew."""
        default_weight_and_bias(self)

    def forward(self, input):
        return linear(input, self.weight, self.bias)

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


def default_weight_and_bias(layer):
    """PyTorch's first values of linear layers and convolutions: uniform within 1 / sqrt(fan_in), weight and bias."""
    init.kaiming_uniform_(layer.weight, a=math.sqrt(5))
    if layer.bias is not None:
        fan_in, _ = init._calculate_fan_in_and_fan_out(layer.weight)
        bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
        init.uniform_(layer.bias, -bound, bound)
