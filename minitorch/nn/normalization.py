"""Batch normalisation layers."""

from minitorch.creation import empty, ones, tensor, zeros
from minitorch.dtype import int64
from minitorch.nn import init
from minitorch.nn.checks import integers
from minitorch.nn.functional import batch_norm
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.operands import require_tensor


class _BatchNorm(Module):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, per channel.

    In training mean and var are those of the batch, and the running ones move towards them; in evaluation they are
    the running ones.

    Source: Ioffe and Szegedy 2015, "Batch normalization".

    Args:
        num_features: number of channels C.
        eps: added to the variance.
        momentum: share of the new batch in the running statistics; None averages all batches alike.
        affine: whether there are weight and bias.
        track_running_stats: False to have no running statistics: evaluation, too, uses the batch's own.
        bias: False for a weight without bias.

    Attributes:
        weight, bias: (C,), ones and zeros at first, or None.
        running_mean, running_var: (C,), or None.
        num_batches_tracked: int64, how many batches the running statistics have seen, or None.
        frozen: whether `train` leaves the layer in evaluation; see `nn.utils.freeze_batch_norm`.
    """

    _may_be_missing = ("num_batches_tracked",)
    _dimensions = ()
    frozen = False

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__()
        (num_features,) = integers(type(self).__name__, 0, num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        place = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(empty(num_features, **place)) if affine else None)
        self.register_parameter("bias", Parameter(empty(num_features, **place)) if affine and bias else None)
        track = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **place) if track else None)
        self.register_buffer("running_var", ones(num_features, **place) if track else None)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=int64, device=device) if track else None)
        self.reset_parameters()

    def reset_running_stats(self):
        """Set the running statistics to mean 0 and variance 1, seen 0 batches."""
        if self.track_running_stats:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self):
        """Set everything to its first values."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def train(self, mode=True):
        """Set `training`; a frozen layer stays in evaluation. Returns the module."""
        super().train(mode)
        self.training = self.training and not self.frozen
        return self

    def forward(self, input):
        return self.normalize(input, batch_norm)

    def normalize(self, input, operation):
        """What `forward` gives, by an operation of the same arguments as `batch_norm`."""
        require_tensor(type(self).__name__, input=input)
        if input.ndim not in self._dimensions:
            wanted = " or ".join(f"{n}D" for n in self._dimensions)
            got = f"{input.ndim}D, shape {input.array.shape}"
            raise ValueError(f"{type(self).__name__}: expected {wanted} input, got {got}")
        count = self.num_batches_tracked if self.training and self.track_running_stats else None
        momentum = self.momentum
        if momentum is None:
            momentum = 0.0 if count is None else 1.0 / (int(count.item()) + 1)
        running = (self.running_mean, self.running_var)
        if self.training and not self.track_running_stats:
            running = (None, None)
        by_batch = self.training or (self.running_mean is None and self.running_var is None)
        y = operation(input, *running, self.weight, self.bias, by_batch, momentum, self.eps)
        if count is not None:
            count.array += 1
            count._counter[0] += 1
        return y

    def extra_repr(self):
        bias = self.bias is not None
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, bias={bias}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    __doc__ = f"Batch normalisation of (N, C) or (N, C, L): {_BatchNorm.__doc__}"
    _dimensions = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = f"Batch normalisation of (N, C, H, W): {_BatchNorm.__doc__}"
    _dimensions = (4,)
