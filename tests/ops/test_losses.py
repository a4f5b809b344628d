"""Losses and distances: each by plain loops, beside PyTorch, its gradients, its bad calls."""

import functools
import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch
from minitorch import ops
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.creation import ones, tensor
from minitorch.tensor import Tensor

RNG = np.random.default_rng(0)


def huber(d, delta):
    return d * d / 2 if abs(d) <= delta else delta * (abs(d) - delta / 2)


def cross_entropy(x, t):
    return -(t * max(math.log(x), -100) + (1 - t) * max(math.log1p(-x), -100))


def logistic(x):
    return 1 / (1 + math.exp(-x))


# name: (options, the term of one number and its target, how to draw them)
def real(shape):
    return RNG.normal(0, 2, shape), RNG.normal(0, 2, shape)


def probable(shape):
    return RNG.uniform(0.02, 0.98, shape), RNG.uniform(0.02, 0.98, shape)


def scores(shape):
    return RNG.normal(0, 2, shape), RNG.uniform(0, 1, shape)


def signs(shape):
    return RNG.uniform(-2, 2, shape), RNG.choice([-1.0, 1.0], shape)


POINTWISE = [
    ("l1_loss", {}, lambda x, t: abs(x - t), real),
    ("mse_loss", {}, lambda x, t: (x - t) ** 2, real),
    ("huber_loss", {}, lambda x, t: huber(x - t, 1), real),
    ("huber_loss", {"delta": 0.3}, lambda x, t: huber(x - t, 0.3), real),
    ("smooth_l1_loss", {}, lambda x, t: huber(x - t, 1), real),
    ("smooth_l1_loss", {"beta": 2.5}, lambda x, t: huber(x - t, 2.5) / 2.5, real),
    ("smooth_l1_loss", {"beta": 0}, lambda x, t: abs(x - t), real),
    ("binary_cross_entropy", {}, cross_entropy, probable),
    ("binary_cross_entropy_with_logits", {}, lambda x, t: cross_entropy(logistic(x), t), scores),
    ("kl_div", {}, lambda x, t: t * (math.log(t) - x), scores),
    ("kl_div", {"log_target": True}, lambda x, t: math.exp(t) * (t - x), real),
    ("hinge_embedding_loss", {}, lambda x, t: x if t == 1 else max(0, 1 - x), signs),
    ("hinge_embedding_loss", {"margin": 0.2}, lambda x, t: x if t == 1 else max(0, 0.2 - x), signs),
]
IDS = [f"{name}{options or ''}" for name, options, *_ in POINTWISE]
SHAPES = [(), (5,), (2, 3), (2, 1, 2)]
TARGET_WITHOUT_GRADIENT = {"hinge_embedding_loss", "margin_ranking_loss", "cosine_embedding_loss"}


def quietly(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


@pytest.mark.parametrize("name, options, term, draw", POINTWISE, ids=IDS)
def test_terms(name, options, term, draw):
    for shape in SHAPES:
        x, t = (np.asarray(a) for a in draw(shape))
        terms = np.array([term(a, b) for a, b in zip(x.ravel().tolist(), t.ravel().tolist())]).reshape(shape)
        for reduction, expected in (("none", terms), ("sum", terms.sum()), ("mean", terms.mean())):
            given = functools.partial(getattr(ops, name), Tensor(x), Tensor(t), reduction=reduction, **options)
            loss = quietly(given)
            np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name, options, term, draw", POINTWISE, ids=IDS)
def test_gradients_agree_with_differences(name, options, term, draw):
    for reduction in ("none", "mean"):
        x, t = draw((2, 3))
        target = Tensor(t, requires_grad=name not in TARGET_WITHOUT_GRADIENT)

        def loss(x, t, r=reduction):
            return quietly(lambda: getattr(ops, name)(x, t, reduction=r, **options))

        assert gradcheck(loss, [Tensor(x, requires_grad=True), target])
        assert gradgradcheck(loss, [Tensor(x, requires_grad=True), target])


def same(ours, theirs, inputs):
    """Result and gradients of our call and of PyTorch's; `inputs` are (array, whether it gets a gradient)."""
    torch = pytest.importorskip("torch", reason="needs torch")
    a = [Tensor(x.copy(), requires_grad=wanted) for x, wanted in inputs]
    b = [torch.tensor(x, requires_grad=wanted) for x, wanted in inputs]
    y, expected = quietly(lambda: ours(*a)), quietly(lambda: theirs(*b))
    assert y.shape == tuple(expected.shape) and f"torch.{y.dtype.name}" == str(expected.dtype)
    # PyTorch's binary_cross_entropy holds 1e-12 in single precision: 4e-9 off.
    tolerance = {"rtol": 1e-8, "atol": 1e-11} if y.dtype == np.float64 else {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), **tolerance)
    if expected.requires_grad:
        y.sum().backward()
        expected.sum().backward()
        for p, q in zip(a, b):
            if q.grad is not None:
                np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), **tolerance)


