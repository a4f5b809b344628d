"""Cross entropy in CUDA C++ and on the CPU against its formula."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from kernels.on_device import MODES, close, numbers, on, quick, transposed_memory

from minitorch.kernels import cpu, cuda

SHAPES = [(1, 1, 1), (5, 7, 1), (3, 10, 1), (67, 3, 1), (2, 33, 1), (2, 71, 1), (2, 5, 3), (3, 2, 97), (1, 4, 259)]
# (probabilities, weights, smoothing)
KINDS = [(False, False, 0.0), (False, True, 0.0), (False, True, 0.2), (True, False, 0.0), (True, True, 0.3)]
IGNORED = -100


def given_to_loss(shape, probabilities, weighted, dtype):
    random = np.random.default_rng(0)
    n, classes, inner = shape
    target = random.integers(0, classes, (n, inner))
    target[random.random(target.shape) < 0.2] = IGNORED
    if probabilities:
        target = random.random(shape).astype(dtype)
    weight = (random.random(classes) + 0.1).astype(dtype) if weighted else None
    return numbers(shape, dtype), target, weight


def formula(score, target, weight, smoothing):
    """(loss, log_sum, mass, factor) and the gradient for a gradient of 1, place by place in float64."""
    n, classes, inner = score.shape
    score = score.astype(np.float64)
    weight = np.ones(classes) if weight is None else weight.astype(np.float64)
    results, slopes = [np.zeros((n, inner)) for _ in range(4)], np.zeros(score.shape)
    for i in range(n):
        for j in range(inner):
            x = score[i, :, j]
            log_sum = x.max() + np.log(np.exp(x - x.max()).sum())
            if target.dtype.kind == "f":
                share, factor = target[i, :, j].astype(np.float64), 1
            else:
                share, factor = np.zeros(classes), 0
                if target[i, j] != IGNORED:
                    share[target[i, j]], factor = 1, weight[target[i, j]]
            counts = target.dtype.kind == "f" or target[i, j] != IGNORED
            share = weight * ((1 - smoothing) * share + smoothing / classes) * counts
            values = (share * (log_sum - x)).sum(), log_sum, share.sum(), factor
            for result, value in zip(results, values):
                result[i, j] = value
            slopes[i, :, j] = share.sum() * np.exp(x - log_sum) - share
    return results, slopes


def check(shape, kind, dtype, device, mode="check", order=np.asarray):
    kernels = cpu if device == "cpu" else cuda
    probabilities, weighted, smoothing = kind
    score, target, weight = given_to_loss(shape, probabilities, weighted, dtype)
    score, target = order(score), order(target)
    expected, slopes = formula(score, target, weight, smoothing)
    settings = (score, target, weight, IGNORED, smoothing)
    close(on(device, kernels.cross_entropy, *settings, mode=mode), [x.astype(dtype) for x in expected], dtype)
    grad = order(numbers((shape[0], shape[2]), dtype, 3))
    kept = expected[1].astype(dtype), expected[2].astype(dtype)
    found = on(device, kernels.cross_entropy_grad, grad, *settings, *kept, mode=mode)
    close([found], [(slopes * grad[:, None]).astype(dtype)], dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_equals_formula(shape, kind, device):
    check(shape, kind, "float64", device)


@pytest.mark.parametrize("mode", MODES)
def test_in_every_order(mode, other_device):
    check((3, 70, 1), KINDS[2], "float32", other_device, mode)
    check((2, 3, 300), KINDS[4], "float32", other_device, mode)


@pytest.mark.parametrize("shape", [(3, 5, 2), (4, 3, 1)])
def test_memory_in_any_order(shape, device):
    check(shape, KINDS[4], "float32", device, order=transposed_memory)


@quick
@given(st.tuples(st.integers(1, 40), st.integers(1, 80), st.sampled_from([1, 1, 2, 13])), st.sampled_from(KINDS))
def test_any_size(other_device, shape, kind):
    check(shape, kind, "float32", other_device)


def test_ignored_places_count_for_nothing_even_with_infinite_scores(device):
    kernels = cpu if device == "cpu" else cuda
    score = np.array([[[-np.inf], [0.0]], [[0.0], [0.0]]])
    target = np.array([[IGNORED], [1]])
    loss, log_sum, mass, factor = on(device, kernels.cross_entropy, score, target, None, IGNORED, 0.5)
    np.testing.assert_allclose(loss[:, 0], [0, np.log(2)])
    assert mass[0, 0] == 0 and factor[0, 0] == 0
    slopes = on(device, kernels.cross_entropy_grad, np.ones((2, 1)), score, target, None, IGNORED, 0.5, log_sum, mass)
    assert not slopes[0].any()


def test_closed_classes_are_no_nan(device):
    kernels = cpu if device == "cpu" else cuda
    score = np.array([[[-np.inf], [1.0], [1.0], [-np.inf]]])
    loss, *_ = on(device, kernels.cross_entropy, score, np.array([[2]]), None, IGNORED, 0.0)
    np.testing.assert_allclose(loss, [[np.log(2)]])
    loss, *_ = on(device, kernels.cross_entropy, score, np.array([[0]]), None, IGNORED, 0.0)
    assert loss.item() == np.inf


@pytest.mark.parametrize("wrong", [-1, 3, 2**40])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_number_that_is_no_class_gives_nan_and_reads_nothing_outside(wrong, weighted, other_device):
    weight = np.ones(3) if weighted else None
    found = on(other_device, cuda.cross_entropy, np.zeros((1, 3, 1)), np.array([[wrong]]), weight, IGNORED, 0.0)
    assert all(np.isnan(found[i]).all() for i in (0, 2, 3))


def test_large_scores_do_not_overflow(device):
    score = np.array([[[1e30], [-1e30]]], np.float32)
    loss, *_ = on(device, (cpu if device == "cpu" else cuda).cross_entropy, score, np.array([[0]]), None, IGNORED, 0.0)
    assert loss.item() == 0
