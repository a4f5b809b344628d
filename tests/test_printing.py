"""The text of arrays, against literal strings and against PyTorch's own `repr`."""

import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from minitorch import printing

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
FLOATS = ("float16", "float32", "float64")


@pytest.fixture(autouse=True)
def default_options():
    printing.set_printoptions(profile="default")
    yield
    printing.set_printoptions(profile="default")


@pytest.fixture(scope="module")
def torch():
    module = pytest.importorskip("torch", reason="needs torch")
    yield module
    module.set_printoptions(profile="default")


def float32(values):
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    "array, expected",
    [
        (float32([1, 2, 3]), "tensor([1., 2., 3.])"),
        (float32([0.5, -1.25, 100]), "tensor([  0.5000,  -1.2500, 100.0000])"),
        (float32([1e-5, 1]), "tensor([1.0000e-05, 1.0000e+00])"),
        (float32([1, -2e9]), "tensor([ 1.0000e+00, -2.0000e+09])"),
        (float32([math.nan, math.inf, -math.inf]), "tensor([nan, inf, -inf])"),
        (float32([1.5, math.nan, -math.inf]), "tensor([1.5000,    nan,   -inf])"),
        (float32([-0.0, 0]), "tensor([-0., 0.])"),
        (float32([-0.0, 12]), "tensor([-0., 12.])"),
        (float32(3.14159), "tensor(3.1416)"),
        (np.array(True), "tensor(True)"),
        (np.array([True, False]), "tensor([ True, False])"),
        (np.array([-1, 10]), "tensor([-1, 10])"),
        (np.array([1, 2], np.uint8), "tensor([1, 2], dtype=minitorch.uint8)"),
        (np.array(0.5), "tensor(0.5000, dtype=minitorch.float64)"),
        (float32([]), "tensor([])"),
        (np.zeros((0, 3), np.float32), "tensor([], size=(0, 3))"),
        (np.zeros(0, np.int64), "tensor([], dtype=minitorch.int64)"),
        (np.zeros((2, 0), bool), "tensor([], size=(2, 0), dtype=minitorch.bool)"),
        (np.arange(4).reshape(2, 2), "tensor([[0, 1],\n        [2, 3]])"),
        (np.arange(4).reshape(2, 2, 1), "tensor([[[0],\n         [1]],\n\n        [[2],\n         [3]]])"),
        (np.arange(1001), "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
    ],
)
def test_text(array, expected):
    assert printing.format_tensor(array) == expected


def test_rows_wrap_at_the_line_width():
    lines = printing.format_tensor(np.arange(40)).split("\n")
    assert lines[0] == "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,"
    assert lines[2] == "        36, 37, 38, 39])"


def test_long_matrices_show_their_corners():
    rows = printing.format_tensor(np.zeros((40, 40), np.float32)).split("\n")
    row = "[0., 0., 0.,  ..., 0., 0., 0.]"
    assert rows == ["tensor([" + row + ",", *[" " * 8 + row + ","] * 2, " " * 8 + "...,"] + [
        *[" " * 8 + row + ","] * 2,
        " " * 8 + row + "])",
    ]


def test_notes():
    one = float32([1])
    assert printing.format_tensor(one, requires_grad=True) == "tensor([1.], requires_grad=True)"
    named = printing.format_tensor(one, requires_grad=True, grad_fn_name="MulBackward0")
    assert named == "tensor([1.], grad_fn=<MulBackward0>)"
    everything = printing.format_tensor(one.astype(np.float16), device_text="cuda:0", requires_grad=True)
    assert everything == "tensor([1.], device='cuda:0', dtype=minitorch.float16, requires_grad=True)"
    long = printing.format_tensor(float32([1] * 15), grad_fn_name="MulBackward0")
    assert long == "tensor([" + ", ".join(["1."] * 15) + "],\n       grad_fn=<MulBackward0>)"


