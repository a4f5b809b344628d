"""Indexing: every mixture of integers, slices, None, ..., integer arrays and masks, read, differentiated, written."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from minitorch.autograd import grad, gradcheck, gradgradcheck, no_grad
from minitorch.creation import arange, ones, tensor, zeros
from minitorch.ops import gather, index_select, nonzero, sort, topk
from minitorch.tensor import Tensor

ARRAY_SHAPES = [(), (2,), (1,), (3, 1), (1, 2), (0,)]


@st.composite
def shape_and_index(draw, assignment=False):
    """A shape and an index for it, mostly good ones; arrays as NumPy arrays or as lists."""
    shape = tuple(draw(st.lists(st.integers(0, 4), min_size=0, max_size=4)))
    index, dim, dots = [], 0, False
    while dim < len(shape):
        if draw(st.integers(0, 5)) == 0:
            index.append(None)
        if not dots and draw(st.integers(0, 5)) == 0:
            index.append(Ellipsis)
            dots, skipped = True, draw(st.integers(0, len(shape) - dim))
            dim += skipped
            continue
        if draw(st.integers(0, 9)) == 0:
            break
        n = shape[dim]
        kind = draw(st.sampled_from(["int", "slice", "slice", "array", "array", "mask", "mask2"]))
        if kind == "int":
            index.append(draw(st.integers(-n, n - 1)) if n else slice(None))
        elif kind == "slice":
            bound = st.none() | st.integers(-5, 5)
            index.append(slice(draw(bound), draw(bound), draw(st.none() | st.integers(1, 3))))
        elif kind == "array":
            array_shape = draw(st.sampled_from(ARRAY_SHAPES)) if n else (0,)
            entries = st.integers(-n, n - 1) if n else st.just(0)
            unique = assignment  # which of two values for one place is kept is left open
            array = draw(hnp.arrays(np.int64, array_shape, elements=entries, unique=unique and n > 0)
                         if not unique or int(np.prod(array_shape)) <= n else st.just(np.zeros((0,), np.int64)))
            index.append(array.tolist() if array.ndim == 1 and array.size and draw(st.booleans()) else array)
        else:
            dims = 2 if kind == "mask2" and dim + 2 <= len(shape) else 1
            index.append(draw(hnp.arrays(bool, shape[dim : dim + dims])))
            dim += dims - 1
        dim += 1
    if draw(st.integers(0, 9)) == 0:
        index.append(draw(st.sampled_from([None, True, False])))
    if len(index) == 1 and draw(st.booleans()):
        return shape, index[0]
    return shape, tuple(index)


def convert(index, make):
    parts = index if isinstance(index, tuple) else (index,)
    parts = tuple(make(i) if isinstance(i, np.ndarray) else i for i in parts)
    return parts if isinstance(index, tuple) else parts[0]


def numbers(shape):
    return np.random.default_rng(0).standard_normal(shape)


def attempt(call):
    try:
        return call()
    except (IndexError, TypeError, ValueError, RuntimeError) as error:
        return type(error)


@settings(max_examples=400)
@given(shape_and_index(), st.booleans())
def test_reading_equals_pytorch(case, transposed):
    torch = pytest.importorskip("torch", reason="needs torch")
    shape, index = case
    array = numbers(shape[::-1]).T if transposed else numbers(shape)
    theirs = torch.tensor(array, requires_grad=True)
    ours = Tensor(array, requires_grad=True)
    expected = attempt(lambda: theirs[convert(index, torch.tensor)])
    found = attempt(lambda: ours[convert(index, tensor)])
    if isinstance(expected, type):
        assert found is expected
        return
    if found is IndexError and not expected.numel():
        return  # PyTorch does not look at the positions where nothing is read
    assert found.shape == tuple(expected.shape)
    np.testing.assert_array_equal(found.array, expected.detach().numpy())
    start = np.asarray(numbers(found.shape))
    (g,), (e,) = grad(found, ours, Tensor(start)), torch.autograd.grad(expected, theirs, torch.tensor(start))
    np.testing.assert_allclose(g.array, e.numpy(), rtol=1e-12, atol=1e-12)


@settings(max_examples=300)
@given(shape_and_index(assignment=True), st.sampled_from(["number", "scalar", "full", "row", "lead"]), st.booleans())
def test_writing_equals_pytorch(case, kind, graph):
    torch = pytest.importorskip("torch", reason="needs torch")
    shape, index = case
    array = numbers(shape)
    target = attempt(lambda: torch.tensor(array)[convert(index, torch.tensor)])
    inner = () if isinstance(target, type) else tuple(target.shape)
    value_shape = {"number": (), "scalar": (), "full": inner, "row": inner[-1:], "lead": (1, *inner)}[kind]
    value = 2.5 if kind == "number" else numbers(value_shape)
    gradients = []

    def run(make, convert_index):
        x = make(array, requires_grad=graph)
        v = value if kind == "number" else make(np.array(value), requires_grad=graph)
        y = x * 1
        y[convert_index] = v
        if graph:
            (y * make(numbers(shape))).sum().backward()
            gradients.append([None if g is None else np.array(g.tolist()) for g in (x.grad, getattr(v, "grad", None))])
        return y.detach().numpy()

    def leaf(make):
        return lambda a, requires_grad=False: make(a).requires_grad_(requires_grad)

    expected = attempt(lambda: run(leaf(torch.tensor), convert(index, torch.tensor)))
    found = attempt(lambda: run(leaf(tensor), convert(index, tensor)))
    if isinstance(expected, type):
        assert isinstance(found, type)
        return
    np.testing.assert_array_equal(found, expected)
    if graph:
        for e, g in zip(*gradients):
            if e is None or g is None:
                assert e is None or not e.any()
            else:
                np.testing.assert_allclose(g, e, rtol=1e-12, atol=1e-12)


INDICES = [
    1, -1, slice(1, None), (Ellipsis, 0), None, (0, None, slice(None, None, 2)), np.array([0, 1, 1]),
    (slice(None), np.array([[0, 2], [1, 1]])), (np.array([0, 1]), slice(None), np.array([1, 1])),
    (np.array([0, 1]), 1), (0, np.array([2, 0]), np.array([0, 1])), (np.array([True, False]),),
    (slice(None), np.array([True, False, True]), np.array([0, 1])), [1, 0, 1], (Ellipsis, [True, False]), True, False,
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_derivatives_of_reading_and_writing(index):
    places = np.arange(12).reshape(2, 3, 2)
    repeats = isinstance(index, (list, np.ndarray)) or len(set(places[index].ravel().tolist())) < places[index].size
    index = convert(index, tensor)
    x = Tensor(numbers((2, 3, 2)), requires_grad=True)
    assert gradcheck(lambda x: x[index] * x[index], x) and gradgradcheck(lambda x: x[index] * x[index], x)

    def write(x, v):
        y = x * x
        y[index] = v * v
        return y

    for shape in ((), x[index].shape):
        value = Tensor(numbers(shape), requires_grad=True)
        if not repeats:
            assert gradcheck(write, [x, value]) and gradgradcheck(write, [x, value])


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_reading_equals_numpy_where_the_rules_agree(index):
    x = np.arange(12.0).reshape(2, 3, 2)
    integers_apart = isinstance(index, tuple) and any(type(i) is int for i in index)
    if not integers_apart or not any(isinstance(i, np.ndarray) for i in index):
        np.testing.assert_array_equal(Tensor(x)[convert(index, tensor)].array, x[index])


def test_basic_reading_is_a_view_and_the_rest_a_copy():
    x = zeros(3, 4)
    x[1:][0][2] = 5
    assert x[1, 2].item() == 5
    x[[0, 1]].add_(1)
    x[x > 4].add_(1)
    assert x.sum().item() == 5


def test_the_callers_index_may_change_after_reading():
    x, index = ones(3, requires_grad=True), np.array([0, 0])
    positions = tensor([0, 0])
    y = x[index] + x[positions]
    z = x.gather(0, positions)
    index[:] = 2
    positions.fill_(2)
    (y.sum() + z.sum()).backward()
    assert x.grad.tolist() == [6, 0, 0]


def test_overlapping_writes():
    x = arange(5)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3]


def test_augmented_assignment_through_an_index():
    x = arange(6.0).reshape(2, 3)
    x[0] += 10
    x[:, 1] *= 2
    x[[1, 1], [0, 2]] -= 1
    assert x.tolist() == [[10, 22, 12], [2, 8, 4]]


def test_writing_a_leaf_needs_no_grad():
    x = ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="setitem: a leaf that requires a gradient.*no_grad"):
        x[0] = 2
    with no_grad():
        x[0] = 2
    assert x.tolist() == [2, 1, 1] and x._version == 1


def test_refused_writes_change_nothing():
    x = zeros(2, 3)
    for index, value in [((0,), zeros(4)), ((5,), 1), (tensor([True]), 1), ((0,), [1, 2]), ((0,), None)]:
        with pytest.raises((RuntimeError, IndexError, TypeError), match="^(setitem|getitem): "):
            x[index] = value
    assert x._version == 0 and not x.any()


def test_gather_by_loops():
    rng = np.random.default_rng(1)
    x, index = rng.standard_normal((2, 3, 4)), rng.integers(0, 3, (2, 5, 3))
    expected = np.empty(index.shape)
    for i, j, k in np.ndindex(*index.shape):
        expected[i, j, k] = x[i, index[i, j, k], k]
    np.testing.assert_array_equal(gather(Tensor(x), 1, Tensor(index)).array, expected)
    np.testing.assert_array_equal(gather(Tensor(x), -2, Tensor(index)).array, expected)


@given(hnp.arrays(
    np.int64, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3), elements=st.integers(0, 1)))
def test_nonzero_by_definition(array):
    rows = nonzero(Tensor(array)).tolist()
    assert rows == [list(i) for i in np.ndindex(*array.shape) if array[i]]
    for k, column in enumerate(nonzero(Tensor(array), as_tuple=True)):
        if array.ndim:
            assert column.tolist() == [row[k] for row in rows]


def test_index_select_takes_whole_entries():
    x = arange(6).reshape(2, 3)
    assert index_select(x, 1, tensor([2, 0])).tolist() == [[2, 0], [5, 3]]
    with pytest.raises(IndexError, match="index_select: index out of bounds for dimension 1 with size 3"):
        index_select(x, 1, tensor([3]))


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.integers(0, 3)), st.booleans(),
       st.data())
def test_sorting_keeps_the_order_of_equals(array, descending, data):
    dim = data.draw(st.integers(-array.ndim, array.ndim - 1))
    values, indices = sort(Tensor(array), dim, descending)
    rows = np.moveaxis(array, dim, -1).reshape(-1, array.shape[dim])
    expected = [sorted(range(len(row)), key=lambda i, row=row: -row[i] if descending else row[i]) for row in rows]
    assert np.moveaxis(indices.array, dim, -1).reshape(rows.shape).tolist() == expected
    np.testing.assert_array_equal(values.array, np.sort(array, dim) if not descending else -np.sort(-array, dim))
    k = data.draw(st.integers(0, array.shape[dim]))
    best, places = topk(Tensor(array), k, dim, largest=descending)
    np.testing.assert_array_equal(best.array, np.take(values.array, range(k), dim))
    np.testing.assert_array_equal(np.take_along_axis(array, places.array, dim), best.array)


def test_integers_around_other_indices_of_pytorch():
    """An integer is taken first, so that the arrays beside it count as neighbours: NumPy puts their axis in front."""
    x = zeros(2, 3, 4, 5)
    assert x[:, 0, :, [0, 1]].shape == (2, 4, 2)
    assert x[0, :, [0, 1]].shape == (3, 2, 5)
    assert x[[0, 1], :, [0, 1]].shape == (2, 3, 5)
    assert x[[[0, 1], [1, 2]]].shape == (2, 4, 5)  # a list of lists stands for a tuple
