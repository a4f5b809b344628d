"""The C signatures of the kernels in a .cu text, so that arguments can be checked before a launch."""

import re
from dataclasses import dataclass

import numpy as np

# C types of parameters, and the NumPy types that fit them; `real` is float or double, one for a whole compilation.
DTYPES = {
    "bool": np.dtype(np.bool_),
    "signed char": np.dtype(np.int8),
    "unsigned char": np.dtype(np.uint8),
    "short": np.dtype(np.int16),
    "unsigned short": np.dtype(np.uint16),
    "int": np.dtype(np.int32),
    "unsigned int": np.dtype(np.uint32),
    "unsigned": np.dtype(np.uint32),
    "long long": np.dtype(np.int64),
    "unsigned long long": np.dtype(np.uint64),
    "float": np.dtype(np.float32),
    "double": np.dtype(np.float64),
}
REALS = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_BOUNDS = r"(?:__launch_bounds__\s*\([^)]*\)\s*)?"
_KERNEL = re.compile(
    r'(?:extern\s*"C"\s*)?__global__\s+' + _BOUNDS + r"void\s+" + _BOUNDS + r"(\w+)\s*\(([^)]*)\)", re.DOTALL
)
_QUALIFIER = re.compile(r"\b(?:const|__restrict__|volatile)\b")


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, its C type without qualifiers (``"real"``, ``"long long"``), and whether it points."""

    name: str
    type: str
    pointer: bool
    const: bool

    def dtype(self, real):
        """The NumPy type of the number, or of the numbers pointed at, where `real` is the given type."""
        return real if self.type == "real" else DTYPES[self.type]

    def __str__(self):
        return f"{'const ' if self.const else ''}{self.type}{'*' if self.pointer else ''} {self.name}"


@dataclass(frozen=True)
class Kernel:
    """A ``__global__`` function: its name, its parameters in order, and the line where it begins."""

    name: str
    parameters: tuple
    line: int


def kernels(text):
    """All kernels of a .cu text by name, in order.

    Raises:
        ValueError: a parameter whose type is none of `DTYPES` or ``real``, or a pointer to one.
    """
    plain = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)  # lines and columns stay
    found = {}
    for match in _KERNEL.finditer(plain):
        name, line = match[1], plain.count("\n", 0, match.start()) + 1
        texts = [part for part in match[2].split(",") if part.strip()]
        found[name] = Kernel(name, tuple(_parameter(name, line, part) for part in texts), line)
    return found


def _parameter(kernel, line, text):
    words = _QUALIFIER.sub(" ", text).replace("*", " * ").split()
    pointer, name = "*" in words, words[-1]
    type = " ".join(word for word in words[:-1] if word != "*")
    if words.count("*") > 1 or (type != "real" and type not in DTYPES):
        raise ValueError(
            f"{kernel}, line {line}: a parameter must be a number or a pointer to numbers of type real, "
            f"{', '.join(DTYPES)}, got {' '.join(text.split())!r}"
        )
    return Parameter(name, type, pointer, bool(re.search(r"\bconst\b", text)))