REDUCTIONS = st.sampled_from(["none", "mean", "sum"])
DRAWN_SHAPES = st.lists(st.integers(0, 4), min_size=0, max_size=3).map(tuple)


@pytest.mark.parametrize("name, options, term, draw", POINTWISE, ids=IDS)
def test_pointwise_losses_equal_pytorch(name, options, term, draw):
    torch = pytest.importorskip("torch", reason="needs torch")

    @given(DRAWN_SHAPES, REDUCTIONS, st.sampled_from([np.float64, np.float32]), st.booleans())
    def check(shape, reduction, dtype, equal):
        x, t = (np.asarray(a, dtype) for a in draw(shape))
        x = t.copy() if equal and name != "hinge_embedding_loss" else x
        same(
            lambda x, t: getattr(ops, name)(x, t, reduction=reduction, **options),
            lambda x, t: getattr(torch.nn.functional, name)(x, t, reduction=reduction, **options),
            [(x, True), (t, name not in TARGET_WITHOUT_GRADIENT)],
        )

    check()


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_factors_equal_pytorch(reduction):
    F = pytest.importorskip("torch", reason="needs torch").nn.functional
    x, t, w, p = RNG.uniform(0.1, 0.9, (3, 4)), RNG.uniform(0, 1, (3, 4)), RNG.uniform(1, 2, 4), RNG.uniform(1, 3, 4)
    whole = RNG.uniform(1, 2, (3, 4))
    for name in ("l1_loss", "mse_loss", "huber_loss"):
        ours, theirs = getattr(ops, name), getattr(F, name)
        same(
            lambda x, t, w, f=ours: f(x, t, weight=w, reduction=reduction),
            lambda x, t, w, f=theirs: f(x, t, weight=w, reduction=reduction),
            [(x, True), (t, True), (whole, False)],
        )
    same(
        lambda x, t, w: ops.binary_cross_entropy(x, t, w, reduction=reduction),
        lambda x, t, w: F.binary_cross_entropy(x, t, w, reduction=reduction),
        [(x, True), (t, True), (w, False)],
    )
    same(
        lambda x, t, w, p: ops.binary_cross_entropy_with_logits(x, t, w, reduction=reduction, pos_weight=p),
        lambda x, t, w, p: F.binary_cross_entropy_with_logits(x, t, w, reduction=reduction, pos_weight=p),
        [(x * 9, True), (t, True), (w, False), (p, False)],
    )


