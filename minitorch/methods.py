"""The operations as methods of a tensor: a name for each function of `minitorch.ops`, and Python's operators."""

from minitorch import ops
from minitorch.autograd import Variable


def _in_place(operation):
    """The method that puts the result of an operation into the tensor itself, under the version counter."""

    def method(self, *args, **kwargs):
        return self._become(operation(self, *args, **kwargs), f"{operation.__name__}_")

    method.__name__ = method.__qualname__ = f"{operation.__name__}_"
    method.__doc__ = f"`{operation.__name__}`, in place."
    return method


def _comparable(operation):
    """== or != : what is no number and no tensor is left to Python, so that ``x == None`` is False."""

    def method(self, other):
        if not isinstance(other, Variable) and not ops.is_number(other) and not hasattr(other, "dtype"):
            return NotImplemented
        return operation(self, other)

    method.__name__ = method.__qualname__ = f"__{operation.__name__}__"
    method.__doc__ = operation.__doc__
    return method


class Operations:
    """What `Tensor` inherits: each method is the function of `minitorch.ops` with the tensor as first argument."""

    abs = ops.abs
    absolute = ops.absolute
    add = ops.add
    all = ops.all
    allclose = ops.allclose
    amax = ops.amax
    amin = ops.amin
    any = ops.any
    argmax = ops.argmax
    argmin = ops.argmin
    argsort = ops.argsort
    bitwise_and = ops.bitwise_and
    bitwise_not = ops.bitwise_not
    bitwise_or = ops.bitwise_or
    bitwise_xor = ops.bitwise_xor
    bmm = ops.bmm
    broadcast_to = ops.broadcast_to
    ceil = ops.ceil
    chunk = ops.chunk
    clamp = ops.clamp
    clamp_max = ops.clamp_max
    clamp_min = ops.clamp_min
    clip = ops.clip
    clone = ops.clone
    contiguous = ops.contiguous
    cos = ops.cos
    cosh = ops.cosh
    cumsum = ops.cumsum
    diag = ops.diag
    div = ops.div
    divide = ops.divide
    dot = ops.dot
    eq = ops.eq
    equal = ops.equal
    exp = ops.exp
    expand = ops.expand
    expand_as = ops.expand_as
    expm1 = ops.expm1
    flatten = ops.flatten
    flip = ops.flip
    floor = ops.floor
    floor_divide = ops.floor_divide
    gather = ops.gather
    ge = ops.ge
    greater = ops.greater
    greater_equal = ops.greater_equal
    gt = ops.gt
    index_select = ops.index_select
    is_contiguous = ops.is_contiguous
    isclose = ops.isclose
    isfinite = ops.isfinite
    isinf = ops.isinf
    isnan = ops.isnan
    le = ops.le
    less = ops.less
    less_equal = ops.less_equal
    log = ops.log
    log10 = ops.log10
    log1p = ops.log1p
    log2 = ops.log2
    log_softmax = ops.log_softmax
    logical_and = ops.logical_and
    logical_not = ops.logical_not
    logical_or = ops.logical_or
    logical_xor = ops.logical_xor
    logsumexp = ops.logsumexp
    lt = ops.lt
    masked_fill = ops.masked_fill
    matmul = ops.matmul
    max = ops.max
    maximum = ops.maximum
    mean = ops.mean
    min = ops.min
    minimum = ops.minimum
    mm = ops.mm
    moveaxis = ops.moveaxis
    movedim = ops.movedim
    mul = ops.mul
    multiply = ops.multiply
    mv = ops.mv
    narrow = ops.narrow
    ne = ops.ne
    neg = ops.neg
    negative = ops.negative
    nonzero = ops.nonzero
    not_equal = ops.not_equal
    outer = ops.outer
    permute = ops.permute
    pow = ops.pow
    prod = ops.prod
    ravel = ops.ravel
    reciprocal = ops.reciprocal
    relu = ops.relu
    remainder = ops.remainder
    repeat = ops.repeat
    reshape = ops.reshape
    reshape_as = ops.reshape_as
    roll = ops.roll
    round = ops.round
    rsqrt = ops.rsqrt
    sigmoid = ops.sigmoid
    sign = ops.sign
    sin = ops.sin
    sinh = ops.sinh
    softmax = ops.softmax
    sort = ops.sort
    split = ops.split
    sqrt = ops.sqrt
    square = ops.square
    squeeze = ops.squeeze
    std = ops.std
    sub = ops.sub
    subtract = ops.subtract
    sum = ops.sum
    sum_to_size = ops.sum_to_size
    swapaxes = ops.swapaxes
    swapdims = ops.swapdims
    t = ops.t
    tan = ops.tan
    tanh = ops.tanh
    tile = ops.tile
    topk = ops.topk
    transpose = ops.transpose
    tril = ops.tril
    triu = ops.triu
    true_divide = ops.true_divide
    trunc = ops.trunc
    unbind = ops.unbind
    unflatten = ops.unflatten
    unsqueeze = ops.unsqueeze
    var = ops.var
    view = ops.view
    view_as = ops.view_as

    __add__ = __radd__ = ops.add
    __sub__, __rsub__ = ops.sub, ops.rsub
    __mul__ = __rmul__ = ops.mul
    __truediv__, __rtruediv__ = ops.div, ops.rdiv
    __floordiv__, __rfloordiv__ = ops.floor_divide, ops.rfloor_divide
    __mod__, __rmod__ = ops.remainder, ops.rremainder
    __pow__, __rpow__ = ops.pow, ops.rpow
    __matmul__, __neg__, __abs__, __invert__ = ops.matmul, ops.neg, ops.abs, ops.bitwise_not
    __eq__, __ne__ = _comparable(ops.eq), _comparable(ops.ne)
    __lt__, __le__, __gt__, __ge__ = ops.lt, ops.le, ops.gt, ops.ge
    __and__, __or__, __xor__ = ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor
    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__
    __getitem__, __setitem__ = ops.getitem, ops.setitem

    add_, sub_, mul_, div_, pow_ = (_in_place(f) for f in (ops.add, ops.sub, ops.mul, ops.div, ops.pow))
    floor_divide_, remainder_ = _in_place(ops.floor_divide), _in_place(ops.remainder)
    __iadd__, __isub__, __imul__, __itruediv__, __ipow__ = add_, sub_, mul_, div_, pow_
    __ifloordiv__, __imod__ = floor_divide_, remainder_
    __iand__, __ior__, __ixor__ = (_in_place(f) for f in (ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor))
    abs_, neg_, exp_, log_, sqrt_ = (_in_place(f) for f in (ops.abs, ops.neg, ops.exp, ops.log, ops.sqrt))
    relu_, sigmoid_, tanh_, round_ = (_in_place(f) for f in (ops.relu, ops.sigmoid, ops.tanh, ops.round))
    clamp_, masked_fill_ = _in_place(ops.clamp), _in_place(ops.masked_fill)
