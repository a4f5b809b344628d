"""With the same weights the networks compute what those of torchvision and timm compute, forward and backward."""

import numpy as np
import pytest

from minitorch import models, no_grad
from minitorch.nn.functional import cross_entropy
from minitorch.tensor import Tensor

originals = pytest.importorskip("models.originals", reason="needs torch")
torch = originals.torch

DILATED = {"replace_stride_with_dilation": [False, True, True]}
FORWARD = [
    ("seresnet50", {}), ("seresnext50_32x4d", {}), ("resnet50", DILATED), ("mobilenetv1_100", {}),
    ("mobilenet_v2", {"width_mult": 1.4}), ("mobilenet_v2", {"width_mult": 0.35}),
    ("mobilenet_v3_large", {"width_mult": 0.75}), ("mobilenet_v3_small", {"dilated": True, "reduced_tail": True}),
    ("shufflenet_v2_x1_0", {}), ("shufflenet_v2_x1_5", {}), ("shufflenet_v2_x2_0", {}),
]  # fmt: skip
BACKWARD = [
    ("resnet18", {}), ("resnet50", {}), ("resnext50_32x4d", {}), ("seresnet18", {}),
    ("mobilenetv1_025", {}), ("mobilenet_v2", {"dropout": 0.0}),
    ("mobilenet_v3_large", {"dropout": 0.0}), ("mobilenet_v3_small", {"dropout": 0.0}), ("shufflenet_v2_x0_5", {}),
]  # fmt: skip


def case_id(value):
    return value if isinstance(value, str) else "-".join(f"{k}={v}" for k, v in value.items()) or "as_is"


def pair(name, settings):
    theirs = originals.original(name, num_classes=10, **settings)
    ours = models.create(name, num_classes=10, weights=originals.state_arrays(theirs), **settings)
    return ours, theirs


def distance(ours, expected):
    """The largest difference, relative to the largest number."""
    expected = expected.detach().numpy()
    return np.abs(ours.detach().numpy() - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("name, settings", FORWARD + BACKWARD, ids=case_id)
def test_scores_in_evaluation(name, settings):
    ours, theirs = pair(name, settings)
    ours.eval(), theirs.eval()
    for size in (33, 64):
        x = originals.images(1, 3, size, size).astype(np.float32)
        with no_grad(), torch.no_grad():
            expected = theirs(torch.tensor(x, dtype=torch.float64))
            assert expected.std() > 0.1
            assert distance(ours(Tensor(x)), expected) < 1e-4


@pytest.mark.parametrize("size", [33, 64])
@pytest.mark.parametrize("name, settings", BACKWARD, ids=case_id)
def test_loss_gradients_and_statistics_in_training(name, settings, size):
    ours, theirs = pair(name, settings)
    ours.double().train(), theirs.train()
    x, target = originals.images(2, 3, size, size), np.array([3, 8])
    loss, expected = cross_entropy(ours(Tensor(x)), Tensor(target)), theirs(torch.tensor(x))
    expected = torch.nn.functional.cross_entropy(expected, torch.tensor(target))
    loss.backward(), expected.backward()
    assert distance(loss, expected) < 1e-7
    for (key, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        largest = q.grad.abs().max().item()
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-4, atol=1e-6 * largest + 1e-12, err_msg=key)
    for (key, b), c in zip(ours.named_buffers(), theirs.buffers(), strict=True):
        np.testing.assert_allclose(b.numpy(), c.numpy(), rtol=1e-6, atol=1e-9, err_msg=key)