def test_the_default_dtype_goes_unsaid():
    assert printing.format_tensor(np.array([0.5]), default_dtype=np.dtype("float64")) == "tensor([0.5000])"
    text = printing.format_tensor(float32([0.5]), default_dtype=np.dtype("float64"))
    assert text == "tensor([0.5000], dtype=minitorch.float32)"


def test_prefix_sets_the_indent():
    text = printing.format_tensor(np.arange(4).reshape(2, 2), prefix="Image(")
    assert text == "Image([[0, 1],\n       [2, 3]])"


def test_options_change_the_text():
    printing.set_printoptions(precision=2)
    assert printing.format_tensor(float32([math.pi])) == "tensor([3.14])"
    printing.set_printoptions(sci_mode=True)
    assert printing.format_tensor(float32([math.pi])) == "tensor([3.14e+00])"
    printing.set_printoptions(threshold=5, edgeitems=1)
    assert printing.format_tensor(np.arange(6)) == "tensor([0,  ..., 5])"


def test_options_are_kept_and_given_back():
    default = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}
    assert printing.get_printoptions() == default
    printing.set_printoptions(profile="short", linewidth=60, sci_mode=False)
    changed = {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 60, "sci_mode": False}
    assert printing.get_printoptions() == changed
    printing.set_printoptions(profile="full")
    assert printing.get_printoptions() == {**default, "threshold": math.inf}
    printing.set_printoptions(**changed)
    assert printing.get_printoptions() == changed


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"precision": 2.0}, TypeError, "precision must be an integer, got 2.0"),
        ({"edgeitems": True}, TypeError, "edgeitems must be an integer, got True"),
        ({"linewidth": -1}, ValueError, "linewidth must not be negative, got -1"),
        ({"threshold": math.nan}, TypeError, "threshold must be an integer, got nan"),
        ({"precision": math.inf}, TypeError, "precision must be an integer, got inf"),
        ({"profile": "long"}, ValueError, "profile must be one of default, short, full, got 'long'"),
        ({"sci_mode": 1}, TypeError, "sci_mode must be True, False or None, got 1"),
    ],
)
def test_bad_options_are_refused_and_change_nothing(options, error, message):
    before = printing.get_printoptions()
    with pytest.raises(error, match=f"set_printoptions: {message}"):
        printing.set_printoptions(**{"precision": 7, "edgeitems": 1, **options})
    assert printing.get_printoptions() == before


@pytest.mark.parametrize(
    "array, found", [([1, 2], "list"), (np.array(["a"]), "an array of <U1"), (np.array([1j]), "an array of complex128")]
)
def test_only_arrays_of_numbers_are_taken(array, found):
    with pytest.raises(TypeError, match=f"format_tensor: array must be a NumPy array .* got {found}"):
        printing.format_tensor(array)


SMALL = st.lists(st.integers(0, 5), max_size=4).map(tuple)
LONG = st.one_of(
    st.tuples(st.integers(900, 1100)),
    st.tuples(st.integers(1, 40), st.integers(30, 60)),
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(20, 30)),
    st.tuples(*[st.integers(5, 8)] * 4),
)


@st.composite
def arrays(draw, shapes):
    """Arrays of every dtype, contiguous or not; floats of like or unlike magnitudes, some of them not finite."""
    dtype, shape = draw(st.sampled_from(DTYPES)), draw(shapes)
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    if dtype == "bool":
        array = random.random(shape) < 0.5
    elif dtype in FLOATS:
        array = draw_floats(draw, random, shape, dtype)
    else:
        limits = np.iinfo(dtype)
        largest = draw(st.sampled_from([1, 9, 10, 99, 100, limits.max]))
        array = random.integers(max(limits.min, -largest), min(limits.max, largest), shape, dtype, endpoint=True)
    return np.asarray(array).T if draw(st.booleans()) else np.asarray(array)


