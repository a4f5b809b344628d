"""Weights from files: published ones, those of another network, another head."""

import copy

import numpy as np
import pytest

import minitorch
from minitorch import models
from minitorch.__main__ import main
from minitorch.nn import Linear
from minitorch.tools.convert import convert, weights_of


def tiny(**settings):
    return models.create("resnet18", **{"widths": (4, 8, 8, 8), "num_classes": 10, **settings})


def arrays(model):
    return {key: value.numpy().copy() for key, value in model.state_dict().items()}


def test_another_head(tmp_path):
    source, target = tiny(num_classes=20), tiny()
    minitorch.save(source.state_dict(), tmp_path / "weights.safetensors")
    before = arrays(target)
    with pytest.raises(RuntimeError, match=r"fc.weight \(20, 8\) for \(10, 8\).*replace_head=True loads everything"):
        models.load_weights(target, tmp_path / "weights.safetensors")
    assert all(np.array_equal(value, before[key]) for key, value in arrays(target).items())

    report = models.load_weights(target, tmp_path / "weights.safetensors", replace_head=True)
    after, wanted = arrays(target), arrays(source)
    for key, value in after.items():
        assert np.array_equal(value, (before if key.startswith("fc.") else wanted)[key]), key
    assert report.kept == {"fc.weight": ((20, 8), (10, 8)), "fc.bias": ((20,), (10,))}
    assert report.loaded == [key for key in after if not key.startswith("fc.")]
    assert report.missing == [] and report.unexpected == []
    assert str(report).splitlines() == [
        "loaded 120 entries",
        "kept fc.weight (10, 8): the weights have (20, 8)",
        "kept fc.bias (10,): the weights have (20,)",
    ]


@pytest.mark.parametrize("name, head", [("mobilenet_v2", "classifier.1"), ("mobilenet_v3_small", "classifier.3"),
                                        ("mobilenetv1_025", "classifier"), ("shufflenet_v2_x0_5", "fc"),
                                        ("lenet5", "classifier.5"), ("lenet5_1998", "output")])  # fmt: skip
def test_heads_of_all_kinds(name, head):
    source, target = models.create(name, num_classes=12), models.create(name, num_classes=5)
    report = models.load_weights(target, source.state_dict(), replace_head=True)
    assert report.kept and all(key.startswith(head + ".") for key in report.kept)
    assert set(report.loaded) | set(report.kept) == set(target.state_dict())


def test_a_head_of_the_same_size_is_loaded():
    source, target = tiny(), tiny()
    report = models.load_weights(target, source.state_dict(), replace_head=True)
    assert not report.kept and np.array_equal(target.fc.weight.detach().numpy(), source.fc.weight.detach().numpy())
    assert str(report) == "loaded 122 entries"


def test_weights_without_a_head():
    source, target = tiny(), tiny()
    backbone = {key: value for key, value in source.state_dict().items() if not key.startswith("fc.")}
    with pytest.raises(RuntimeError, match="missing: fc.weight, fc.bias"):
        models.load_weights(target, backbone)
    report = models.load_weights(target, backbone, replace_head=True)
    assert report.kept == {"fc.weight": (None, (10, 8)), "fc.bias": (None, (10,))}
    assert "kept fc.bias (10,): not in the weights" in str(report)


def test_weights_of_another_network():
    target = tiny()
    before = arrays(target)
    with pytest.raises(RuntimeError) as error:
        models.load_weights(target, models.lenet5().state_dict())
    message = str(error.value)
    assert "do not fit ResNet; missing: conv1.weight, " in message and "unexpected: features.0.weight" in message
    assert "another network" in message and len(message) < 500
    with pytest.raises(RuntimeError, match="shapes that differ: .*another network"):
        models.load_weights(target, tiny(widths=(8, 8, 8, 8)).state_dict(), replace_head=True)
    assert all(np.array_equal(value, before[key]) for key, value in arrays(target).items())


def test_not_strict():
    source, target = tiny(), tiny()
    state = {**source.state_dict(), "extra": minitorch.zeros(3)}
    del state["bn1.bias"]
    report = models.load_weights(target, state, strict=False)
    assert report.missing == ["bn1.bias"] and report.unexpected == ["extra"]
    assert "missing: bn1.bias" in str(report) and "unexpected: extra" in str(report)
    assert np.array_equal(target.conv1.weight.detach().numpy(), source.conv1.weight.detach().numpy())


def test_files_from_before_num_batches_tracked():
    state = {key: value for key, value in tiny().state_dict().items() if not key.endswith("num_batches_tracked")}
    models.load_weights(tiny(), state)


def test_a_constructor_takes_weights(tmp_path):
    source = models.lenet5()
    minitorch.save(source.state_dict(), tmp_path / "lenet.safetensors")
    model = models.lenet5(weights=tmp_path / "lenet.safetensors")
    assert np.array_equal(model.classifier[5].bias.detach().numpy(), source.classifier[5].bias.detach().numpy())
    with pytest.raises(FileNotFoundError):
        models.lenet5(weights="DEFAULT")
    model = models.create("lenet5", num_classes=3, weights=tmp_path / "lenet.safetensors", replace_head=True)
    assert np.array_equal(model.classifier[3].bias.detach().numpy(), source.classifier[3].bias.detach().numpy())


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_prefixes_of_wrappers(prefix):
    source, target = tiny(), tiny()
    models.load_weights(target, {prefix + key: value for key, value in source.state_dict().items()})
    wanted = arrays(source)
    assert all(np.array_equal(value, wanted[key]) for key, value in arrays(target).items())
    wanted["module.fc.bias"] = wanted.pop("fc.bias")
    with pytest.raises(RuntimeError, match="unexpected: module.fc.bias"):  # not before every key
        models.load_weights(target, wanted)


