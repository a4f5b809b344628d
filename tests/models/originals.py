"""The networks of torchvision and timm with random weights, for comparison."""

import numpy as np
import pytest
from oracles import library, torch

torchvision, timm = library("torchvision"), library("timm")
if torchvision is None or timm is None:
    pytest.skip("needs torchvision and timm", allow_module_level=True)


def original(name, **settings):
    """The network of torchvision, or else of timm, with random weights and batch statistics in float64."""
    torch.manual_seed(0)
    if hasattr(torchvision.models, name):
        model = getattr(torchvision.models, name)(weights=None, **settings)
    elif name in timm.list_models(name):
        model = timm.create_model(name, pretrained=False, **settings)
    else:
        width = int(name.removeprefix("mobilenetv1_")) / 100
        model = timm.models.efficientnet._gen_mobilenet_v1("mobilenetv1_100", width, **settings)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor, low, high in (
                (module.weight, 0.4, 0.9), (module.bias, -0.3, 0.3),
                (module.running_mean, -0.3, 0.3), (module.running_var, 0.5, 1.5),
            ):  # fmt: skip
                torch.nn.init.uniform_(tensor, low, high)
        elif isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            torch.nn.init.kaiming_normal_(module.weight)
    return model.double()


def state_arrays(model):
    """The state of a network of PyTorch as NumPy arrays."""
    return {key: value.detach().numpy() for key, value in model.state_dict().items()}


def images(*shape):
    return np.random.default_rng(1).standard_normal(shape)
