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
    addcdiv = ops.addcdiv
    addcmul = ops.addcmul
    addmm = ops.addmm
    addmv = ops.addmv
    addr = ops.addr
    all = ops.all
    allclose = ops.allclose
    amax = ops.amax
    amin = ops.amin
    any = ops.any
    argmax = ops.argmax
    argmin = ops.argmin
    argsort = ops.argsort
    argwhere = ops.argwhere
    atan2 = ops.atan2
    baddbmm = ops.baddbmm
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
    count_nonzero = ops.count_nonzero
    cross = ops.cross
    cumprod = ops.cumprod
    cumsum = ops.cumsum
    diag = ops.diag
    diag_embed = ops.diag_embed
    diagonal = ops.diagonal
    diff = ops.diff
    dist = ops.dist
    div = ops.div
    divide = ops.divide
    dot = ops.dot
    eq = ops.eq
    equal = ops.equal
    erf = ops.erf
    erfc = ops.erfc
    exp = ops.exp
    expand = ops.expand
    expand_as = ops.expand_as
    expm1 = ops.expm1
    flatten = ops.flatten
    flip = ops.flip
    floor = ops.floor
    floor_divide = ops.floor_divide
    fmod = ops.fmod
    gather = ops.gather
    ge = ops.ge
    greater = ops.greater
    greater_equal = ops.greater_equal
    gt = ops.gt
    index_add = ops.index_add
    index_copy = ops.index_copy
    index_fill = ops.index_fill
    index_put = ops.index_put
    index_select = ops.index_select
    is_contiguous = ops.is_contiguous
    isclose = ops.isclose
    isfinite = ops.isfinite
    isinf = ops.isinf
    isnan = ops.isnan
    le = ops.le
    lerp = ops.lerp
    less = ops.less
    less_equal = ops.less_equal
    log = ops.log
    log10 = ops.log10
    log1p = ops.log1p
    log2 = ops.log2
    log_softmax = ops.log_softmax
    logaddexp = ops.logaddexp
    logical_and = ops.logical_and
    logical_not = ops.logical_not
    logical_or = ops.logical_or
    logical_xor = ops.logical_xor
    logsumexp = ops.logsumexp
    lt = ops.lt
    masked_fill = ops.masked_fill
    masked_select = ops.masked_select
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
    nan_to_num = ops.nan_to_num
    narrow = ops.narrow
    ne = ops.ne
    neg = ops.neg
    negative = ops.negative
    nonzero = ops.nonzero
    norm = ops.norm
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
    repeat_interleave = ops.repeat_interleave
    reshape = ops.reshape
    reshape_as = ops.reshape_as
    roll = ops.roll
    round = ops.round
    rsqrt = ops.rsqrt
    scatter = ops.scatter
    scatter_add = ops.scatter_add
    select = ops.select
    sigmoid = ops.sigmoid
    sign = ops.sign
    sin = ops.sin
    sinh = ops.sinh
    softmax = ops.softmax
    sort = ops.sort
    split = ops.split
    split_with_sizes = ops.split_with_sizes
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
    take_along_dim = ops.take_along_dim
    tan = ops.tan
    tanh = ops.tanh
    tensor_split = ops.tensor_split
    tile = ops.tile
    topk = ops.topk
    trace = ops.trace
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

    abs_ = _in_place(ops.abs)
    absolute_ = _in_place(ops.absolute)
    add_ = _in_place(ops.add)
    addcdiv_ = _in_place(ops.addcdiv)
    addcmul_ = _in_place(ops.addcmul)
    addmm_ = _in_place(ops.addmm)
    addmv_ = _in_place(ops.addmv)
    addr_ = _in_place(ops.addr)
    atan2_ = _in_place(ops.atan2)
    baddbmm_ = _in_place(ops.baddbmm)
    bitwise_and_ = _in_place(ops.bitwise_and)
    bitwise_not_ = _in_place(ops.bitwise_not)
    bitwise_or_ = _in_place(ops.bitwise_or)
    bitwise_xor_ = _in_place(ops.bitwise_xor)
    ceil_ = _in_place(ops.ceil)
    clamp_ = _in_place(ops.clamp)
    clamp_max_ = _in_place(ops.clamp_max)
    clamp_min_ = _in_place(ops.clamp_min)
    clip_ = _in_place(ops.clip)
    cos_ = _in_place(ops.cos)
    cosh_ = _in_place(ops.cosh)
    cumprod_ = _in_place(ops.cumprod)
    cumsum_ = _in_place(ops.cumsum)
    div_ = _in_place(ops.div)
    divide_ = _in_place(ops.divide)
    eq_ = _in_place(ops.eq)
    erf_ = _in_place(ops.erf)
    erfc_ = _in_place(ops.erfc)
    exp_ = _in_place(ops.exp)
    expm1_ = _in_place(ops.expm1)
    floor_ = _in_place(ops.floor)
    floor_divide_ = _in_place(ops.floor_divide)
    fmod_ = _in_place(ops.fmod)
    ge_ = _in_place(ops.ge)
    greater_ = _in_place(ops.greater)
    greater_equal_ = _in_place(ops.greater_equal)
    gt_ = _in_place(ops.gt)
    index_add_ = _in_place(ops.index_add)
    index_copy_ = _in_place(ops.index_copy)
    index_fill_ = _in_place(ops.index_fill)
    index_put_ = _in_place(ops.index_put)
    le_ = _in_place(ops.le)
    lerp_ = _in_place(ops.lerp)
    less_ = _in_place(ops.less)
    less_equal_ = _in_place(ops.less_equal)
    log_ = _in_place(ops.log)
    log10_ = _in_place(ops.log10)
    log1p_ = _in_place(ops.log1p)
    log2_ = _in_place(ops.log2)
    logical_and_ = _in_place(ops.logical_and)
    logical_not_ = _in_place(ops.logical_not)
    logical_or_ = _in_place(ops.logical_or)
    logical_xor_ = _in_place(ops.logical_xor)
    lt_ = _in_place(ops.lt)
    masked_fill_ = _in_place(ops.masked_fill)
    mul_ = _in_place(ops.mul)
    multiply_ = _in_place(ops.multiply)
    nan_to_num_ = _in_place(ops.nan_to_num)
    ne_ = _in_place(ops.ne)
    neg_ = _in_place(ops.neg)
    negative_ = _in_place(ops.negative)
    not_equal_ = _in_place(ops.not_equal)
    pow_ = _in_place(ops.pow)
    reciprocal_ = _in_place(ops.reciprocal)
    relu_ = _in_place(ops.relu)
    remainder_ = _in_place(ops.remainder)
    round_ = _in_place(ops.round)
    rsqrt_ = _in_place(ops.rsqrt)
    scatter_ = _in_place(ops.scatter)
    scatter_add_ = _in_place(ops.scatter_add)
    sigmoid_ = _in_place(ops.sigmoid)
    sign_ = _in_place(ops.sign)
    sin_ = _in_place(ops.sin)
    sinh_ = _in_place(ops.sinh)
    sqrt_ = _in_place(ops.sqrt)
    square_ = _in_place(ops.square)
    sub_ = _in_place(ops.sub)
    subtract_ = _in_place(ops.subtract)
    tan_ = _in_place(ops.tan)
    tanh_ = _in_place(ops.tanh)
    tril_ = _in_place(ops.tril)
    triu_ = _in_place(ops.triu)
    true_divide_ = _in_place(ops.true_divide)
    trunc_ = _in_place(ops.trunc)

    __iadd__, __isub__, __imul__, __itruediv__, __ipow__ = add_, sub_, mul_, div_, pow_
    __ifloordiv__, __imod__ = floor_divide_, remainder_
    __iand__, __ior__, __ixor__ = bitwise_and_, bitwise_or_, bitwise_xor_