def test_weights_that_fit_nowhere_are_an_error_always():
    target = tiny()
    before = arrays(target)
    with pytest.raises(RuntimeError, match="not one of their 10 keys is among the 122 of the network"):
        models.load_weights(target, models.lenet5().state_dict(), strict=False)
    assert all(np.array_equal(value, before[key]) for key, value in arrays(target).items())


@pytest.mark.parametrize("weights, error, message", [
    (True, TypeError, "expected a safetensors file or a dictionary of tensors, got True"),
    ("DEFAULT", FileNotFoundError, "no weights come with minitorch or are fetched"),
    ("away.safetensors", FileNotFoundError, "there is no such file: 'away.safetensors'"),
    ("resnet18.pth", ValueError, "is a file of PyTorch; first: python -m minitorch convert resnet18.pth"),
    ({"conv1.weight": [1.0]}, TypeError, "'conv1.weight' is builtins.list, expected a minitorch tensor or a NumPy"),
])  # fmt: skip
def test_what_are_no_weights(weights, error, message):
    with pytest.raises(error, match=message):
        models.resnet18(weights=weights)


def test_a_state_of_pytorch_is_told_the_way():
    torch = pytest.importorskip("torch", reason="needs torch")
    source, target = tiny(), tiny()
    state = {key: torch.tensor(value) for key, value in arrays(source).items()}
    with pytest.raises(TypeError, match="'conv1.weight' is torch.Tensor, expected .*: {key: value.numpy"):
        models.load_weights(target, state)
    models.load_weights(target, {key: value.numpy() for key, value in state.items()})  # what the message says
    assert np.array_equal(target.fc.weight.detach().numpy(), source.fc.weight.detach().numpy())


def test_replace_head_needs_a_network_that_has_one():
    layer = Linear(2, 2)
    with pytest.raises(TypeError, match="replace_head needs a network with head_name, got Linear"):
        models.load_weights(layer, layer.state_dict(), replace_head=True)


def test_converted_weights_of_pytorch(tmp_path):
    torch = pytest.importorskip("torch", reason="needs torch")
    source = models.create("cifar_resnet20")
    state = {key: torch.tensor(value.numpy()) for key, value in source.state_dict().items()}
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}, "epoch": 3}, tmp_path / "a.pth")
    assert convert(tmp_path / "a.pth", tmp_path / "a.safetensors") == len(state)
    model = models.create("cifar_resnet20", weights=tmp_path / "a.safetensors")
    assert all(np.array_equal(value, arrays(source)[key]) for key, value in arrays(model).items())

    torch.save({"w": torch.ones(2, dtype=torch.bfloat16), "n": torch.tensor(3)}, tmp_path / "b.pth")
    convert(tmp_path / "b.pth", tmp_path / "b.safetensors")
    read = minitorch.load(tmp_path / "b.safetensors")
    assert read["w"].dtype == minitorch.float32 and read["n"].dtype == minitorch.int64 and read["n"].shape == ()


def test_files_that_cannot_be_converted(tmp_path):
    torch = pytest.importorskip("torch", reason="needs torch")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pth")  # a pickled object, which could be anything
    with pytest.raises(ValueError, match="holds no plain weights, .* save the weights alone .*state_dict") as error:
        convert(tmp_path / "module.pth", tmp_path / "out.safetensors")
    assert len(str(error.value).splitlines()) == 1 and "\x1b" not in str(error.value)  # none of PyTorch's own text
    torch.save([torch.ones(2)], tmp_path / "list.pth")
    with pytest.raises(ValueError, match="expected a dictionary of tensors, found list"):
        convert(tmp_path / "list.pth", tmp_path / "out.safetensors")
    (tmp_path / "noise.pth").write_bytes(b"noise" * 100)
    with pytest.raises(ValueError, match="holds no plain weights, or is damaged"):
        convert(tmp_path / "noise.pth", tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_what_counts_as_weights():
    value = np.ones(2)
    with pytest.raises(ValueError, match="'epoch' is int"):
        weights_of({"weight": minitorch.zeros(1), "epoch": 3})
    with pytest.raises(ValueError, match="found dict"):
        weights_of({})
    tensor = minitorch.tensor(value)
    assert list(weights_of({"model": {"module.a": tensor}})) == ["a"]
    assert list(weights_of({"module.a": tensor, "b": tensor})) == ["module.a", "b"]


def test_the_command(tmp_path, capsys):
    torch = pytest.importorskip("torch", reason="needs torch")
    torch.save({"w": torch.ones(2, 3)}, tmp_path / "a.pth")
    assert main(["convert", str(tmp_path / "a.pth"), str(tmp_path / "a.safetensors")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a.safetensors'}: 1 tensors\n"
    assert main(["convert", str(tmp_path / "none.pth"), str(tmp_path / "b.safetensors")]) == 1
    assert "minitorch convert: " in capsys.readouterr().err and not (tmp_path / "b.safetensors").exists()


def test_a_model_can_be_copied():
    model = models.mobilenet_v2(num_classes=2, width_mult=0.25).eval()
    twin, x = copy.deepcopy(model), minitorch.randn(1, 3, 32, 32)
    assert np.array_equal(twin(x).detach().numpy(), model(x).detach().numpy())
    assert twin.features[0][0].weight is not model.features[0][0].weight