def test_extreme_probabilities_and_scores():
    F = pytest.importorskip("torch", reason="needs torch").nn.functional
    x, t = np.array([0.0, 1.0, 0.0, 1.0, 1e-300]), np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    same(lambda x, t: ops.binary_cross_entropy(x, t, reduction="none"),
         lambda x, t: F.binary_cross_entropy(x, t, reduction="none"), [(x, True), (t, False)])  # fmt: skip
    x, t = np.array([-1e4, 1e4, -1e4, 1e4, 0.0]), np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    same(lambda x, t: ops.binary_cross_entropy_with_logits(x, t, reduction="none"),
         lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"), [(x, True), (t, True)])  # fmt: skip


def test_a_probability_of_0_costs_nothing_in_the_divergence():
    loss = ops.kl_div(tensor([-1.0, -2.0]), tensor([0.0, 1.0]), reduction="none")
    assert loss.tolist() == [0.0, 2.0]


def test_batchmean():
    x, t = RNG.normal(0, 1, (4, 3)), RNG.uniform(0.1, 1, (4, 3))
    loss = ops.kl_div(Tensor(x), Tensor(t), reduction="batchmean")
    np.testing.assert_allclose(loss.item(), (t * (np.log(t) - x)).sum() / 4, rtol=1e-12)
    with pytest.warns(UserWarning, match="kl_div: reduction 'mean' .*'batchmean'"):
        ops.kl_div(Tensor(x), Tensor(t))


@pytest.mark.parametrize("name", ["l1_loss", "mse_loss", "huber_loss", "smooth_l1_loss"])
def test_broadcasting_works_and_warns(name):
    x, t = RNG.normal(0, 2, (3, 1)), RNG.normal(0, 2, 3)
    with pytest.warns(UserWarning, match=rf"{name}: input of shape \(3, 1\) and target of shape \(3,\)"):
        loss = getattr(ops, name)(Tensor(x), Tensor(t), reduction="none")
    whole = getattr(ops, name)(Tensor(np.tile(x, 3)), Tensor(np.tile(t, (3, 1))), reduction="none")
    np.testing.assert_allclose(loss.numpy(), whole.numpy(), rtol=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(ops, name)(Tensor(x), Tensor(x + 1))


@pytest.mark.parametrize(
    "options, reduction",
    [
        ({"size_average": True}, "mean"),
        ({"size_average": False}, "sum"),
        ({"reduce": False}, "none"),
        ({"reduce": True}, "mean"),
        ({"size_average": False, "reduce": True}, "sum"),
        ({"size_average": True, "reduce": False}, "none"),
    ],
)
def test_older_names_of_the_reduction(options, reduction):
    x, t = tensor([1.0, 2.0]), tensor([2.5, 4.0])
    with pytest.warns(UserWarning, match=f"mse_loss: .* obsolete, use reduction='{reduction}'"):
        loss = ops.mse_loss(x, t, **options)
    assert loss.tolist() == ops.mse_loss(x, t, reduction=reduction).tolist()


def length(v, p):
    sizes = [abs(a) for a in v]
    if p == math.inf:
        return max(sizes)
    return float(sum(a != 0 for a in sizes)) if p == 0 else sum(a**p for a in sizes) ** (1 / p)


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 2.0, 3.0, math.inf])
def test_lengths_by_loops(p):
    a, b = RNG.normal(0, 2, (4, 3)), RNG.normal(0, 2, (4, 3))
    distances = [length([u - v + 1e-6 for u, v in zip(x, y)], p) for x, y in zip(a.tolist(), b.tolist())]
    np.testing.assert_allclose(ops.pairwise_distance(Tensor(a), Tensor(b), p).numpy(), distances, rtol=1e-10)
    kept = ops.pairwise_distance(Tensor(a), Tensor(b), p, keepdim=True)
    np.testing.assert_allclose(kept.numpy(), np.array(distances)[:, None], rtol=1e-10)
    expected = [[u / length(x, p) for u in x] for x in a.tolist()]
    np.testing.assert_allclose(ops.normalize(Tensor(a), p).numpy(), expected, rtol=1e-10)
    near, far = distances, [length([u - v + 1e-6 for u, v in zip(x, y)], p) for x, y in zip(a.tolist(), (-b).tolist())]
    expected = [max(0, 1.5 + u - v) for u, v in zip(near, far)]
    loss = ops.triplet_margin_loss(Tensor(a), Tensor(b), Tensor(-b), 1.5, p, reduction="none")
    np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-9, atol=1e-9)


