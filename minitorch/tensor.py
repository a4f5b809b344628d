"""`Tensor`: an array with a gradient. Every operation is a function of `minitorch.ops`; here each gets its name."""

import numpy as np

from minitorch import dtype as dtypes
from minitorch import ops
from minitorch.autograd import Variable, backward, become
from minitorch.device import CPU, array_module, device_of, is_cuda, to_device, to_numpy
from minitorch.device import device as Device
from minitorch.methods import Operations
from minitorch.ops.arguments import arguments
from minitorch.printing import format_tensor
from minitorch.random import stream_of
from minitorch.size import Size


class Tensor(Operations, Variable):
    """A multi-dimensional array that remembers how it came about, so that it can be differentiated.

    Made by `minitorch.tensor`, `zeros`, `randn`, ... and by operations. Names, arguments and results of the methods
    are PyTorch's.

    Attributes:
        array: the NumPy or CuPy array itself.
        grad: after `backward()`, for a leaf: the gradient, a tensor of the same shape; None before.
        requires_grad: whether backward reaches this tensor.
    """

    __array_priority__ = 1000  # a NumPy scalar or array on the left leaves the operation to the tensor
    __hash__ = object.__hash__

    def __init__(self, array, requires_grad=False):
        if not hasattr(array, "dtype") or not hasattr(array, "ndim"):
            raise TypeError(f"Tensor: expected an array, got {type(array).__name__}; use minitorch.tensor(...)")
        dtypes.check(array.dtype)
        self.array = array if array.ndim or not isinstance(array, np.generic) else np.asarray(array)
        self._counter = [0]
        if requires_grad:
            self.requires_grad_()

    @staticmethod
    def _wrap(array):
        """A tensor of an array, without checks."""
        tensor = object.__new__(Tensor)
        tensor.array = np.asarray(array) if isinstance(array, np.generic) else array
        tensor._counter = [0]
        return tensor

    # What it is.

    shape = property(lambda self: Size(self.array.shape), doc="Sizes of the dimensions, a `Size`: a tuple.")
    ndim = property(lambda self: self.array.ndim, doc="Number of dimensions.")
    dtype = property(lambda self: self.array.dtype, doc="Type of the numbers.")
    device = property(lambda self: device_of(self.array), doc="Where the numbers are.")
    is_cuda = property(lambda self: is_cuda(self.array), doc="Whether the numbers are on a GPU.")
    itemsize = property(lambda self: self.array.itemsize, doc="Bytes of one number.")
    nbytes = property(lambda self: self.array.nbytes, doc="Bytes of all numbers.")
    T = property(lambda self: self.permute(tuple(range(self.ndim))[::-1]), doc="The dimensions in reverse order.")
    mT = property(ops.matrix_transpose, doc="The last two dimensions exchanged.")

    def size(self, dim=None):
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self.array.shape[ops.axis("size", dim, self.array.ndim)]

    def stride(self, dim=None):
        """For each dimension how many numbers further in memory its next entry is."""
        steps = tuple(step // self.array.itemsize for step in self.array.strides)
        return steps if dim is None else steps[ops.axis("stride", dim, self.array.ndim)]

    def dim(self):
        """Number of dimensions."""
        return self.array.ndim

    def numel(self):
        """Number of elements."""
        return self.array.size

    nelement = numel

    def element_size(self):
        """Bytes of one number."""
        return self.array.itemsize

    def is_floating_point(self):
        """Whether the numbers are floating point."""
        return self.array.dtype.kind == "f"

    def __len__(self):
        if not self.array.ndim:
            raise TypeError("len() of a 0-dimensional tensor")
        return self.array.shape[0]

    def __iter__(self):
        if not self.array.ndim:
            raise TypeError("iteration over a 0-dimensional tensor")
        return iter(self.unbind(0))

    def __contains__(self, element):
        if not isinstance(element, (Tensor, np.ndarray)) and not ops.is_number(element):
            raise RuntimeError(f"in: expected a number or a tensor to look for, got {type(element).__name__}")
        return bool((self == element).any())

    def __repr__(self):
        try:
            name = None if self.grad_fn is None else self.grad_fn.name()
        except RuntimeError:  # a view that has lost its place in the graph can still be looked at
            name = "Invalid"
        place = None if self.device == CPU else str(self.device)
        return format_tensor(
            to_numpy(self.array),
            requires_grad=self.requires_grad,
            grad_fn_name=name,
            device_text=place,
            default_dtype=dtypes.get_default_dtype(),
        )

    def __format__(self, spec):
        as_number = not self.array.ndim and (spec or type(self) is Tensor)
        return format(self.item() if as_number else str(self), spec)

    # Out of the engine.

    def numpy(self, *, force=False):
        """The NumPy array itself, sharing memory; with `force` detached and copied to the CPU where needed.

        Raises:
            RuntimeError: the tensor requires a gradient (use ``detach().numpy()``).
            TypeError: it is on a GPU or the emulator (use ``cpu().numpy()``).
        """
        if force:
            return to_numpy(self.array)
        if self.requires_grad:
            raise RuntimeError("numpy: the tensor requires a gradient; use .detach().numpy()")
        if self.device != CPU:
            raise TypeError(f"numpy: the tensor is on {self.device}; use .cpu().numpy()")
        return self.array

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        return array.astype(dtype) if dtype is not None and dtype != array.dtype else array.copy() if copy else array

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return Tensor(np.asarray(array))  # of np.exp(tensor) and the like

    def item(self):
        """The only element as a Python number. Raises RuntimeError for more or fewer than one."""
        if self.array.size != 1:
            raise RuntimeError(f"item: a tensor of shape {self.array.shape} has {self.array.size} elements, not 1")
        return self.array.item()

    def tolist(self):
        """The elements as nested Python lists, a 0-dimensional tensor as a number."""
        return self.array.tolist()

    def _number(self, name):
        if self.array.size != 1:
            raise RuntimeError(f"{name}: a tensor of shape {self.array.shape} has no single value; use any() or all()")
        return self.array.item()

    def __bool__(self):
        return bool(self._number("bool"))

    def __int__(self):
        return int(self._number("int"))

    def __float__(self):
        return float(self._number("float"))

    def __index__(self):
        if self.array.dtype.kind not in "biu" or self.array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.array.item())

    # Other types and places.

    def to(self, *args, dtype=None, device=None, non_blocking=False, copy=False):
        """The tensor in another type or place: ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(other)``.

        Returns:
            The tensor itself where nothing changes, unless copy=True. `non_blocking` is accepted and ignored.
        """
        for given in args:
            if isinstance(given, Tensor):
                dtype, device = given.array.dtype, given.device
            elif isinstance(given, (str, Device)):
                device = given
            elif isinstance(given, bool):
                pass  # non_blocking
            else:
                dtype = given
        result = self if dtype is None else ops.cast(self, dtypes.check(dtype))
        result = result if device is None else ops.move(result, device)
        return result.clone() if copy and result is self else result

    def cpu(self):
        """The tensor in host memory."""
        return ops.move(self, "cpu")

    def cuda(self, device=None):
        """The tensor on a GPU, the current one unless given. Raises RuntimeError that says what is missing."""
        return ops.move(self, "cuda" if device is None else device)

    def type(self, dtype=None, non_blocking=False):
        """The name of the tensor's type, ``minitorch.FloatTensor``; or, given a dtype or such a name, the tensor in it.

        Raises:
            ValueError: a name that is no type. TypeError: not a dtype.
        """
        if dtype is None:
            return f"minitorch.{'cuda.' if self.is_cuda else ''}{dtypes.TENSOR_NAMES[self.array.dtype]}"
        if not isinstance(dtype, str):
            return self.to(dtype)
        for found, name in dtypes.TENSOR_NAMES.items():
            if dtype == f"minitorch.{name}":
                return self.to(found)
        raise ValueError(f"type: expected a dtype or a name such as 'minitorch.FloatTensor', got {dtype!r}")

    def type_as(self, other):
        """The tensor in the type of another."""
        ops.require_tensor("type_as", other=other)
        return self.to(other.dtype)

    def float(self):
        """The tensor as float32."""
        return self.to(dtypes.float32)

    def double(self):
        """The tensor as float64."""
        return self.to(dtypes.float64)

    def half(self):
        """The tensor as float16."""
        return self.to(dtypes.float16)

    def long(self):
        """The tensor as int64."""
        return self.to(dtypes.int64)

    def int(self):
        """The tensor as int32."""
        return self.to(dtypes.int32)

    def short(self):
        """The tensor as int16."""
        return self.to(dtypes.int16)

    def char(self):
        """The tensor as int8."""
        return self.to(dtypes.int8)

    def byte(self):
        """The tensor as uint8."""
        return self.to(dtypes.uint8)

    def bool(self):
        """The tensor as booleans: True where not zero."""
        return self.to(dtypes.bool_)

    @arguments()
    def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
        """A tensor of a copy of the data, on this one's device and of its type unless given."""
        array = array_module(self.array).array(data.array if isinstance(data, Tensor) else data)
        array = array.astype(self.array.dtype if dtype is None else dtypes.check(dtype))
        return Tensor(array if device is None else to_device(array, Device(device)), requires_grad)

    @arguments()
    def new_zeros(self, *size, dtype=None, device=None, requires_grad=False):
        """Zeros of the given shape, on this tensor's device and of its type unless given."""
        return self._new("new_zeros", size, 0, dtype, device, requires_grad)

    @arguments()
    def new_empty(self, *size, dtype=None, device=None, requires_grad=False):
        """Unset numbers (here zeros) of the given shape, on this tensor's device and of its type unless given."""
        return self._new("new_empty", size, 0, dtype, device, requires_grad)

    @arguments()
    def new_ones(self, *size, dtype=None, device=None, requires_grad=False):
        """Ones of the given shape, on this tensor's device and of its type unless given."""
        return self._new("new_ones", size, 1, dtype, device, requires_grad)

    @arguments()
    def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False):
        """One value in the given shape, on this tensor's device and of its type unless given."""
        return self._new("new_full", (size,), fill_value, dtype, device, requires_grad)

    def _new(self, name, size, value, dtype, device, requires_grad):
        dtype = self.array.dtype if dtype is None else dtypes.check(dtype)
        value, size = ops.as_filling(name, value, dtype), ops.sizes(name, size)
        if any(n < 0 for n in size):
            raise RuntimeError(f"{name}: sizes must not be negative, got {size}")
        xp = array_module(self.array)
        array = xp.full(size, value, dtype=dtype) if value else xp.zeros(size, dtype=dtype)
        return Tensor(array if device is None else to_device(array, Device(device)), requires_grad)

    def where(self, condition, other):
        """This tensor where the condition is true, else `other`."""
        return ops.where(condition, self, other)

    def copy_(self, source):
        """The numbers of another tensor (broadcast to this shape), in place."""
        source = source if isinstance(source, Tensor) else self.new_tensor(source)
        if len(source.shape) > self.ndim or any(n not in (1, m) for n, m in zip(source.shape[::-1], self.shape[::-1])):
            raise RuntimeError(f"copy_: a tensor of shape {tuple(source.shape)} does not expand to {tuple(self.shape)}")
        return become(self, ops.move(ops.cast(source, self.dtype), self.device).expand(self.shape), "copy_")

    def fill_(self, value):
        """One number everywhere, in place."""
        everywhere = self._wrap(array_module(self.array).ones(self.array.shape, bool))
        filled = self.masked_fill(everywhere, value)
        return become(self, filled, "fill_", uniform=not getattr(value, "requires_grad", False))

    def zero_(self):
        """Zeros, in place."""
        return self.fill_(0)

    def uniform_(self, a=0.0, b=1.0, *, generator=None):
        """Uniform random numbers in [a, b), in place."""
        ops.require_numbers("uniform_", a=a, b=b)
        if not a <= b:
            raise RuntimeError(f"uniform_: from {a} must not be above to {b}")
        return self._draw("uniform_", lambda stream: stream.uniform(a, b, self.shape), generator)

    def normal_(self, mean=0.0, std=1.0, *, generator=None):
        """Random numbers of the normal distribution, in place."""
        ops.require_numbers("normal_", mean=mean, std=std)
        if not std >= 0:
            raise RuntimeError(f"normal_: std must not be negative, got {std}")
        return self._draw("normal_", lambda stream: stream.normal(mean, std, self.shape), generator)

    def bernoulli_(self, p=0.5, *, generator=None):
        """1 with probability p, else 0, in place."""
        ops.require_numbers("bernoulli_", p=p)
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_: p must be from 0 to 1, got {p}")
        return self._draw("bernoulli_", lambda stream: stream.random(self.shape) < p, generator)

    def _draw(self, name, draw, generator):
        numbers = np.asarray(draw(stream_of(generator))).astype(self.dtype)
        return become(self, self.new_tensor(numbers), name)

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        """Add the gradient of this tensor to the `.grad` of every leaf; see `minitorch.autograd.backward`.

        Args:
            gradient: where to start, of this tensor's shape; may be left out for a single element.
        """
        backward(self, None if gradient is None else (gradient,), retain_graph, create_graph, inputs)
