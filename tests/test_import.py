"""What `import minitorch` brings along, and what it does not."""

import subprocess
import sys

import minitorch


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_neither_cupy_nor_matplotlib_nor_torch():
    loaded = run("import sys, minitorch; print(*sys.modules)").split()
    assert not {"cupy", "matplotlib", "torch", "tqdm"} & {name.split(".")[0] for name in loaded}


def test_everything_in_all_is_there():
    for name in minitorch.__all__:
        assert hasattr(minitorch, name), name
    for module in (minitorch.nn, minitorch.nn.functional, minitorch.optim, minitorch.data, minitorch.models):
        for name in module.__all__:
            assert hasattr(module, name), f"{module.__name__}.{name}"


def test_public_functions_have_docstrings():
    for name in minitorch.__all__:
        thing = getattr(minitorch, name)
        if callable(thing):
            assert (thing.__doc__ or "").strip(), name


def test_arithmetic_is_silent_about_infinities():
    code = "import minitorch as m; x = m.tensor([float('inf')]); print((x - x).isnan().item(), (x * 0).isnan().item())"
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert result.stdout.split() == ["True", "True"], result.stderr
