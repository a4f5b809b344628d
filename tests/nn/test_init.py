"""First values: distributions against their formulas, structured tensors against their definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch import nn
from minitorch.creation import empty, ones, zeros
from minitorch.dtype import float64, int64
from minitorch.nn import init
from minitorch.random import Generator

SIZE = 200_000


def drawn(fill, *shape):
    x = empty(*shape, dtype=float64)
    assert fill(x) is x
    return x.numpy().ravel()


def assert_same_distribution(values, cumulative):
    """Kolmogorov and Smirnov's test; 2.2 / sqrt(n) is passed by chance once in some 10,000 draws."""
    values = np.sort(values)
    expected = cumulative(values)
    n = values.size
    distance = max((np.arange(1, n + 1) / n - expected).max(), (expected - np.arange(n) / n).max())
    assert distance < 2.2 / math.sqrt(n)


def uniform_cdf(a, b):
    return lambda x: np.clip((x - a) / (b - a), 0, 1)


def normal_cdf(mean, std):
    return lambda x: np.array([0.5 * math.erfc((mean - v) / std / math.sqrt(2)) for v in x])


def test_uniform():
    values = drawn(lambda x: init.uniform_(x, -2, 5), SIZE)
    assert values.min() >= -2 and values.max() <= 5
    assert_same_distribution(values, uniform_cdf(-2, 5))
    assert_same_distribution(drawn(init.uniform_, 1000), uniform_cdf(0, 1))


def test_normal():
    assert_same_distribution(drawn(lambda x: init.normal_(x, 3, 0.5), SIZE), normal_cdf(3, 0.5))
    assert_same_distribution(drawn(init.normal_, 1000), normal_cdf(0, 1))
    assert drawn(lambda x: init.normal_(x, 3, 0), 10).tolist() == [3] * 10


@pytest.mark.parametrize(
    "mean, std, a, b",
    [(0, 1, -2, 2), (0, 0.02, -2, 2), (1, 2, 0, 1.5), (0, 1, 1, 3), (0, 1, -9, -6), (2, 0.1, -1, 1), (0, 1, 30, 31)],
)
def test_trunc_normal(mean, std, a, b):
    values = drawn(lambda x: init.trunc_normal_(x, mean, std, a, b), 50_000)
    assert values.min() >= a and values.max() <= b
    # The density is exp(-(x - mean)^2 / (2 std^2)) on [a, b]: integrated by the trapezoidal rule where it is not 0.
    near = min(max(mean, a), b)
    grid = np.linspace(max(a, near - 12 * std), min(b, near + 12 * std), 200_001)
    exponent = -((grid - mean) ** 2) / (2 * std**2)
    density = np.exp(exponent - exponent.max())
    area = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    assert_same_distribution(values, lambda x: np.interp(x, grid, area / area[-1]))


def test_trunc_normal_by_default_and_on_a_point():
    assert np.abs(drawn(init.trunc_normal_, 10_000)).max() <= 2
    assert drawn(lambda x: init.trunc_normal_(x, 0, 1, 0.5, 0.5), 10).tolist() == [0.5] * 10
    assert drawn(init.trunc_normal_, 0).size == 0


SHAPES = [(400, 300), (64, 32, 5, 5)]


@pytest.mark.parametrize("gain", [1.0, 2.5])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_xavier(shape, gain):
    field = math.prod(shape[2:])
    variance = gain**2 * 2 / (field * (shape[0] + shape[1]))  # Glorot and Bengio 2010, equation 12
    bound = math.sqrt(3 * variance)
    values = drawn(lambda x: init.xavier_uniform_(x, gain), *shape)
    assert_same_distribution(values, uniform_cdf(-bound, bound))
    values = drawn(lambda x: init.xavier_normal_(x, gain), *shape)
    assert_same_distribution(values, normal_cdf(0, math.sqrt(variance)))


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
@pytest.mark.parametrize(
    "a, nonlinearity, square", [(0, "leaky_relu", 2), (0.5, "leaky_relu", 1.6), (0, "tanh", 25 / 9), (0, "relu", 2)]
)
def test_kaiming(mode, a, nonlinearity, square):
    shape = (64, 32, 5, 5)
    variance = square / (25 * (32 if mode == "fan_in" else 64))  # He et al. 2015, equations 10 and 14
    bound = math.sqrt(3 * variance)
    values = drawn(lambda x: init.kaiming_uniform_(x, a, mode, nonlinearity), *shape)
    assert_same_distribution(values, uniform_cdf(-bound, bound))
    values = drawn(lambda x: init.kaiming_normal_(x, a, mode, nonlinearity), *shape)
    assert_same_distribution(values, normal_cdf(0, math.sqrt(variance)))


