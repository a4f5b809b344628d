"""Networks by name."""

import pytest

from minitorch import models
from minitorch.models import registry


def test_list():
    names = models.list()
    assert names == sorted(names) and len(set(names)) == len(names)
    assert {"lenet5", "resnet18", "plain56", "se_mobilenet_v1", "shufflenet_v1_x2_0_g8"} <= set(names)
    assert models.list("cifar_seresnet") == ["cifar_seresnet20", "cifar_seresnet56"]
    assert models.list("mobilenet_v3_*") == ["mobilenet_v3_large", "mobilenet_v3_small"]
    assert models.list("transformer") == []
    with pytest.raises(TypeError, match="pattern must be a string, got int"):
        models.list(3)


def test_every_name_is_an_attribute():
    for name in models.list():
        assert getattr(models, name).__name__ == name


def test_create_takes_settings():
    model = models.create("cifar_resnet20", num_classes=5, in_channels=1)
    assert isinstance(model, models.ResNet) and model.fc.out_features == 5 and model.conv1.in_channels == 1
    assert isinstance(models.create("mobilenet_v1", width_mult=0.25), models.MobileNetV1)
    assert models.resnet18(num_classes=2, widths=(4, 4, 4, 4), progress=False).num_classes == 2


def test_an_unknown_setting_is_told_the_nearest_one():
    with pytest.raises(TypeError, match="LeNet5: there is no argument 'num_class'; the nearest name is 'num_classes'"):
        models.create("lenet5", num_class=5)
    with pytest.raises(TypeError, match="ResNet: there is no argument 'pretrained'; there are block, layers, num_cla"):
        models.resnet18(pretrained=True)
    with pytest.raises(TypeError, match="SE: there is no argument 'ratio'; the nearest name is 'reduction'"):
        models.seresnet18(se={"ratio": 4})


def test_a_network_of_ones_own_may_take_any_settings():
    class Own(models.ImageClassifier):
        def __init__(self, **settings):
            super().__init__(2, 3)
            self.settings = settings

    assert Own(depth=3).settings == {"depth": 3}


@pytest.mark.parametrize("name, near", [("resnet81", "resnet18"), ("ResNet-50", "resnet50"), ("lenet", "lenet5"),
                                        ("mobilenetv3_large", "mobilenet_v3_large"),
                                        ("shufflenet_v1", "shufflenet_v1_x0_5_g1"),
                                        ("Mobilenet_v3", "mobilenet_v3_large")])  # fmt: skip
def test_unknown_name(name, near):
    with pytest.raises(ValueError, match=f"create: there is no network '{name}'; the nearest name is '{near}'"):
        models.create(name)


def test_a_name_that_is_like_none():
    with pytest.raises(ValueError, match=r"create: there is no network 'vgg16'; list\(\) gives the names"):
        models.create("vgg16")


def test_name_of_another_kind():
    with pytest.raises(TypeError, match="create: name must be a string, got function"):
        models.create(models.resnet18)


def test_a_network_is_one_function(monkeypatch):
    monkeypatch.setattr(registry, "_CONSTRUCTORS", dict(registry._CONSTRUCTORS))

    @models.register_model
    def tiny_resnet(**settings):
        """A tiny network."""
        return models.ResNet(models.BasicBlock, (1, 1), **{"widths": (4, 8), **settings})

    assert "tiny_resnet" in models.list() and tiny_resnet.__doc__ == "A tiny network."
    assert models.create("tiny_resnet", num_classes=3).fc.out_features == 3
    with pytest.raises(ValueError, match="there is a network 'tiny_resnet' already"):
        models.register_model(tiny_resnet)
