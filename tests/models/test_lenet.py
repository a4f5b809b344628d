"""LeNet-5: sizes, parameters, the same function as PyTorch's modules compute, bad images."""

import numpy as np
import pytest

from minitorch import models, nn, optim
from minitorch.creation import randint, randn, zeros
from minitorch.tensor import Tensor


def parameter_count(model):
    return sum(p.numel() for p in model.parameters())


def test_parameters():
    model = models.lenet5()
    assert isinstance(model, models.LeNet5) and parameter_count(model) == 61_706
    assert [tuple(p.shape) for p in model.parameters()] == [
        (6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,),
    ]  # fmt: skip
    assert parameter_count(models.lenet5(num_classes=100, in_channels=3)) == 61_706 + 90 * 85 + 2 * 6 * 25


@pytest.mark.parametrize("size", [28, 32])
def test_shapes(size):
    assert models.lenet5()(randn(3, 1, size, size)).shape == (3, 10)
    assert models.lenet5(4, 3)(randn(2, 3, size, size)).shape == (2, 4)


def test_features():
    model = models.lenet5()
    sizes, x = [], zeros(1, 1, 32, 32)
    for layer in model.features:
        x = layer(x)
        sizes.append(x.shape[1:])
    assert sizes == [(6, 28, 28), (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 10, 10), (16, 5, 5)]
    assert model.classifier(x).shape == (1, 10)


def test_small_images_get_a_border_of_zeros():
    model, x = models.lenet5(), randn(2, 1, 28, 28)
    wide = np.zeros((2, 1, 32, 32), np.float32)
    wide[:, :, 2:-2, 2:-2] = x.numpy()
    assert np.array_equal(model(x).detach().numpy(), model(Tensor(wide)).detach().numpy())


@pytest.mark.parametrize("size", [28, 32])
def test_pytorch_computes_the_same(size):
    torch = pytest.importorskip("torch", reason="needs torch")
    t = torch.nn
    layers = [t.Conv2d(1, 6, 5, padding=(32 - size) // 2), t.ReLU(), t.MaxPool2d(2)]
    layers += [t.Conv2d(6, 16, 5), t.ReLU(), t.MaxPool2d(2), t.Flatten(), t.Linear(400, 120), t.ReLU()]
    theirs = t.Sequential(*layers, t.Linear(120, 84), t.ReLU(), t.Linear(84, 10)).double()
    ours = models.lenet5().double()
    ours.load_state_dict(dict(zip(ours.state_dict(), (v.numpy() for v in theirs.state_dict().values()), strict=True)))
    x = np.random.default_rng(0).standard_normal((4, 1, size, size))
    y, expected = ours(Tensor(x)), theirs(torch.tensor(x))
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-9)
    target = np.array([0, 3, 9, 3])
    nn.CrossEntropyLoss()(y, Tensor(target)).backward()
    t.CrossEntropyLoss()(expected, torch.tensor(target)).backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-8, atol=1e-12)


def test_learns_a_few_images_by_heart():
    model, x, target = models.lenet5(), randn(8, 1, 28, 28), randint(10, (8,))
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(60):
        optimizer.zero_grad()
        nn.CrossEntropyLoss()(model(x), target).backward()
        optimizer.step()
    assert (model(x).argmax(1) == target).all()


@pytest.mark.parametrize("shape", [(2, 3, 28, 28), (2, 1, 30, 30), (2, 1, 28, 32), (28, 28), (2, 784)], ids=str)
def test_bad_images(shape):
    wanted = r"LeNet5: expected images \(N, 1, 28, 28\) or \(N, 1, 32, 32\), got (shape|3 channels in shape)"
    with pytest.raises(ValueError, match=wanted):
        models.lenet5()(randn(*shape))


def test_one_image_needs_a_batch_dimension():
    with pytest.raises(ValueError, match="add the batch dimension"):
        models.lenet5()(randn(1, 28, 28))


@pytest.mark.parametrize("name", ["LeNet5", "LeNet1998"])
def test_bad_numbers(name):
    model = getattr(models, name)()
    with pytest.raises(TypeError, match=f"{name}: expected a tensor of images, got ndarray"):
        model(np.zeros((1, 1, 28, 28), np.float32))
    with pytest.raises(TypeError, match=rf"{name}: .* of floating-point numbers, got int64; convert: x.float\(\)"):
        model(randint(255, (1, 1, 28, 28)))
