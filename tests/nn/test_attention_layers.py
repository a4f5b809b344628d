"""Attention layers beside PyTorch's: state, text, results, gradients; and what holds without PyTorch."""

import numpy as np
import pytest

from minitorch import nn
from minitorch.autograd import grad
from minitorch.tensor import Tensor


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def pair_of(torch, name, *args, **kwargs):
    """Our layer and PyTorch's with one uneven float64 state."""
    theirs = getattr(torch.nn, name)(*args, **kwargs).double()
    with torch.no_grad():
        for i, value in enumerate(theirs.parameters()):
            value.copy_(torch.tensor(normal(*value.shape, seed=i)))
    ours = getattr(nn, name)(*args, **kwargs).double()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs).replace("NonDynamicallyQuantizableLinear", "Linear")
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    return ours, theirs


def compare(torch, ours, theirs, *arrays, **options):
    """First results and the gradients to inputs and parameters."""
    mine, other = ([make(a) for a in arrays] for make in (lambda a: Tensor(a, requires_grad=True), torch.tensor))
    other = [x.requires_grad_() for x in other]
    y = ours(*mine, **{k: Tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()})
    expected = theirs(*other, **{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()})
    if isinstance(y, tuple):
        assert (y[1] is None) == (expected[1] is None)
        if y[1] is not None:
            np.testing.assert_allclose(y[1].detach().numpy(), expected[1].detach().numpy(), atol=1e-10)
        y, expected = y[0], expected[0]
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), atol=1e-9)
    start = normal(*y.shape, seed=9)
    mine, other = mine + list(ours.parameters()), other + list(theirs.parameters())
    found = grad(y, mine, Tensor(start), allow_unused=True)
    wanted = torch.autograd.grad(expected, other, torch.tensor(start), allow_unused=True)
    for a, b in zip(found, wanted, strict=True):
        assert (a is None) == (b is None)
        if b is not None:
            np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-8)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": False, "batch_first": True},
        {"add_bias_kv": True, "add_zero_attn": True},
        {"kdim": 3, "vdim": 5},
        {"kdim": 4, "vdim": 2, "batch_first": True, "bias": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("batched", [False, True])
def test_multihead_attention(options, batched):
    torch = pytest.importorskip("torch", reason="needs torch")
    ours, theirs = pair_of(torch, "MultiheadAttention", 4, 2, **options)
    for name in ("embed_dim", "num_heads", "head_dim", "kdim", "vdim", "dropout", "batch_first", "add_zero_attn"):
        assert getattr(ours, name) == getattr(theirs, name)
    middle = (2,) if batched else ()
    shapes = [(n, *middle, size) for n, size in ((3, 4), (5, ours.kdim), (5, ours.vdim))]
    if options.get("batch_first") and batched:
        shapes = [(b, a, c) for a, b, c in shapes]
    arrays = [normal(*shape, seed=i) for i, shape in enumerate(shapes)]
    hidden = np.zeros((2, 5) if batched else (5,), bool)
    hidden[..., -1] = True
    for more in (
        {},
        {"need_weights": False},
        {"average_attn_weights": False, "key_padding_mask": hidden},
        {"attn_mask": np.triu(np.ones((3, 5), bool), 1)},
        {"attn_mask": normal(3, 5), "need_weights": False},
    ):
        compare(torch, ours, theirs, *arrays, **more)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_encoder_layer(norm_first, activation):
    torch = pytest.importorskip("torch", reason="needs torch")
    options = {"dropout": 0.0, "activation": activation, "norm_first": norm_first, "batch_first": norm_first}
    ours, theirs = pair_of(torch, "TransformerEncoderLayer", 4, 2, 6, **options)
    x = normal(2, 2, 4)
    compare(torch, ours, theirs, x)
    compare(torch, ours, theirs, x, src_mask=np.array([[False, True], [False, False]]))
    compare(torch, ours, theirs, x, src_key_padding_mask=np.array([[False, True], [False, False]]))
    compare(torch, ours, theirs, x[0])


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_encoder():
    torch = pytest.importorskip("torch", reason="needs torch")
    encoders = []
    for library in (nn, torch.nn):
        layer = library.TransformerEncoderLayer(4, 2, 6, dropout=0.0, bias=False)
        encoders.append(library.TransformerEncoder(layer, 2, library.LayerNorm(4)).double())
    ours, theirs = encoders
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs).replace("NonDynamicallyQuantizableLinear", "Linear")
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    compare(torch, ours, theirs, normal(3, 2, 4))
    compare(torch, ours, theirs, normal(3, 2, 4), mask=np.triu(np.ones((3, 3), bool), 1))


def test_layers_of_an_encoder_are_copies():
    layer = nn.TransformerEncoderLayer(4, 2, 6)
    encoder = nn.TransformerEncoder(layer, 2)
    first, second = encoder.layers[0].linear1.weight, encoder.layers[1].linear1.weight
    assert first is not second and first is not layer.linear1.weight
    np.testing.assert_array_equal(first.detach().numpy(), second.detach().numpy())


def test_order_of_the_sequence_does_not_matter_to_its_keys():
    layer = nn.MultiheadAttention(4, 2, batch_first=True).double()
    x, order = normal(2, 5, 4), [3, 0, 4, 1, 2]
    y, weights = layer(Tensor(x), Tensor(x), Tensor(x))
    turned, turned_weights = layer(Tensor(x), Tensor(x[:, order]), Tensor(x[:, order]))
    np.testing.assert_allclose(turned.detach().numpy(), y.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(turned_weights.detach().numpy(), weights.detach().numpy()[:, :, order], atol=1e-12)
    np.testing.assert_allclose(weights.detach().numpy().sum(-1), 1)


def test_a_causal_mask_hides_the_future():
    layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True).double()
    mask = Tensor(np.triu(np.ones((4, 4), bool), 1))
    x = normal(1, 4, 4)
    y = layer(Tensor(x), mask).detach().numpy()
    x[0, 3] += 1
    changed = layer(Tensor(x), mask, is_causal=True).detach().numpy()
    np.testing.assert_allclose(changed[0, :3], y[0, :3], atol=1e-12)
    assert abs(changed[0, 3] - y[0, 3]).max() > 1e-3


def test_dropout_of_the_weights_is_for_training():
    layer, x = nn.MultiheadAttention(4, 2, dropout=0.5), Tensor(normal(6, 1, 4).astype(np.float32))
    weights = layer(x, x, x, average_attn_weights=False)[1].detach().numpy()
    assert (weights == 0).any()
    weights = layer.eval()(x, x, x, average_attn_weights=False)[1].detach().numpy()
    assert (weights > 0).all()


def test_first_values():
    layer = nn.MultiheadAttention(8, 2, add_bias_kv=True)
    bound = np.sqrt(6 / (8 + 24))
    assert bound / 2 < abs(layer.in_proj_weight.detach().numpy()).max() <= bound
    assert not layer.in_proj_bias.detach().numpy().any() and not layer.out_proj.bias.detach().numpy().any()
    assert layer.bias_k.shape == (1, 1, 8) and layer.bias_k.detach().numpy().any()


def test_bad_arguments():
    with pytest.raises(RuntimeError, match="activation must be 'relu' or 'gelu', got 'tanh'"):
        nn.TransformerEncoderLayer(4, 2, activation="tanh")
    with pytest.raises(TypeError, match="encoder_layer must be an nn.Module"):
        nn.TransformerEncoder(None, 2)