def draw_floats(draw, random, shape, dtype):
    limits = np.finfo(dtype)
    lowest, highest = math.log10(limits.tiny) - 2, math.log10(limits.max)
    centre, spread = draw(st.floats(-6, 9)), draw(st.sampled_from([0, 0.5, 3, 3.1, 8, 600]))
    exponent = np.clip(random.uniform(centre - spread / 2, centre + spread / 2, shape), lowest, highest)
    values = 10.0**exponent * random.choice(draw(st.sampled_from([[1.0], [-1.0, 1.0], [-1.0]])), shape)
    if draw(st.booleans()):
        values = np.rint(values)
    share = draw(st.sampled_from([0, 0.2, 1]))
    specials = draw(st.lists(st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf]), min_size=1, max_size=3))
    with np.errstate(over="ignore"):
        return np.where(random.random(shape) < share, random.choice(specials, shape), values).astype(dtype)


def check(torch, array, options=None, **notes):
    """Compare the text with PyTorch's, under the same options; those of an earlier check do not last."""
    for library in (torch, printing):
        library.set_printoptions(profile="default")
        library.set_printoptions(**options or {})
    tensor = torch.from_numpy(array.copy())
    if notes.get("requires_grad"):
        tensor.requires_grad_()
    if notes.get("grad_fn_name") == "MulBackward0":
        tensor = tensor.requires_grad_() * torch.ones((), dtype=tensor.dtype)
    assert printing.format_tensor(array, **notes) == repr(tensor).replace("torch.", "minitorch.")


@hypothesis.given(arrays(SMALL), st.sampled_from([{}, {"requires_grad": True}, {"grad_fn_name": "MulBackward0"}]))
@hypothesis.settings(max_examples=300)
def test_reads_like_pytorch(torch, array, notes):
    check(torch, array, **notes if array.dtype.name in FLOATS else {})


@hypothesis.given(arrays(LONG))
@hypothesis.settings(max_examples=60)
def test_long_arrays_read_like_pytorch(torch, array):
    check(torch, array)


@hypothesis.given(
    arrays(SMALL),
    st.fixed_dictionaries(
        {
            "precision": st.integers(0, 8),
            "threshold": st.sampled_from([0, 1, 7, 50, math.inf]),
            "edgeitems": st.integers(0, 4),
            "linewidth": st.sampled_from([1, 20, 79, 120]),
            "profile": st.sampled_from([None, "default", "short", "full"]),
            "sci_mode": st.sampled_from([None, True, False]),
        }
    ),
)
@hypothesis.settings(max_examples=200)
@hypothesis.example(np.ones((2, 3)), {"edgeitems": 0, "threshold": 0})
@hypothesis.example(np.ones(3), {"edgeitems": 0})
def test_reads_like_pytorch_under_all_options(torch, array, options):
    check(torch, array, options)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("length", range(5, 25))
def test_notes_wrap_where_pytorch_wraps_them(torch, dtype, length):
    check(torch, np.ones(length, dtype))
    check(torch, np.ones(length, dtype), requires_grad=True)
    check(torch, np.ones((2, length), dtype), grad_fn_name="MulBackward0")


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_edges_of_scientific_mode_are_pytorchs(torch, dtype):
    for edge in (1e-4, 1e3, 1e8):
        for value in (np.nextafter(edge, 0), edge, np.nextafter(edge, math.inf), edge / 2, edge * 2):
            with np.errstate(over="ignore"):
                check(torch, np.array([value, 1], dtype))
                check(torch, np.array([value], dtype))
                check(torch, np.array(value, dtype))


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_default_dtype_reads_like_pytorch(torch, name):
    torch.set_default_dtype(getattr(torch, name))
    try:
        for dtype in DTYPES:
            for shape in ((), (3,), (0,), (2, 0)):
                array = np.ones(shape, dtype)
                text = printing.format_tensor(array, default_dtype=np.dtype(name))
                assert text == repr(torch.from_numpy(array)).replace("torch.", "minitorch.")
    finally:
        torch.set_default_dtype(torch.float32)