def test_angles_by_loops():
    a, b, t = RNG.normal(0, 2, (4, 3)), RNG.normal(0, 2, (4, 3)), np.array([1, -1, 1, -1])
    cosines = [np.dot(x, y) / math.sqrt(np.dot(x, x) * np.dot(y, y)) for x, y in zip(a, b)]
    np.testing.assert_allclose(ops.cosine_similarity(Tensor(a), Tensor(b)).numpy(), cosines, rtol=1e-10)
    expected = [1 - c if s == 1 else max(0, c - 0.1) for c, s in zip(cosines, t)]
    for reduction, value in (("none", expected), ("mean", np.mean(expected)), ("sum", np.sum(expected))):
        loss = ops.cosine_embedding_loss(Tensor(a), Tensor(b), Tensor(t), 0.1, reduction=reduction)
        np.testing.assert_allclose(loss.numpy(), value, rtol=1e-9, atol=1e-11)
    ranks = ops.margin_ranking_loss(Tensor(a[:, 0]), Tensor(b[:, 0]), Tensor(t), 0.5, reduction="none")
    np.testing.assert_allclose(ranks.numpy(), [max(0, 0.5 - s * (x[0] - y[0])) for x, y, s in zip(a, b, t)], rtol=1e-12)


def test_vectors_of_length_0_have_derivative_0():
    zero = Tensor(np.zeros((2, 3)), requires_grad=True)
    for loss in (
        ops.normalize(zero).sum(),
        ops.cosine_similarity(zero, ones(2, 3).double()).sum(),
        ops.pairwise_distance(zero, zero.detach(), eps=0.0).sum(),
    ):
        zero.grad = None
        loss.backward()
        assert np.isfinite(zero.grad.numpy()).all()


DISTANCES = [
    ("pairwise_distance", 2, {"p": 3.0}), ("pairwise_distance", 2, {"keepdim": True}),
    ("pairwise_distance", 2, {"p": 1.0}), ("pairwise_distance", 2, {"p": math.inf}),
    ("cosine_similarity", 2, {}), ("cosine_similarity", 2, {"dim": -1}),
    ("cosine_similarity", 2, {"dim": 0, "eps": 0.7}),
    ("normalize", 1, {}), ("normalize", 1, {"p": 1.0, "dim": 0}), ("normalize", 1, {"p": 4.0, "eps": 2.0}),
    ("triplet_margin_loss", 3, {}), ("triplet_margin_loss", 3, {"swap": True}),
    ("triplet_margin_loss", 3, {"margin": 0.2, "p": 1.0, "reduction": "sum"}),
    ("triplet_margin_loss", 3, {"reduction": "none"}),
]  # fmt: skip


