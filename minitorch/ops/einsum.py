"""Sums of products over named dimensions, in Einstein's notation."""

import string

from minitorch.autograd import Variable
from minitorch.ops.arrange import diagonal
from minitorch.ops.linear_algebra import matmul
from minitorch.ops.operands import count, naming, pair, require_alike, require_tensor
from minitorch.ops.reduction import sum
from minitorch.ops.shape import expand, permute, reshape

LETTERS = string.ascii_uppercase + string.ascii_lowercase


@naming("einsum")
def einsum(equation, *operands):
    """The sum of products over dimensions named by letters: ``einsum("bij,bjk->bik", a, b)`` is a batch of products.

    A letter names a dimension; equal letters run together (twice in one operand: its diagonal), sizes of 1 broadcast.
    Letters that do not come after ``->`` are summed over. ``...`` stands for any further dimensions, which broadcast.
    Without ``->`` the result has ``...`` and then, in alphabetical order, the letters that occur once.

    Args:
        equation: as above, or the operands and lists of numbers 0 to 51 for letters, in turns:
            ``einsum(a, [0, 1], b, [1, 2], [0, 2])``, with Ellipsis for ``...``.
        operands: tensors of one type, or one list of them.

    Raises:
        RuntimeError: an equation that is not of this form or does not fit the operands.
    """
    if isinstance(equation, str):
        operands = tuple(operands[0]) if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands
        inputs, output = _parsed(equation)
    else:
        inputs, output, operands = _from_lists([equation, *operands])
    if not operands:
        raise RuntimeError("einsum: expected at least one operand, got none")
    require_alike("einsum", **{f"operand {i}": x for i, x in enumerate(operands)})
    if len(inputs) != len(operands):
        raise RuntimeError(f"einsum: the equation names {len(inputs)} operands, got {len(operands)}")
    shapes = [x.array.shape for x in operands]
    inputs, spread = _without_ellipsis(inputs, shapes)
    output = _output(inputs, output, spread)
    operands = [_without_repeats(x, names) for x, names in zip(operands, inputs)]
    inputs = [list(dict.fromkeys(names)) for names in inputs]
    sizes = _sizes(operands, inputs)
    return _contracted(operands, inputs, output, sizes)


def _parsed(equation):
    """The names of the operands' dimensions and of the result's (None if not said); Ellipsis for ``...``."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    if "->" in right:
        raise RuntimeError(f"einsum: the equation {equation!r} has more than one ->")
    inputs = [_names(part, equation) for part in left.split(",")]
    return inputs, (_names(right, equation) if arrow else None)


def _names(text, equation):
    names = []
    while text:
        if text.startswith("..."):
            names.append(Ellipsis)
            text = text[3:]
        elif text[0] in LETTERS:
            names.append(text[0])
            text = text[1:]
        else:
            raise RuntimeError(f"einsum: {text[0]!r} in {equation!r} is no letter, comma, ... or ->")
    return names


def _from_lists(arguments):
    """(names of the operands, names of the result or None, operands) of the form with lists of numbers."""
    count_of_pairs = len(arguments) // 2
    operands, lists = arguments[: 2 * count_of_pairs : 2], arguments[1 : 2 * count_of_pairs : 2]
    require_tensor("einsum", **{f"operand {i}": x for i, x in enumerate(operands)})
    output = arguments[-1] if len(arguments) % 2 else None
    if len(arguments) == 1 and isinstance(output, Variable):
        raise RuntimeError("einsum: an operand needs a list of dimensions after it")
    named = [_from_numbers(numbers) for numbers in lists]
    return named, (None if output is None else _from_numbers(output)), tuple(operands)


def _from_numbers(numbers):
    if not isinstance(numbers, (list, tuple)):
        raise TypeError(f"einsum: expected an equation or a list of numbers for dimensions, got {numbers!r}")
    for n in numbers:
        if n is not Ellipsis and (isinstance(n, bool) or not isinstance(n, int) or not 0 <= n < len(LETTERS)):
            raise RuntimeError(f"einsum: a dimension must be a number from 0 to 51 or Ellipsis, got {n!r}")
    return [n if n is Ellipsis else LETTERS[n] for n in numbers]


def _without_ellipsis(inputs, shapes):
    """Names with ... replaced by numbers counted from the right, -1 for the last; and how many there are at most."""
    result, most = [], 0
    for names, shape in zip(inputs, shapes):
        hidden = len(shape) - len([n for n in names if n is not Ellipsis])
        places = names.count(Ellipsis)
        if places > 1:
            raise RuntimeError("einsum: an operand can have only one ...")
        if hidden < 0 or (hidden and not places):
            raise RuntimeError(f"einsum: {len(names) - places} dimensions are named for an operand of shape {shape}")
        most = max(most, hidden)
        result.append([m for n in names for m in (range(-hidden, 0) if n is Ellipsis else [n])])
    return result, most


def _output(inputs, output, spread):
    """The names of the result's dimensions, found by the rule where the equation does not say."""
    named = [n for names in inputs for n in names]
    hidden = list(range(-spread, 0))
    if output is None:
        return hidden + sorted(n for n in named if isinstance(n, str) and named.count(n) == 1)
    if output.count(Ellipsis) > 1:
        raise RuntimeError("einsum: the result can have only one ...")
    for n in output:
        if n is not Ellipsis and n not in named:
            raise RuntimeError(f"einsum: the result has a dimension {n!r} that no operand has")
        if n is not Ellipsis and output.count(n) > 1:
            raise RuntimeError(f"einsum: the result has the dimension {n!r} twice")
    return [m for n in output for m in (hidden if n is Ellipsis else [n])]


