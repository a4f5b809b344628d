"""What `import minitorch` brings along, and what it does not."""

import subprocess
import sys

import pytest

import minitorch

# What PyTorch has under these names takes other arguments.
OTHERS = {("torch", "adaptive_max_pool1d"), ("torch", "binary_cross_entropy_with_logits"), ("torch", "embedding")}
OTHERS |= {("torch", "instance_norm"), ("torch", "kl_div"), ("torch", "rsub"), ("Tensor", "unfold")}


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_nothing_heavy_is_imported():
    loaded = run("import sys, minitorch; print(*sys.modules)").split()
    already = run("import sys, numpy.random, threadpoolctl; print(*sys.modules)").split()
    brought = {name.split(".")[0] for name in set(loaded) - set(already)}
    others = {"PIL", "cupy", "matplotlib", "tqdm", "torch", "safetensors"}
    slow = {"argparse", "concurrent", "dataclasses", "email", "hashlib", "http", "inspect", "json", "logging"}
    slow |= {"multiprocessing", "shutil", "ssl", "subprocess", "tempfile", "urllib"}
    assert not brought & (others | slow)


def test_kernels_of_other_devices_are_imported_with_the_first_array_there():
    code = "import sys, minitorch; x = minitorch.ones(2, 2){}; x.matmul(x); print(*sys.modules)"
    device = {"minitorch.kernels.cuda", "minitorch.kernels.emulator"}
    assert not device & set(run(code.format("")).split())
    assert device <= set(run(code.format(".to('emulator')")).split())


def test_subpackages_are_imported_at_their_first_use():
    parts = ["data", "models", "nn", "optim", "tools", "training"]
    before = run("import sys, minitorch; print(*sys.modules)").split()
    assert not {f"minitorch.{part}" for part in parts} & set(before)
    for part in parts:
        assert run(f"import minitorch; print(minitorch.{part}.__name__)").strip() == f"minitorch.{part}"
        assert run(f"from minitorch import {part}; print({part}.__name__)").strip() == f"minitorch.{part}"
    assert set(parts) <= set(dir(minitorch)) and set(parts) <= set(minitorch.__all__)
    assert "minitorch.serialization" not in before
    assert run("from minitorch import load, save; print(load.__name__, save.__name__)").split() == ["load", "save"]
    assert {"load", "save"} <= set(dir(minitorch))
    with pytest.raises(AttributeError, match="module 'minitorch' has no attribute 'modles'"):
        _ = minitorch.modles


def test_everything_in_all_is_there():
    for name in minitorch.__all__:
        assert hasattr(minitorch, name), name
    assert {"Tensor", "add", "bool", "float32", "manual_seed", "save", "no_grad", "autograd"} <= set(minitorch.__all__)
    assert not {"types", "warnings", "importlib", "ops", "methods"} & set(minitorch.__all__)
    for module in (minitorch.nn, minitorch.nn.functional, minitorch.optim, minitorch.data, minitorch.models):
        for name in module.__all__:
            assert hasattr(module, name), f"{module.__name__}.{name}"


def test_an_operation_stands_under_every_name_that_pytorch_gives_it():
    torch = pytest.importorskip("torch", reason="needs torch")
    places = {
        "torch": (torch, minitorch),
        "Tensor": (torch.Tensor, minitorch.Tensor),
        "functional": (torch.nn.functional, minitorch.nn.functional),
    }
    for name in vars(minitorch.ops):
        if callable(getattr(minitorch.ops, name)):
            for place, (theirs, ours) in places.items():
                if callable(getattr(theirs, name, None)) and (place, name) not in OTHERS:
                    assert hasattr(ours, name), f"{place}.{name}"


def test_public_functions_have_docstrings():
    for name in minitorch.__all__:
        thing = getattr(minitorch, name)
        if callable(thing):
            assert (thing.__doc__ or "").strip(), name


def test_arithmetic_is_silent_about_infinities():
    code = """import minitorch as m
x = m.tensor([float("inf")])
both = m.cat([x, -x])
for y in (x - x, x * 0, both.sum(), both.mean(), both.var(), (both * 0).prod(), both.cumsum(0)[1], x @ (0 * x)):
    print(y.isnan().item())
print(*m.full((2,), 3e38).prod(0, True).isinf().tolist())"""
    result = subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", code], capture_output=True, text=True)
    assert result.stdout.split() == ["True"] * 9, result.stderr