@pytest.mark.parametrize("name, count, options", DISTANCES, ids=[f"{n}{o or ''}" for n, _, o in DISTANCES])
def test_distances_equal_pytorch_and_differences(name, count, options):
    torch = pytest.importorskip("torch", reason="needs torch")

    @given(st.lists(st.integers(1, 4), min_size=2, max_size=3).map(tuple), st.data())
    def check(shape, data):
        inputs = []
        for _ in range(count):
            own = list(shape)
            if count == 2:  # two inputs broadcast
                own[data.draw(st.integers(0, len(shape) - 2))] = 1
            inputs.append((RNG.normal(0, 1, own), True))
        same(
            lambda *x: getattr(ops, name)(*x, **options),
            lambda *x: getattr(torch.nn.functional, name)(*x, **options),
            inputs,
        )

    check()
    random = np.random.default_rng(5)  # its own numbers, all lengths well above eps, where the derivative jumps
    inputs = [Tensor(random.uniform(1, 3, (2, 3)), requires_grad=True) for _ in range(count)]
    assert gradcheck(lambda *x: getattr(ops, name)(*x, **options), inputs)
    assert gradgradcheck(lambda *x: getattr(ops, name)(*x, **options), inputs)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_losses_with_signs_equal_pytorch(reduction):
    F = pytest.importorskip("torch", reason="needs torch").nn.functional
    a, b, t = RNG.normal(0, 1, (4, 3)), RNG.normal(0, 1, (4, 3)), np.array([1.0, -1.0, 1.0, -1.0])
    for margin in (0.0, 0.4):
        for name, inputs in (
            ("cosine_embedding_loss", [(a, True), (b, True), (t, False)]),
            ("cosine_embedding_loss", [(a[0], True), (b[0], True), (t[1], False)]),
            ("margin_ranking_loss", [(a, True), (b, True), (t[:, None], False)]),
        ):
            options = {"margin": margin, "reduction": reduction}
            ours, theirs = (functools.partial(getattr(place, name), **options) for place in (ops, F))
            same(ours, theirs, inputs)


def test_promotion_as_in_pytorch():
    F = pytest.importorskip("torch", reason="needs torch").nn.functional
    pairs = [(np.ones(2, np.float32), np.zeros(2, np.int64)), (np.ones(2, np.int64), np.zeros(2, np.float64))]
    for (x, t), name in itertools.product(pairs, ["l1_loss", "mse_loss", "smooth_l1_loss"]):
        same(lambda x, t, n=name: getattr(ops, n)(x, t), lambda x, t, n=name: getattr(F, n)(x, t),
             [(x, False), (t, False)])  # fmt: skip


