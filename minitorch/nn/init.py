"""First values of parameters. Every function changes its tensor in place, outside of the graph, and returns it."""

import math

import numpy as np

from minitorch.autograd import no_grad
from minitorch.device import device_of, to_device
from minitorch.random import default_generator
from minitorch.tensor import Tensor

_GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 0.75,
}


def _require(name, tensor, ndims=None):
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name}: expected a tensor, got {type(tensor).__name__}")
    if ndims is not None and tensor.array.ndim not in ndims:
        wanted = " or ".join(str(n) for n in ndims)
        raise ValueError(f"{name}: expected a tensor of {wanted} dimensions, got shape {tensor.array.shape}")


def _stream(generator):
    return (default_generator if generator is None else generator).numpy


def _write(name, tensor, values):
    """Put NumPy values or a number into the tensor, as an in-place operation outside of the graph."""
    with no_grad():
        tensor._check_writable(name)
    array = tensor.array
    array[...] = to_device(np.asarray(values, dtype=array.dtype), device_of(array))
    tensor._counter[0] += 1
    return tensor


def calculate_gain(nonlinearity, param=None):
    """By how much weights must be larger to make up for what the function after them takes away.

    Args:
        nonlinearity: ``"linear"``, ``"conv2d"``, ``"sigmoid"`` (1), ``"tanh"`` (5/3), ``"relu"`` (sqrt 2),
            ``"leaky_relu"`` (sqrt(2 / (1 + slope**2))), ``"selu"`` (3/4).
        param: the slope of leaky_relu, 0.01 unless given.

    Raises:
        ValueError: an unknown name, or a slope that is no number.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"calculate_gain: the slope must be a number, got {param!r}")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        names = ", ".join([*_GAINS, "leaky_relu"])
        raise ValueError(f"calculate_gain: nonlinearity must be one of {names}, got {nonlinearity!r}")
    return _GAINS[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor):
    """How many inputs feed one output and how many outputs one input feeds, of a weight (out, in, ...)."""
    shape = tensor.array.shape
    if len(shape) < 2:
        raise ValueError(f"fan in and fan out: need a tensor of at least 2 dimensions, got shape {shape}")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Uniform random numbers in [a, b).

    Raises:
        ValueError: a > b.
    """
    _require("uniform_", tensor)
    if not a <= b:
        raise ValueError(f"uniform_: a must not be above b, got a={a} and b={b}")
    return _write("uniform_", tensor, _stream(generator).uniform(a, b, tensor.array.shape))


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Random numbers of the normal distribution.

    Raises:
        ValueError: a negative std.
    """
    _require("normal_", tensor)
    if not std >= 0:
        raise ValueError(f"normal_: std must not be negative, got {std}")
    return _write("normal_", tensor, _stream(generator).normal(mean, std, tensor.array.shape))


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Random numbers of the normal distribution, those outside of [a, b] drawn again.

    Args:
        a, b: bounds of the values themselves, not in units of std.

    Raises:
        ValueError: a > b or std that is not positive.
    """
    _require("trunc_normal_", tensor)
    if not a <= b or not std > 0:
        raise ValueError(f"trunc_normal_: needs a <= b and std > 0, got a={a}, b={b}, std={std}")
    stream, count = _stream(generator), tensor.array.size
    low, high = (a - mean) / std, (b - mean) / std
    # Uniform numbers, each kept with the probability of its density. This also works where [a, b] lies far out in
    # the tail; beyond `reach` the density is below exp(-50) of the largest one in [a, b].
    mode = min(max(0.0, low), high)
    reach = math.sqrt(mode * mode + 100)
    low, high = max(low, -reach), min(high, reach)
    kept = np.empty(0)
    while kept.size < count:
        x = stream.uniform(low, high, 2 * (count - kept.size) + 16)
        accepted = stream.random(x.size) <= np.exp((mode * mode - x * x) / 2)
        kept = np.concatenate([kept, x[accepted]])
    values = np.clip(kept[:count] * std + mean, a, b)
    return _write("trunc_normal_", tensor, values.reshape(tensor.array.shape))


def constant_(tensor, val):
    """One number everywhere."""
    _require("constant_", tensor)
    return _write("constant_", tensor, val)


def zeros_(tensor):
    """Zeros."""
    return constant_(tensor, 0)


def ones_(tensor):
    """Ones."""
    return constant_(tensor, 1)


def eye_(tensor):
    """Ones on the diagonal of a matrix, zeros elsewhere: a linear layer that keeps its input."""
    _require("eye_", tensor, (2,))
    return _write("eye_", tensor, np.eye(*tensor.array.shape))


def dirac_(tensor, groups=1):
    """A convolution that keeps its input: in each group, filter i is 1 at the centre of channel i, 0 elsewhere.

    Args:
        tensor: (O, C / groups, K), (O, C / groups, KH, KW) or (O, C / groups, KD, KH, KW).

    Raises:
        ValueError: another shape, or O that does not divide into groups.
    """
    _require("dirac_", tensor, (3, 4, 5))
    shape = tensor.array.shape
    if groups < 1 or shape[0] % groups:
        raise ValueError(f"dirac_: {shape[0]} filters do not divide into groups={groups}")
    values, filters = np.zeros(shape), shape[0] // groups
    centre = tuple(n // 2 for n in shape[2:])
    for group in range(groups):
        for i in range(min(filters, shape[1])):
            values[(group * filters + i, i, *centre)] = 1
    return _write("dirac_", tensor, values)


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Uniform in [-a, a], a = gain sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".
    """
    _require("xavier_uniform_", tensor)
    fans = sum(_calculate_fan_in_and_fan_out(tensor))
    bound = gain * math.sqrt(6 / fans) if fans else 0.0
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Normal with std = gain sqrt(2 / (fan_in + fan_out)). Source: see `xavier_uniform_`."""
    _require("xavier_normal_", tensor)
    fans = sum(_calculate_fan_in_and_fan_out(tensor))
    return normal_(tensor, 0.0, gain * math.sqrt(2 / fans) if fans else 0.0, generator)


def _kaiming_std(name, tensor, a, mode, nonlinearity):
    _require(name, tensor)
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"{name}: mode must be 'fan_in' or 'fan_out', got {mode!r}")
    gain = calculate_gain(nonlinearity, a)
    fan = _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]
    return gain / math.sqrt(fan) if fan else 0.0


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Uniform in [-b, b], b = gain sqrt(3 / fan).

    Source: He et al. 2015, "Delving deep into rectifiers", section 2.2.

    Args:
        a: slope of the leaky_relu that follows; 0 is ReLU.
        mode: ``"fan_in"`` keeps the size of the values going forward, ``"fan_out"`` of the gradients going back.
        nonlinearity: as for `calculate_gain`.
    """
    bound = math.sqrt(3.0) * _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Normal with std = gain / sqrt(fan). Arguments and source: see `kaiming_uniform_`."""
    return normal_(tensor, 0.0, _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor, gain=1, generator=None):
    """A random matrix with orthonormal rows (or columns, if there are more rows), times gain.

    The tensor counts as a matrix of its first dimension by all the others.

    Source: Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear networks".

    Raises:
        ValueError: fewer than 2 dimensions.
    """
    _require("orthogonal_", tensor)
    shape = tensor.array.shape
    if len(shape) < 2:
        raise ValueError(f"orthogonal_: need a tensor of at least 2 dimensions, got shape {shape}")
    if not tensor.array.size:
        return tensor
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(_stream(generator).standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)  # without it the matrices are not evenly spread (Mezzadri 2007)
    return _write("orthogonal_", tensor, gain * (q if rows >= columns else q.T).reshape(shape))
