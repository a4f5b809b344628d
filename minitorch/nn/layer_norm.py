"""Layers that normalise within each sample; those that normalise over the batch stand in `normalization`."""

from minitorch.creation import empty
from minitorch.nn import init
from minitorch.nn.checks import integers
from minitorch.nn.functional import group_norm, instance_norm, layer_norm, local_response_norm, rms_norm
from minitorch.nn.module import Module
from minitorch.nn.normalization import _BatchNorm
from minitorch.nn.parameter import Parameter
from minitorch.ops.operands import require_tensor, sizes


class _Affine(Module):
    """weight and bias of a shape, ones and zeros at first, each if wanted."""

    def _set_parameters(self, shape, weight, bias, device, dtype):
        for name, wanted in (("weight", weight), ("bias", bias)):
            self.register_parameter(name, Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Set weight to 1 and bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


def _shape(layer, normalized_shape):
    given = normalized_shape if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    shape = sizes(layer, (tuple(given),))
    if any(n < 0 for n in shape):
        raise ValueError(f"{layer}: normalized_shape must not be negative, got {normalized_shape!r}")
    return shape


class LayerNorm(_Affine):
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions of each sample.

    Source: Ba et al. 2016, "Layer normalization".

    Args:
        normalized_shape: the last sizes of the input, an integer or a tuple.
        eps: added to the variance.
        elementwise_affine: whether there are weight and bias.
        bias: False for a weight without bias.

    Attributes:
        weight, bias: of normalized_shape, ones and zeros at first, or None.
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape, self.eps = _shape("LayerNorm", normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self._set_parameters(self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype)

    def forward(self, input):
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self):
        bias = self.bias is not None
        affine = self.elementwise_affine
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={affine}, bias={bias}"


class RMSNorm(_Affine):
    """x / sqrt(mean(x^2) + eps) * weight over the last dimensions of each sample.

    Source: Zhang and Sennrich 2019, "Root mean square layer normalization".

    Args:
        normalized_shape: the last sizes of the input, an integer or a tuple.
        eps: None is the distance from 1 to the next number of the input's type.
        elementwise_affine: whether there is a weight.
    """

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape, self.eps = _shape("RMSNorm", normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter("weight", None)
        if elementwise_affine:
            self.weight = Parameter(empty(self.normalized_shape, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """Set the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input):
        return rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """(x - mean) / sqrt(var + eps) * weight + bias over groups of channels of each sample.

    Source: Wu and He 2018, "Group normalization".

    Args:
        num_groups: num_channels falls into that many groups.
        num_channels: C of input (N, C, ...).
        eps: added to the variance.
        affine: whether there are weight and bias, one number a channel.
        bias: False for a weight without bias.

    Raises:
        ValueError: channels that do not divide into groups.
    """

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, *, bias=True):
        super().__init__()
        num_groups, num_channels = integers("GroupNorm", 1, num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_channels={num_channels} does not divide into num_groups={num_groups}")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._set_parameters((num_channels,), affine, affine and bias, device, dtype)

    def forward(self, input):
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self):
        bias = self.bias is not None
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={bias}"


class _InstanceNorm(_BatchNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, per channel of each sample.

    Source: Ulyanov et al. 2016, "Instance normalization".

    Args:
        num_features: number of channels C.
        eps: added to the variance.
        momentum: share of the new batch in the running statistics, if there are any.
        affine: whether there are weight and bias.
        track_running_stats: whether to keep running statistics, used in evaluation.
        bias: False for a weight without bias.

    Attributes:
        weight, bias: (C,), ones and zeros at first, or None.
        running_mean, running_var, num_batches_tracked: or None.
    """

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=False,
        track_running_stats=False,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input):
        require_tensor(type(self).__name__, input=input)
        batched = self._dimensions[-1]
        if input.ndim not in self._dimensions:
            wanted = " or ".join(f"{n}D" for n in self._dimensions)
            got = f"{input.ndim}D, shape {input.array.shape}"
            raise ValueError(f"{type(self).__name__}: expected {wanted} input, got {got}")
        channels = input.shape[1 - batched]
        if channels != self.num_features and (self.affine or self.track_running_stats):
            raise ValueError(
                f"{type(self).__name__}: expected {self.num_features} channels, got {channels} in shape "
                f"{input.array.shape}"
            )
        x = input if input.ndim == batched else input.unsqueeze(0)
        by_input = self.training or not self.track_running_stats
        parts = (self.running_mean, self.running_var, self.weight, self.bias)
        y = instance_norm(x, *parts, by_input, self.momentum or 0.0, self.eps)
        return y if input.ndim == batched else y.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    __doc__ = f"Instance normalisation of (N, C, L) or (C, L): {_InstanceNorm.__doc__}"
    _dimensions = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    __doc__ = f"Instance normalisation of (N, C, H, W) or (C, H, W): {_InstanceNorm.__doc__}"
    _dimensions = (3, 4)


class LocalResponseNorm(Module):
    """x / (k + alpha * mean of the squares of `size` neighbouring channels) ** beta.

    Source: Krizhevsky et al. 2012, "ImageNet classification with deep convolutional neural networks", section 3.3.
    """

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input):
        return local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self):
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
