"""The command line: ``python -m minitorch summary resnet18`` prints the layers of a network and what they cost,
``python -m minitorch convert weights.pth weights.safetensors`` rewrites PyTorch's weights."""

import argparse
import ast
import os
import sys

from minitorch import models
from minitorch.tools import summary
from minitorch.tools.convert import convert


def main(arguments=None):
    """Run a command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m minitorch", description="Tools of minitorch.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    table = commands.add_parser("summary", help="the layers of a network and what they cost")
    table.add_argument("model", metavar="MODEL", help="name of a network, as resnet18")
    table.add_argument("--input", nargs="+", type=int, metavar="N", help="size of an image: channels, height, width")
    table.add_argument("--set", action="append", default=[], type=setting, metavar="NAME=VALUE", dest="settings",
                       help="an argument of the network, as num_classes=10; can be given several times")  # fmt: skip
    table.add_argument("--depth", type=int, help="show layers down to this depth only")
    table.add_argument("--csv", action="store_true", help="print comma-separated values")
    table.set_defaults(run=_summary)
    weights = commands.add_parser("convert", help="rewrite weights of PyTorch (.pth) as safetensors; needs PyTorch")
    weights.add_argument("source", metavar="SOURCE", help="the .pth file")
    weights.add_argument("target", metavar="TARGET", help="the .safetensors file to write")
    weights.set_defaults(run=lambda given: f"{given.target}: {convert(given.source, given.target)} tensors")
    given = parser.parse_args(arguments)
    try:
        print(given.run(given), flush=True)
    except BrokenPipeError:  # whoever read the output, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more is flushed at the end
    except (ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        print(f"minitorch {given.command}: {error}", file=sys.stderr)
        return 1
    return 0


def _summary(given):
    result = summary(models.create(given.model, **dict(given.settings)), given.input, given.depth)
    return result.csv().rstrip("\n") if given.csv else result


def setting(text):
    """("name", value) of ``name=value``; the value is read as a Python literal where it is one, else as text."""
    name, equals, value = text.partition("=")
    if not name.isidentifier() or not equals:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, as num_classes=10, got {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return name, value


if __name__ == "__main__":
    sys.exit(main())
