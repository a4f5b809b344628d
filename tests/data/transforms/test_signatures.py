"""Names, order and defaults of arguments are torchvision's."""

import inspect

import numpy as np
import pytest

import minitorch.data.transforms as T
import minitorch.data.transforms.functional as F

oracles = pytest.importorskip("oracles", reason="needs torch")
if oracles.library("torchvision") is None:
    pytest.skip("needs torchvision", allow_module_level=True)
TV = oracles.library("torchvision.transforms")
V2 = oracles.library("torchvision.transforms.v2")

OURS_ALONE = {"Cutout", "RandomTransform", "Transform", "functional"}


def parameters(function):
    """`(name, default)` of each argument; enumerations by their value, lists as tuples."""
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        default = parameter.default
        default = getattr(default, "value", default)
        default = np.dtype(np.float32) if default in (oracles.torch.float32, np.float32) else default
        found.append((name, tuple(default) if isinstance(default, list) else default))
    return found


def test_every_transform_has_an_original():
    assert {name for name in T.__all__ if not hasattr(TV, name) and not hasattr(V2, name)} <= OURS_ALONE


@pytest.mark.parametrize("name", sorted(set(T.__all__) - OURS_ALONE - {"InterpolationMode", "AutoAugmentPolicy"}))
def test_transforms(name):
    if name in ("MixUp", "CutMix"):
        expected = parameters(getattr(V2, name))[:-1]  # without labels_getter
    else:
        expected = parameters(getattr(TV, name))
    assert parameters(getattr(T, name)) == expected
    assert hasattr(getattr(T, name), "get_params") == hasattr(getattr(TV, name, None), "get_params")
    if hasattr(getattr(T, name), "get_params"):
        assert parameters(getattr(T, name).get_params) == parameters(getattr(TV, name).get_params)


@pytest.mark.parametrize("name", sorted(set(F.__all__) - {"InterpolationMode"}))
def test_functions(name):
    assert parameters(getattr(F, name)) == parameters(getattr(TV.functional, name))


@pytest.mark.parametrize("name", ["InterpolationMode", "AutoAugmentPolicy"])
def test_enumerations(name):
    assert {member.name: member.value for member in getattr(T, name)} == \
        {member.name: member.value for member in getattr(TV, name)}


@pytest.mark.parametrize("name", sorted(set(T.__all__) | set(F.__all__)))
def test_docstrings(name):
    assert (getattr(T, name, None) or getattr(F, name)).__doc__.strip()