M, V, WHOLE = ones(2, 3), ones(3), tensor([[1, 2, 3], [4, 5, 6]])
BAD = [
    *((lambda f=f: f(M, M, reduction="avg"), ValueError, f"{f.__name__}: reduction must be .* got 'avg'") for f in (
        ops.l1_loss, ops.mse_loss, ops.huber_loss, ops.smooth_l1_loss, ops.binary_cross_entropy, ops.kl_div,
        ops.binary_cross_entropy_with_logits, ops.hinge_embedding_loss)),
    *((lambda f=f: f(M, ones(2)), RuntimeError, rf"{f.__name__}: .*\(2, 3\) and \(2,\) do not broadcast") for f in (
        ops.l1_loss, ops.mse_loss, ops.huber_loss, ops.smooth_l1_loss, ops.kl_div, ops.hinge_embedding_loss,
        ops.pairwise_distance, ops.cosine_similarity)),
    *((lambda f=f: f(M, 1.0), TypeError, f"{f.__name__}: .* must be a tensor, got float") for f in (
        ops.l1_loss, ops.huber_loss, ops.binary_cross_entropy, ops.kl_div, ops.pairwise_distance)),
    (lambda: ops.l1_loss(M, M, weight=V), ValueError, r"l1_loss: weight must have shape \(2, 3\), got \(3,\)"),
    (lambda: ops.l1_loss(M, M, "sum"), ValueError, "l1_loss: size_average must .* 'sum'; pass reduction= by name"),
    (lambda: ops.huber_loss(M, M, delta=0), RuntimeError, "huber_loss: delta must be positive, got 0"),
    (lambda: ops.huber_loss(M, M, delta="a"), TypeError, "huber_loss: delta must be a number, got str"),
    (lambda: ops.huber_loss(WHOLE, WHOLE), RuntimeError, "huber_loss: input must be floating point, got int64"),
    (lambda: ops.smooth_l1_loss(M, M, beta=-1), RuntimeError, "smooth_l1_loss: beta must not be negative"),
    (lambda: ops.smooth_l1_loss(WHOLE, WHOLE), RuntimeError, "smooth_l1_loss: not defined for int64 and int64"),
    (lambda: ops.binary_cross_entropy(M, V), ValueError, r"binary_cross_entropy: target .*\(2, 3\), got \(3,\)"),
    (lambda: ops.binary_cross_entropy(M * 2, M), RuntimeError, "must hold probabilities .* 2.0 .*with_logits"),
    (lambda: ops.binary_cross_entropy(M * math.nan, M), RuntimeError, "must hold probabilities"),
    (lambda: ops.binary_cross_entropy(M, M.double()), RuntimeError, "must have the same dtype"),
    (lambda: ops.binary_cross_entropy(M, M, ones(2)), RuntimeError, r"weight of shape \(2,\) does not broadcast"),
    (lambda: ops.binary_cross_entropy_with_logits(M, V), ValueError, r"target must have the input's shape"),
    (lambda: ops.binary_cross_entropy_with_logits(M, M, pos_weight=ones(2)), RuntimeError, "pos_weight of shape"),
    (lambda: ops.binary_cross_entropy_with_logits(WHOLE, WHOLE), RuntimeError, "must be floating point, got int64"),
    (lambda: ops.kl_div(M, WHOLE), RuntimeError, "kl_div: target must be floating point, got int64"),
    (lambda: ops.cosine_similarity(WHOLE, WHOLE), RuntimeError, "cosine_similarity: .*, got int64 and int64"),
    (lambda: ops.cosine_similarity(M, M, dim=2), IndexError, "cosine_similarity: dimension out of range"),
    (lambda: ops.normalize(V), IndexError, "normalize: dimension out of range"),
    (lambda: ops.normalize(WHOLE), RuntimeError, "normalize: input must be floating point"),
    (lambda: ops.normalize(M, "a"), TypeError, "normalize: p must be a number, got str"),
    (lambda: ops.cosine_embedding_loss(M, M, M), RuntimeError, "cosine_embedding_loss: expected inputs"),
    (lambda: ops.cosine_embedding_loss(M, M, V), RuntimeError, "cosine_embedding_loss: distances, target of shapes"),
    (lambda: ops.margin_ranking_loss(M, M, V), RuntimeError, "margin_ranking_loss: .*same number of dimensions"),
    (lambda: ops.triplet_margin_loss(M, M, V), RuntimeError, "triplet_margin_loss: .*same number of dimensions"),
    (lambda: ops.triplet_margin_loss(M, M, ones(2, 4)), RuntimeError, "triplet_margin_loss: .* do not broadcast"),
    (lambda: ops.triplet_margin_loss(M, M, M, 0), ValueError, "triplet_margin_loss: margin must be greater than 0"),
    (lambda: ops.cross_entropy(M, tensor([0, 1]), label_smoothing="a"), TypeError, "cross_entropy: label_smoothing"),
]


@pytest.mark.parametrize("call, error, text", BAD)
def test_bad_calls(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_kl_div_batchmean_of_a_single_input_is_a_number():
    target = minitorch.tensor([0.5, 0.5])
    with pytest.warns(UserWarning, match="broadcast"):
        result = minitorch.nn.functional.kl_div(minitorch.tensor(1.0), target, reduction="batchmean")
    assert result.shape == () and abs(result.item() - (np.log(0.5) - 1)) < 1e-6


def test_scores_in_place_of_probabilities_are_pointed_out():
    scores = tensor([[1.0, 2.0, 3.0], [0.5, 0.5, 0.0]])
    with pytest.warns(UserWarning, match=r"sum to 1 up to 6 and not to 1; are they scores\?") as caught:
        loss = ops.cross_entropy(scores, scores)
    assert caught[0].filename == __file__
    logs = scores.log_softmax(1).numpy()
    assert loss.item() == pytest.approx(-(logs * scores.numpy()).sum() / 2, rel=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ops.cross_entropy(scores, scores.softmax(1))
        ops.cross_entropy(scores[:0], scores[:0])
