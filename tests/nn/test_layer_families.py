"""Activations, losses, borders, tables and containers as modules: PyTorch's text, state, arguments and results."""

import inspect
import warnings

import numpy as np
import pytest

from minitorch import nn
from minitorch.creation import ones, randn, tensor, zeros
from minitorch.dtype import float64
from minitorch.tensor import Tensor

MADE = [
    ("CELU", (), {}), ("CELU", (2.0, True), {}), ("ELU", (), {}), ("ELU", (0.5,), {"inplace": True}), ("GELU", (), {}),
    ("GELU", ("tanh",), {}), ("GLU", (), {}), ("GLU", (1,), {}), ("Hardsigmoid", (True,), {}), ("Hardswish", (), {}),
    ("Hardtanh", (), {}), ("Hardtanh", (-2, 0.5, True), {}), ("Hardtanh", (), {"min_value": -3.0}),
    ("LeakyReLU", (), {}), ("LeakyReLU", (0.2, True), {}), ("LogSigmoid", (), {}), ("Mish", (True,), {}),
    ("PReLU", (), {}), ("PReLU", (4, 0.1), {}), ("ReLU6", (), {}), ("ReLU6", (True,), {}), ("SELU", (), {}),
    ("SiLU", (True,), {}), ("Softmin", (1,), {}), ("Softplus", (), {}), ("Softplus", (2, 3), {}), ("Softsign", (), {}),
    ("Tanhshrink", (), {}), ("Threshold", (0.1, -4), {}), ("Threshold", (0.1, -4, True), {}),
    ("PixelShuffle", (2,), {}), ("PixelUnshuffle", (2,), {}), ("ChannelShuffle", (2,), {}),
    ("ZeroPad2d", (1,), {}), ("ConstantPad2d", ((1, 0, 2, 1), 3.5), {}), ("ReflectionPad2d", (1,), {}),
    ("ReplicationPad2d", ((2, 0, 0, 1),), {}), ("CircularPad2d", (1,), {}), ("ZeroPad2d", ((-1, 1, 0, -1),), {}),
    ("Dropout1d", (0.0,), {}), ("Dropout2d", (0.0, True), {}), ("Softmax", (-1,), {}), ("LogSoftmax", (), {"dim": 1}),
]  # fmt: skip
LOSSES = [
    ("L1Loss", ("sum",)), ("MSELoss", ("none",)), ("SmoothL1Loss", ("mean", 0.3)), ("KLDivLoss", ("batchmean", True)),
]  # fmt: skip
IDS = [f"{name}{args}{kwargs or ''}" for name, args, kwargs in MADE]


@pytest.fixture
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name, args, kwargs", MADE, ids=IDS)
def test_equals_pytorch(name, args, kwargs, quiet):
    torch = pytest.importorskip("torch", reason="needs torch")
    ours, theirs = getattr(nn, name)(*args, **kwargs).double(), getattr(torch.nn, name)(*args, **kwargs).double()
    assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())
    for key in theirs.__constants__ if hasattr(theirs, "__constants__") else ():
        assert getattr(ours, key) == getattr(theirs, key), key
    x = np.random.default_rng(0).normal(0, 3, (2, 4, 4, 4))
    x = x[:, :, 0] if name == "Dropout1d" else x
    for training in (True, False):
        a, b = Tensor(x.copy(), requires_grad=True), torch.tensor(x, requires_grad=True)
        y, expected = ours.train(training)(a * 1), theirs.train(training)(b * 1)
        np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-12)
        start = np.random.default_rng(1).standard_normal(y.shape)
        ours.zero_grad()
        theirs.zero_grad()
        y.backward(Tensor(start))
        expected.backward(torch.from_numpy(start))
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-7, atol=1e-12)
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_arguments_and_defaults_are_pytorchs():
    torch = pytest.importorskip("torch", reason="needs torch")
    names = {name for name, *_ in MADE} | {
        "BCELoss", "BCEWithLogitsLoss", "CosineEmbeddingLoss", "CosineSimilarity", "CrossEntropyLoss", "Embedding",
        "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss", "NLLLoss",
        "PairwiseDistance", "SmoothL1Loss", "TripletMarginLoss", "Dropout", "Sigmoid", "Tanh", "ReLU", "Unflatten",
    }  # fmt: skip
    for name in sorted(names):
        mine, theirs = (inspect.signature(getattr(place, name)).parameters for place in (nn, torch.nn))
        if "args" in theirs:  # a module without arguments
            assert not mine, name
            continue
        assert [(n, p.default) for n, p in mine.items()] == [(n, p.default) for n, p in theirs.items()], name


