"""Activations, class-activation maps, principal components and densities against their formulas and PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch
from minitorch import models, nn
from minitorch.creation import from_numpy, randn
from minitorch.tools import inspection
from minitorch.training import Series


def images(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


@pytest.fixture
def network():
    """A small residual network whose batch norms have seen something."""
    model = models.cifar_resnet20(widths=(4, 6, 8), num_classes=5)
    for _ in range(3):
        model(randn(8, 3, 16, 16))
    return model


def test_activations_are_what_the_layers_give(network):
    x = images(2, 3, 16, 16)
    seen = inspection.activations(network, x)
    assert list(seen) == ["conv1", "layer1", "layer2", "layer3"]
    network.eval()
    maps = network.features(from_numpy(x))
    for info, expected in list(zip(network.feature_info, maps))[1:]:
        np.testing.assert_allclose(seen[info.name], expected.detach().numpy(), rtol=1e-5, atol=1e-5)
    network.train()
    chosen = inspection.activations(network, x, ["layer1.0.conv1", "fc"])
    assert chosen["layer1.0.conv1"].shape == (2, 4, 16, 16) and chosen["fc"].shape == (2, 5)
    assert network.training and not any(m._forward_hooks for m in network.modules())


def test_head_inputs_are_the_pooled_maps(network):
    x = images(5, 3, 16, 16)
    vectors = inspection.head_inputs(network, x, batch_size=2)
    network.eval()
    np.testing.assert_allclose(vectors, network.neck(network.features(from_numpy(x))[-1]).detach().numpy(), rtol=1e-4)
    assert inspection.head_inputs(models.lenet5(), images(3, 1, 28, 28)).shape == (3, 84)


def test_the_mean_of_a_class_activation_map_is_the_score(network):
    x, classes = images(3, 3, 16, 16), [4, 0, 2]
    result = inspection.class_activation_map(network, x, classes, resize=False)
    scores = network.eval()(from_numpy(x)).detach().numpy()
    expected = scores[np.arange(3), classes]
    bias = network.fc.bias.detach().numpy()[classes]
    np.testing.assert_allclose(result.maps.mean((1, 2)) + bias, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(result.scores, expected, rtol=1e-5)
    best = inspection.class_activation_map(network, x)
    assert best.classes.tolist() == scores.argmax(1).tolist() and best.maps.shape == (3, 16, 16)


def test_grad_cam_of_the_last_map_is_the_class_activation_map_without_its_negative_part(network):
    """With average pooling the gradient of the score is weight / places everywhere (section 3 of the paper)."""
    x = images(3, 3, 16, 16)
    cam = inspection.class_activation_map(network, x, 1, resize=False).maps
    grad_cam = inspection.grad_cam(network, x, classes=1, resize=False).maps
    np.testing.assert_allclose(grad_cam, np.maximum(cam, 0) / cam[0].size, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("layer", [0, 2, 3])
def test_grad_cam_beside_hooks_in_pytorch(layer):
    torch = pytest.importorskip("torch", reason="needs torch")

    def build(library):
        return library.Sequential(
            library.Conv2d(3, 4, 3, stride=2), library.BatchNorm2d(4), library.ReLU(), library.Conv2d(4, 6, 3),
            library.Flatten(), library.Linear(6 * 5 * 5, 7),
        )  # fmt: skip

    ours, theirs = build(nn), build(torch.nn)
    for _ in range(2):
        ours(randn(8, 3, 15, 15))
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()})
    theirs.eval()
    x, classes = images(4, 3, 15, 15), [6, 1, 1, 3]
    seen = {}
    theirs[layer].register_forward_hook(lambda module, args, output: seen.update(maps=output))
    theirs[layer].register_full_backward_hook(lambda module, given, received: seen.update(gradient=received[0]))
    theirs(torch.tensor(x, requires_grad=True))[range(4), classes].sum().backward()
    alpha = seen["gradient"].mean((2, 3), keepdim=True)
    expected = torch.relu((alpha * seen["maps"]).sum(1, keepdim=True))
    result = inspection.grad_cam(ours, x, str(layer), classes, resize=False)
    np.testing.assert_allclose(result.maps, expected[:, 0].detach().numpy(), rtol=1e-4, atol=1e-6)
    enlarged = torch.nn.functional.interpolate(expected, (15, 15), mode="bilinear")[:, 0].detach().numpy()
    result = inspection.grad_cam(ours, x, str(layer), classes)
    np.testing.assert_allclose(result.maps, enlarged, rtol=1e-4, atol=1e-6)


def test_grad_cam_leaves_everything_as_it_was(network):
    nn.utils.freeze(network)
    before = {key: value.numpy().copy() for key, value in network.state_dict().items()}
    x = from_numpy(images(2, 3, 16, 16))
    result = inspection.grad_cam(network, x, "layer2.1.bn1")
    assert result.maps.any() and result.maps.min() >= 0
    assert network.training and not x.requires_grad and x.grad is None
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(np.array_equal(before[key], value.numpy()) for key, value in network.state_dict().items())
    assert not any(m._forward_hooks for m in network.modules()) and minitorch.is_grad_enabled()


class Idle(nn.Module):
    """A network with a layer that it does not call, and one whose output it does not use."""

    def __init__(self):
        super().__init__()
        self.conv, self.other, self.never = nn.Conv2d(1, 2, 1), nn.Conv2d(1, 2, 1), nn.Conv2d(1, 2, 1)

    def forward(self, x):
        self.other(x)
        return self.conv(x).mean((2, 3))


BAD = [
    (lambda m, x: inspection.grad_cam(m, x, "layer9"), AttributeError, "layer9"),
    (lambda m, x: inspection.grad_cam(m, x, "fc"), ValueError, r"'fc' gives shape \(2, 5\)"),
    (lambda m, x: inspection.grad_cam(m, x, classes=5), ValueError, "classes must be 2 numbers from 0 to 4"),
    (lambda m, x: inspection.grad_cam(m, x, classes=[1]), ValueError, "classes must be 2 numbers from 0 to 4"),
    (lambda m, x: inspection.grad_cam(m, x, classes=[0.5, 1]), ValueError, "classes must be 2 numbers"),
    (lambda m, x: inspection.class_activation_map(m, x, [0, -1]), ValueError, "classes must be 2 numbers"),
    (lambda m, x: inspection.activations(m, x, ["layer1", "layer9"]), AttributeError, "layer9"),
    (lambda m, x: inspection.grad_cam(Idle(), x[:, :1], "never"), ValueError, "'never' is not called"),
    (lambda m, x: inspection.grad_cam(Idle(), x[:, :1], "other"), ValueError, "scores do not depend on what 'other'"),
    (lambda m, x: inspection.activations(Idle(), x[:, :1], ["never"]), ValueError, "does not call never"),
]


@pytest.mark.parametrize("call, error, text", BAD)
def test_bad_input(network, call, error, text):
    with pytest.raises(error, match=text):
        call(network, images(2, 3, 16, 16))
    assert network.training and not any(m._forward_hooks for m in network.modules())


@pytest.mark.parametrize("name, shape", [("lenet5", (2, 1, 28, 28)), ("mobilenet_v3_small", (2, 3, 32, 32))])
def test_other_heads_need_grad_cam(name, shape):
    model = models.create(name)
    with pytest.raises(ValueError, match="class_activation_map: between the last map and the scores .* use grad_cam"):
        inspection.class_activation_map(model, images(*shape))
    assert inspection.grad_cam(model, images(*shape)).maps.shape == (2, *shape[2:])


# Principal components.


@given(st.integers(2, 12), st.integers(2, 6), st.integers(0, 99))
def test_pca_is_the_eigenvectors_of_the_covariance(n, d, seed):
    points = np.random.default_rng(seed).standard_normal((n, d)) * np.arange(1, d + 1)
    result = inspection.pca(points, 2)
    values = np.linalg.eigvalsh(np.cov(points.T))[::-1]
    np.testing.assert_allclose(result.explained, values[:2] / values.sum(), atol=1e-9)
    np.testing.assert_allclose(result.components @ result.components.T, np.eye(2), atol=1e-9)
    for component, value in zip(result.components, values):
        np.testing.assert_allclose(np.cov(points.T) @ component, value * component, atol=1e-8 * values[0])
        assert component[np.abs(component).argmax()] > 0
    np.testing.assert_allclose(result.points, (points - points.mean(0)) @ result.components.T, atol=1e-9)


def test_pca_of_all_components_gives_the_points_back():
    points = np.random.default_rng(0).standard_normal((9, 4))
    result = inspection.pca(points, 4)
    np.testing.assert_allclose(result.points @ result.components + result.mean, points, atol=1e-12)
    assert result.explained.sum() == pytest.approx(1)


def test_pca_does_not_depend_on_the_signs_of_the_library():
    points = np.random.default_rng(0).standard_normal((9, 4))
    turned = inspection.pca(-points)
    result = inspection.pca(points)
    np.testing.assert_allclose(turned.components, result.components, atol=1e-12)
    np.testing.assert_allclose(turned.points, -result.points, atol=1e-12)


def test_pca_of_one_place():
    result = inspection.pca(np.ones((3, 2)))
    assert not result.points.any() and result.explained.tolist() == [0, 0]


@pytest.mark.parametrize("points, count", [(np.ones(3), 1), (np.ones((3, 2)), 3), (np.ones((3, 2)), 0)])
def test_pca_of_bad_points(points, count):
    with pytest.raises(ValueError, match="pca: expected points"):
        inspection.pca(points, count)
    with pytest.raises(ValueError, match="pca: points must be finite"):
        inspection.pca([[1, np.nan], [2, 3]])


# Histograms of several times on common intervals.


def series(*times, bins=10):
    """A `Series` of arrays of numbers."""
    low, high = (np.array([f(x) if len(x) else np.nan for x in times]) for f in (np.min, np.max))
    ranges = [(x.min(), x.max() + (x.max() == x.min())) if len(x) else (0, 1) for x in times]
    counts = np.stack([np.histogram(x, bins, r)[0] for x, r in zip(times, ranges)])
    nothing = np.zeros(len(times))
    return Series(np.arange(len(times)), nothing, nothing, nothing, nothing, low, high, counts)


def test_density_of_uniform_numbers():
    table, edges = inspection.density(series(np.linspace(0, 1, 1001), np.linspace(-3, 1, 4001)), bins=16, tail=0)
    np.testing.assert_allclose(edges, np.linspace(-3, 1, 17))
    np.testing.assert_allclose(table[1], 1 / 4, rtol=5e-3)
    np.testing.assert_allclose(table[0, :12], 0, atol=1e-12)
    np.testing.assert_allclose(table[0, 12:], 1, rtol=5e-3)


def test_density_leaves_the_tails_out():
    numbers = np.append(np.linspace(0, 1, 1000), [1000.0])
    _, edges = inspection.density(series(numbers, bins=100_000), tail=0.01)
    assert edges[0] == pytest.approx(0.01, abs=0.02) and edges[-1] == pytest.approx(0.99, abs=0.02)


def test_density_of_one_number_and_of_none():
    table, edges = inspection.density(series(np.full(5, 2.0), np.array([])), bins=4, tail=0)
    assert not table[1].any() and edges[0] <= 2 <= edges[-1]
    assert (table[0] * np.diff(edges)).sum() == pytest.approx(1)
    table, edges = inspection.density(series(np.array([])))
    assert not table.any() and len(edges) == 81
