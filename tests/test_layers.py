"""The structure of the package, read from its imports: who may import whom, and how."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "minitorch"

# Each row may import the parts that it names, all of them rows above it.
BASE = {"memory", "device", "dtype", "size", "return_types", "random", "printing"}
ENGINE = BASE | {"kernels", "autograd", "ops", "methods", "tensor", "creation"}
NETWORKS = ENGINE | {"cuda", "serialization", "nn"}
ALLOWED = {
    "memory": set(),
    "dtype": set(),
    "size": set(),
    "return_types": set(),
    "emulator_array": set(),
    "device": {"emulator_array"},
    "random": set(),
    "printing": {"dtype"},
    "kernels": {"memory", "device"},
    "autograd": {"memory", "device", "dtype"},
    "ops": {"device", "dtype", "return_types", "random", "kernels", "autograd"},
    "methods": {"ops", "autograd"},
    "tensor": {"device", "dtype", "size", "random", "printing", "autograd", "ops", "methods"},
    "creation": {"device", "dtype", "random", "ops", "tensor"},
    "cuda": {"device"},
    "serialization": {"device", "dtype", "autograd", "tensor"},
    "nn": ENGINE,
    "models": NETWORKS,
    "optim": NETWORKS,
    "data": {"random"},
    "training": NETWORKS | {"models", "optim", "data"},
    "tools": NETWORKS | {"models", "optim", "data", "training"},
    "__main__": NETWORKS | {"models", "optim", "data", "training", "tools"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def part_of(path):
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imported_modules(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module
            for alias in node.names:
                assert alias.name != "*", "no import *"
                if node.module == "minitorch":
                    yield f"minitorch.{alias.name}"


def test_rows_import_only_rows_above():
    order = list(ALLOWED)
    for row, allowed in ALLOWED.items():
        if row not in ("tools", "training", "models", "optim", "data"):
            assert all(order.index(part) < order.index(row) for part in allowed), row


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_follow_the_table(path):
    tree = ast.parse(path.read_text())
    part = part_of(path)
    for module in imported_modules(tree):
        if module is None or not module.startswith("minitorch"):
            top = (module or "").split(".")[0]
            assert top not in ("torch", "torchvision", "timm"), "PyTorch is for tests only"
            assert top != "cupy" or part == "device", "only device.py imports CuPy"
            assert top != "matplotlib" or part == "tools", "only tools draws"
        elif path != PACKAGE / "__init__.py" and module != "minitorch":
            target = module.split(".")[1]
            assert target == part or target in ALLOWED[part], f"{part} may not import {target}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_import_inside_a_function(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            inside = [n for n in ast.walk(node) if isinstance(n, (ast.Import, ast.ImportFrom))]
            assert not inside, f"line {inside[0].lineno if inside else 0}"


@pytest.mark.parametrize("folder", ["autograd", "ops", "methods.py", "tensor.py"])
def test_engine_files_are_short(folder):
    place = PACKAGE / folder
    for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
        assert len(path.read_text().splitlines()) <= 400, path


def test_every_part_has_a_row():
    assert {part_of(path) for path in FILES} - {"__init__"} <= set(ALLOWED)