def test_functional_arguments_and_defaults_are_pytorchs():
    functional = pytest.importorskip("torch", reason="needs torch").nn.functional
    extra = {"out"}
    for name in nn.functional.__all__:
        try:
            theirs = inspect.signature(getattr(functional, name)).parameters
        except (ValueError, AttributeError):
            continue  # built in, without a signature
        mine = inspect.signature(getattr(nn.functional, name)).parameters
        theirs = [n for n in theirs if n not in extra]
        if theirs == ["args", "kwargs"]:
            continue  # chosen at the call
        assert list(mine)[: len(theirs)] == theirs, name


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_with_three_inputs_and_distances(reduction):
    torch = pytest.importorskip("torch", reason="needs torch")
    rng = np.random.default_rng(0)
    a, b, c, sign = (*rng.normal(0, 1, (3, 5, 4)), np.array([1.0, -1, 1, 1, -1]))
    for name, options, inputs in (
        ("CosineEmbeddingLoss", {"margin": 0.2, "reduction": reduction}, (a, b, sign)),
        ("MarginRankingLoss", {"margin": 0.2, "reduction": reduction}, (a[:, 0], b[:, 0], sign)),
        ("HingeEmbeddingLoss", {"margin": 0.7, "reduction": reduction}, (a[:, 0], sign)),
        ("TripletMarginLoss", {"margin": 0.7, "p": 1.0, "swap": True, "reduction": reduction}, (a, b, c)),
        ("HuberLoss", {"delta": 0.4, "reduction": reduction}, (a, b)),
        ("SmoothL1Loss", {"beta": 0.4, "reduction": reduction}, (a, b)),
        ("CosineSimilarity", {"dim": 0}, (a, b)),
        ("PairwiseDistance", {"p": 3.0, "keepdim": True}, (a, b)),
    ):
        ours, theirs = getattr(nn, name)(**options), getattr(torch.nn, name)(**options)
        assert repr(ours) == repr(theirs)
        found, expected = ours(*map(Tensor, inputs)), theirs(*map(torch.tensor, inputs))
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-9, atol=1e-12)


def test_factors_are_part_of_the_state():
    loss = nn.BCEWithLogitsLoss(ones(3), pos_weight=ones(3) * 2)
    assert list(loss.state_dict()) == ["weight", "pos_weight"] and list(nn.BCEWithLogitsLoss().state_dict()) == []
    assert loss.double().pos_weight.dtype == float64
    x, t = np.array([[-1.0, 0.0, 2.0]]), np.array([[0.0, 1.0, 0.5]])
    expected = (1 - t) * x + (1 + t) * np.log1p(np.exp(-x))
    np.testing.assert_allclose(loss(Tensor(x), Tensor(t)).item(), expected.mean(), rtol=1e-12)


def test_older_names_of_the_reduction():
    with pytest.warns(UserWarning, match="L1Loss: .* obsolete, use reduction='sum'"):
        assert nn.L1Loss(size_average=False).reduction == "sum"
    with pytest.warns(FutureWarning, match="Hardtanh: min_value"):
        assert nn.Hardtanh(max_value=3.0).max_val == 3.0


def test_embedding():
    layer = nn.Embedding(5, 3, padding_idx=-2, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True)
    assert repr(layer) == "Embedding(5, 3, padding_idx=3, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True)"
    assert layer.weight[3].tolist() == [0, 0, 0] and repr(nn.Embedding(2, 3)) == "Embedding(2, 3)"
    big = nn.Embedding(400, 300).weight.detach().numpy()
    assert abs(big.mean()) < 5 / np.sqrt(big.size) and abs((big**2).mean() - 1) < 5 * np.sqrt(2 / big.size)
    plain = nn.Embedding(5, 3)
    y = plain(tensor([[4, 0], [4, 1]]))
    assert y.shape == (2, 2, 3) and y[0, 0].tolist() == plain.weight[4].tolist()
    y.sum().backward()
    assert plain.weight.grad[:, 0].tolist() == [1, 1, 0, 0, 2]
    table = randn(4, 2)
    given = nn.Embedding.from_pretrained(table, padding_idx=1)
    assert not given.weight.requires_grad and given.padding_idx == 1 and (given.num_embeddings, 2) == (4, 2)
    assert np.shares_memory(given.weight.array, table.array)
    assert nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad


def test_module_dict():
    layers = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Linear(2, 1)})
    layers.update([("c", nn.Tanh())])
    assert list(layers) == ["b", "a", "c"] == list(layers.keys()) and len(layers) == 3 and "a" in layers
    assert layers["a"] is layers.a and [type(m).__name__ for m in layers.values()] == ["ReLU", "Linear", "Tanh"]
    assert list(layers.state_dict()) == ["a.weight", "a.bias"] and dict(layers.items())["b"] is layers["b"]
    assert isinstance(layers.pop("c"), nn.Tanh) and "c" not in layers
    del layers["b"]
    layers["d"] = nn.ModuleDict(nn.ModuleDict({"x": nn.ReLU()}))
    assert repr(layers["d"]) == "ModuleDict(\n  (x): ReLU()\n)"
    layers.clear()
    assert len(layers) == 0
    for bad, error in ((3, TypeError), ([("a",)], ValueError), ({"a": 1}, TypeError), ({"pop": nn.ReLU()}, KeyError)):
        with pytest.raises(error):
            nn.ModuleDict(bad)