def test_constants():
    assert init.constant_(empty(2), 1.5).tolist() == [1.5, 1.5]
    assert init.ones_(empty(2)).tolist() == [1, 1] and init.zeros_(empty(2)).tolist() == [0, 0]
    assert init.eye_(empty(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("shape, pad", [((4, 2, 3), (1,)), ((4, 4, 3, 5), (1, 2)), ((2, 6, 3, 3), (1, 1))], ids=str)
def test_dirac_keeps_the_input(shape, pad, groups):
    weight = init.dirac_(empty(*shape), groups).numpy()
    for o, i in np.ndindex(*shape[:2]):
        expected = np.zeros(shape[2:])
        expected[pad] = float(o % (shape[0] // groups) == i)
        assert np.array_equal(weight[o, i], expected)


@given(st.sampled_from([(5, 5), (3, 7), (8, 2), (4, 3, 3, 3), (40, 3, 3, 3), (1, 1)]), st.floats(0.1, 3))
def test_orthogonal(shape, gain):
    matrix = drawn(lambda x: init.orthogonal_(x, gain), *shape).reshape(shape[0], -1)
    rows, columns = matrix.shape
    product = matrix @ matrix.T if rows <= columns else matrix.T @ matrix
    np.testing.assert_allclose(product, gain**2 * np.eye(min(rows, columns)), atol=1e-10)


def test_orthogonal_matrices_are_evenly_spread():
    corner = [init.orthogonal_(empty(3, 3, dtype=float64)).numpy()[0, 0] for _ in range(2000)]
    assert_same_distribution(np.array(corner), uniform_cdf(-1, 1))  # a coordinate of a random point of the sphere
    assert init.orthogonal_(empty(0, 3)).shape == (0, 3)


def test_generator_and_seed():
    for fill in (init.uniform_, init.normal_, init.trunc_normal_, init.kaiming_normal_, init.xavier_uniform_):
        a, b = (fill(empty(3, 3), generator=Generator(1)).numpy() for _ in range(2))
        c = fill(empty(3, 3)).numpy()
        assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_writes_outside_of_the_graph_and_counts():
    parameter = nn.Parameter(ones(3))
    y = parameter * parameter
    init.uniform_(parameter)
    assert parameter.is_leaf and parameter.requires_grad and parameter._version == 1
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()


def test_dtype_stays():
    assert init.uniform_(empty(3)).dtype == np.float32 and init.ones_(zeros(3, dtype=int64)).dtype == int64


def test_calculate_gain_against_the_variance_that_it_makes_up_for():
    x = np.random.default_rng(0).standard_normal(1_000_000)
    relu = np.maximum(x, 0)
    leaky = np.where(x > 0, x, 0.3 * x)
    assert init.calculate_gain("relu") == pytest.approx(1 / math.sqrt((relu**2).mean()), rel=0.01)
    assert init.calculate_gain("leaky_relu", 0.3) == pytest.approx(1 / math.sqrt((leaky**2).mean()), rel=0.01)
    assert init.calculate_gain("leaky_relu") == pytest.approx(math.sqrt(2 / 1.0001))
    assert init.calculate_gain("tanh") == pytest.approx(5 / 3)
    assert init.calculate_gain("linear") == init.calculate_gain("conv2d") == init.calculate_gain("sigmoid") == 1


def test_fans():
    assert init._calculate_fan_in_and_fan_out(empty(7, 5)) == (5, 7)
    assert init._calculate_fan_in_and_fan_out(empty(7, 5, 3, 2)) == (30, 42)


def test_gains_and_fans_of_pytorch():
    torch = pytest.importorskip("torch", reason="needs torch")
    for name in (*init._GAINS, "leaky_relu"):
        assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    for shape in ((2, 3), (2, 3, 4), (2, 3, 4, 5)):
        expected = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
        assert init._calculate_fan_in_and_fan_out(empty(*shape)) == expected
    for shape, groups in (((4, 2, 3), 2), ((4, 4, 3, 5), 1), ((6, 2, 4, 4), 3), ((2, 3, 2, 3, 4), 1)):
        expected = torch.nn.init.dirac_(torch.empty(shape), groups).numpy()
        assert np.array_equal(init.dirac_(empty(*shape), groups).numpy(), expected)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: init.uniform_(np.ones(3)), TypeError, "uniform_: expected a tensor, got ndarray"),
        (lambda: init.uniform_(empty(3), 2, 1), ValueError, "a must not be above b, got a=2 and b=1"),
        (lambda: init.normal_(empty(3), 0, -1), ValueError, "std must not be negative, got -1"),
        (lambda: init.trunc_normal_(empty(3), 0, 1, 2, 1), ValueError, "trunc_normal_: needs a <= b and std > 0"),
        (lambda: init.trunc_normal_(empty(3), 0, 0), ValueError, "trunc_normal_: needs a <= b and std > 0"),
        (lambda: init.xavier_uniform_(empty(3)), ValueError, r"at least 2 dimensions, got shape \(3,\)"),
        (lambda: init.kaiming_normal_(empty(3)), ValueError, "at least 2 dimensions"),
        (lambda: init.kaiming_uniform_(empty(3, 3), mode="in"), ValueError, "mode must be 'fan_in' or 'fan_out'"),
        (lambda: init.kaiming_uniform_(empty(3, 3), nonlinearity="gelu"), ValueError, "one of linear, .* got 'gelu'"),
        (lambda: init.calculate_gain("leaky_relu", "x"), ValueError, "the slope must be a number, got 'x'"),
        (lambda: init.orthogonal_(empty(3)), ValueError, "orthogonal_: need a tensor of at least 2 dimensions"),
        (lambda: init.eye_(empty(3)), ValueError, r"eye_: expected a tensor of 2 dimensions, got shape \(3,\)"),
        (lambda: init.dirac_(empty(3, 3)), ValueError, "dirac_: expected a tensor of 3 or 4 or 5 dimensions"),
        (lambda: init.dirac_(empty(3, 3, 3), 2), ValueError, "3 filters do not divide into groups=2"),
        (lambda: init.zeros_(ones(1).expand(3)), RuntimeError, "constant_: the memory is shared"),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()
