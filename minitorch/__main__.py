"""``python -m minitorch summary resnet18``: the layers of a network and what they cost, as a table."""

import argparse
import ast
import sys

from minitorch import models
from minitorch.tools import summary


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
    given = parser.parse_args(arguments)
    try:
        model = models.create(given.model, **dict(given.settings))
        result = summary(model, given.input, given.depth)
    except (RuntimeError, TypeError, ValueError) as error:
        print(f"minitorch {given.command}: {error}", file=sys.stderr)
        return 1
    print(result.csv().rstrip("\n") if given.csv else result)
    return 0


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