def test_parameter_list():
    weights = nn.ParameterList([ones(2), nn.Parameter(ones(3)), "label"])
    weights += [zeros(1)]
    assert len(weights) == 4 and weights[2] == "label" and isinstance(weights[0], nn.Parameter)
    assert list(weights.state_dict()) == ["0", "1", "3"] and len(list(weights.parameters())) == 3
    assert weights[-1].tolist() == [0] and [len(w) for w in weights[:2]] == [2, 3]
    weights[0] = ones(5)
    assert weights[0].requires_grad and weights[0].shape == (5,)
    assert isinstance(weights[1:], nn.ParameterList) and len(weights[1:]) == 3
    assert "(2): Object of type: str" in repr(weights)
    assert "(1): Parameter containing: [float32 of size 3]" in repr(weights)
    for index in (4, -5):
        with pytest.raises(IndexError, match="ParameterList: index"):
            weights[index]
    with pytest.raises(TypeError, match="extend: .* use append"):
        weights.extend(ones(3))


def test_parameter_dict():
    weights = nn.ParameterDict({"b": ones(2), "a": zeros(3)})
    assert list(weights) == ["a", "b"]  # sorted, as PyTorch takes a plain dictionary
    weights.update([("z", ones(1)), ("c", 5)])
    assert list(weights.keys()) == ["a", "b", "z", "c"] and list(reversed(weights))[0] == "c"
    assert list(weights.state_dict()) == ["a", "b", "z"] and isinstance(weights["z"], nn.Parameter)
    assert weights.get("q", 3) == 3 and weights.get("c") == 5 and weights.setdefault("d", ones(1)).requires_grad
    assert weights.popitem()[0] == "d" and weights.pop("c") == 5 and len(weights) == 3 and "b" in weights
    again = weights.copy()
    assert again["a"] is weights["a"] and [k for k, _ in again.items()] == ["a", "b", "z"]
    assert "(a): Parameter containing: [float32 of size 3]" in repr(weights)
    del weights["a"]
    assert len(weights.values()) == 2
    weights.clear()
    assert not len(weights)
    for call, error in (
        (lambda: weights["q"], KeyError),
        (lambda: weights.popitem(), KeyError),
        (lambda: weights.__setitem__(1, ones(1)), TypeError),
        (lambda: weights.__setitem__("keys", ones(1)), KeyError),
        (lambda: weights.update(3), TypeError),
    ):
        with pytest.raises(error):
            call()


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: nn.Hardtanh(1, 1), ValueError, "Hardtanh: max_val must be above min_val, got 1 and 1"),
        (lambda: nn.TripletMarginLoss(0), ValueError, "TripletMarginLoss: margin must be greater than 0, got 0"),
        (lambda: nn.L1Loss(reduction="avg"), ValueError, "L1Loss: reduction must be .* got 'avg'"),
        (lambda: nn.KLDivLoss(reduction="avg"), ValueError, "'batchmean', got 'avg'"),
        (lambda: nn.Embedding(3, 2, 3), ValueError, "Embedding: padding_idx 3 is out of range for 3 rows"),
        (lambda: nn.Embedding(3, -2), ValueError, "Embedding: embedding_dim must be a non-negative integer, got -2"),
        (lambda: nn.Embedding(3, 2, sparse=True), ValueError, "Embedding: sparse gradients are not available"),
        (lambda: nn.Embedding.from_pretrained(ones(3)), ValueError, r"from_pretrained: .* got shape \(3,\)"),
        (lambda: nn.ZeroPad2d((1, 2)), ValueError, r"ZeroPad2d: padding .* four integers, got \(1, 2\)"),
        (lambda: nn.ReflectionPad2d("a"), ValueError, "ReflectionPad2d: padding must be .* got 'a'"),
        (lambda: nn.Dropout2d(2), ValueError, "Dropout2d: p must be between 0 and 1, got 2"),
        (lambda: nn.PixelShuffle(2)(ones(1, 3, 2, 2)), RuntimeError, "pixel_shuffle: 3 channels"),
        (lambda: nn.ReflectionPad2d(3)(ones(1, 1, 3, 3)), RuntimeError, "pad: widths"),
    ],
)
def test_bad_arguments(make, error, text):
    with pytest.raises(error, match=text):
        make()
