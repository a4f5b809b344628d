"""Bad images and bad settings: errors that say what is wrong, before any work."""

import numpy as np
import pytest
from models.networks import small

from minitorch import models, nn
from minitorch.creation import zeros
from minitorch.dtype import uint8
from minitorch.models.mobilenet_v3 import Row
from minitorch.models.shufflenet_v2 import ShuffleUnitV2

NAMES = ["resnet18", "cifar_resnet20", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v1_x0_5_g3",
         "shufflenet_v2_x0_5"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_images(name):
    model = models.create(name, num_classes=2, **small(name))
    owner, least = type(model).__name__, model.stride
    for images, error, message in (
        (zeros(2, 1, 32, 32), ValueError, "got 1 channels in shape .2, 1, 32, 32.; build .* in_channels=1"),
        (zeros(2, 32, 32, 3), ValueError, "got 32 channels"),
        (zeros(3, 32, 32), ValueError, r"got shape \(3, 32, 32\); add the batch dimension: x.unsqueeze\(0\)"),
        (zeros(2, 784), ValueError, r"got shape \(2, 784\)$"),
        (zeros(2, 3, 32, least - 1), ValueError, f"H and W of at least {least}, the network's stride"),
        (zeros(2, 3, 32, 32, dtype=uint8), TypeError, r"floating-point numbers, got uint8; convert: x.float\(\) / 255"),
        (np.zeros((2, 3, 32, 32)), TypeError, "expected a tensor of images, got ndarray"),
    ):
        for call in (model, model.features):
            with pytest.raises(error, match=f"{owner}: .*{message}"):
                call(images)
    assert model.eval()(zeros(1, 3, least, least)).shape == (1, 2)


def test_too_small_images_are_told_of_small_input():
    with pytest.raises(ValueError, match="at least 32, .*, got shape .1, 3, 28, 28.; enlarge.* or .*small_input=True"):
        models.mobilenet_v2(num_classes=2, width_mult=0.25)(zeros(1, 3, 28, 28))


@pytest.mark.parametrize("name", [*NAMES, "lenet5", "lenet5_1998"])
def test_numbers_of_classes_and_channels(name):
    for setting in ("num_classes", "in_channels"):
        for value in (0, -1, 2.5, True, "10"):
            with pytest.raises(ValueError, match=f"{setting} must be a positive integer, got {value!r}"):
                models.create(name, **{setting: value})
    with pytest.raises(ValueError, match="p must be between 0 and 1, got 1.5"):
        models.create(name, dropout=1.5, **small(name))


@pytest.mark.parametrize("name", [*NAMES, "lenet5", "lenet5_1998"])
@pytest.mark.parametrize("setting, value", [("activation", nn.ReLU()), ("activation", None), ("activation", "relu"),
                                            ("norm_layer", nn.Identity()), ("norm_layer", 0)])  # fmt: skip
def test_makers_of_modules(name, setting, value):
    with pytest.raises(TypeError, match=f"{setting} must be a class of modules, such as nn.*, got"):
        models.create(name, **{setting: value})


@pytest.mark.parametrize("build, message", [
    (lambda: models.ResNet(models.BasicBlock, (2, 0)), "layers must hold positive integers, got"),
    (lambda: models.ResNet(models.BasicBlock, 3), "layers must hold positive integers, got 3"),
    (lambda: models.ResNet(models.BasicBlock, (1,) * 5), "layers must hold 1 to 4 numbers of blocks"),
    (lambda: models.resnet18(groups=2), "BasicBlock: takes groups=1 and width_per_group=64 alone, got 2 and 64"),
    (lambda: models.resnet50(replace_stride_with_dilation=[True]), "must hold 3 flags, got 1"),
    (lambda: models.resnet50(replace_stride_with_dilation="abc"), "must hold 3 flags, got 'abc'"),
    (lambda: models.resnet18(widths=(8, 0, 8, 8)), "ResNet: widths must hold positive integers"),
    (lambda: models.resnet18(shortcut="A"), "shortcut must be one of 'projection', 'padding', 'none', got 'A'"),
    (lambda: models.plain20(zero_init_residual=True), "zero_init_residual and stochastic_depth_prob need shortcuts"),
    (lambda: models.plain20(se={"position": "identity"}), "stands on the shortcut, and there is none"),
    (lambda: models.resnet18(zero_init_residual=True, norm_layer=lambda c: nn.Identity()), "norm_layer with a weight"),
    (lambda: models.resnet18(dropout="x"), "p must be between 0 and 1, got 'x'"),
    (lambda: models.plain20(stochastic_depth_prob=0.5), "stochastic_depth_prob need shortcuts"),
    (lambda: models.resnet18(stochastic_depth_prob=1.5), "stochastic_depth_prob must be between 0 and 1, got 1.5"),
    (lambda: models.MobileNetV2(inverted_residual_setting=[(1, 16, 1)]), "must hold rows of 4 numbers"),
    (lambda: models.MobileNetV2(inverted_residual_setting=[]), "must hold rows of 4 numbers"),
    (lambda: models.MobileNetV3([], 1280), "must hold Rows, at least one, got .*"),
    (lambda: models.MobileNetV3([(3, 8, 8, False, "HS", 1)], 8), "must hold Rows, at least one, got"),
    (lambda: models.MobileNetV3([Row(3, 8, 8, False, "HX", 1)], 8), "must be 'RE' or 'HS', got 'HX'"),
    (lambda: models.MobileNetV3([Row(3, 8, 0, False, "HS", 1)], 8), "MobileNetV3: out must be a positive integer"),
    (lambda: models.MobileNetV2(inverted_residual_setting=[(1, 16, 0, 1)]), "blocks must be a positive integer, got 0"),
    (lambda: models.MobileNetV2(round_nearest=0), "round_nearest must be a positive integer, got 0"),
    (lambda: models.ShuffleNetV1(3, 0.05), "gives the first stage 12 channels, which must be"),
    (lambda: models.ShuffleNetV1(stages_repeats=()), "stages_repeats must hold positive integers"),
    (lambda: models.ShuffleNetV2((0, 1), (8, 8, 8, 8)), "stages_repeats must hold positive integers"),
    (lambda: models.ShuffleNetV2((1, 1), (8, 8, 8)), "stages_out_channels must hold 4 positive integers"),
    (lambda: ShuffleUnitV2(8, 16, 1), "out_channels must be even, and equal in_channels at stride 1"),
    (lambda: ShuffleUnitV2(8, 7, 2), "out_channels must be even"),
])  # fmt: skip
def test_settings_that_contradict_each_other(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("build", [models.mobilenet_v1, models.se_mobilenet_v1, models.mobilenet_v2,
                                   models.mobilenet_v3_small, models.ShuffleNetV1])  # fmt: skip
def test_widths(build):
    for width in (0, -1, float("nan"), float("inf"), "1", True):
        with pytest.raises(ValueError, match=f"width_mult must be a positive number, got {width!r}"):
            build(width_mult=width)


@pytest.mark.parametrize("build", [models.resnet18, models.mobilenet_v2, models.seresnet18])
def test_makers_that_make_no_modules(build):
    with pytest.raises(TypeError, match="norm_layer must be .* or a function that makes one, but it made None"):
        build(norm_layer=lambda channels: None)
    with pytest.raises(TypeError, match="activation must be .* or a function that makes one, but it made 3"):
        build(activation=lambda: 3)
    with pytest.raises(TypeError, match="SE: gate must be .* or a function that makes one, but it made None"):
        build(se={"gate": lambda: None})


def test_numbers_of_numpy():
    model = models.cifar_resnet20(num_classes=np.int64(3), in_channels=np.int32(1))
    assert model(zeros(2, 1, 32, 32)).shape == (2, 3) and type(model.num_classes) is int
    assert nn.Linear(np.int64(2), np.int64(3))(zeros(1, 2)).shape == (1, 3)


def test_part_of_a_backbone_is_a_plain_sequence():
    model = models.mobilenet_v2(num_classes=2, width_mult=0.25).eval()
    part = model.features[:4]
    assert type(part) is nn.Sequential and part(zeros(1, 3, 32, 32)).shape[2:] == (8, 8)