def _without_repeats(x, names):
    """Of dimensions of one name the diagonal, in the place of the first."""
    names = list(names)
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            n, m = x.array.shape[first], x.array.shape[second]
            if n != m:
                raise RuntimeError(f"einsum: dimension {name!r} has sizes {n} and {m} in one operand")
            x = diagonal(x, 0, first, second)
            del names[second]
            order = list(range(x.array.ndim - 1))
            order.insert(first, x.array.ndim - 1)
            x = permute(x, order)
    return x


def _sizes(operands, inputs):
    """The size of each name; 1 gives way to others."""
    sizes = {}
    for x, names in zip(operands, inputs):
        for name, n in zip(names, x.array.shape):
            if sizes.get(name, 1) != 1 and n not in (1, sizes[name]):
                raise RuntimeError(f"einsum: dimension {name!r} has sizes {sizes[name]} and {n}")
            sizes[name] = n if sizes.get(name, 1) == 1 else sizes[name]
    return sizes


def _contracted(operands, inputs, output, sizes):
    """One operand after the other is multiplied in; a name is summed over as soon as nothing later needs it."""
    (x, names), rest = (operands[0], inputs[0]), list(zip(operands[1:], inputs[1:]))
    for i, (other, other_names) in enumerate(rest):
        later = {n for _, later_names in rest[i + 1 :] for n in later_names} | set(output)
        x, names = _pair(x, names, other, other_names, later, sizes)
    x, names = _summed(x, names, set(output))
    return permute(_full(x, names, sizes), [names.index(n) for n in output])


def _full(x, names, sizes):
    shape = tuple(sizes[n] for n in names)
    return x if x.array.shape == shape else expand(x, shape)


def _summed(x, names, kept):
    gone = [i for i, n in enumerate(names) if n not in kept]
    return (sum(x, gone) if gone else x), [n for n in names if n in kept]


def _pair(a, names_a, b, names_b, later, sizes):
    """The product of two operands as a batch of matrix products.

    (shared, own of a, summed) times (shared, summed, own of b) gives (shared, own of a, own of b).
    """
    a, b = _full(a, names_a, sizes), _full(b, names_b, sizes)
    a, names_a = _summed(a, names_a, later | set(names_b))
    b, names_b = _summed(b, names_b, later | set(names_a))
    a, b = pair("einsum", a, b)  # sums of small integers are int64
    shared = [n for n in names_a if n in names_b and n in later]
    summed = [n for n in names_a if n in names_b and n not in later]
    own_a, own_b = [n for n in names_a if n not in names_b], [n for n in names_b if n not in names_a]

    def grouped(x, names, *groups):
        x = permute(x, [names.index(n) for group in groups for n in group])
        return reshape(x, [count(sizes[n] for n in group) for group in groups])

    product = matmul(grouped(a, names_a, shared, own_a, summed), grouped(b, names_b, shared, summed, own_b))
    names = shared + own_a + own_b
    return reshape(product, [sizes[n] for n in names]), names
