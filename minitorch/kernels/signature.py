"""The kernels that a .cu file declares: names, lines and parameters, read from the text.

One parser serves both who launches a kernel on a GPU and who runs it on the emulator. It understands what the files
in ``cuda/source`` hold, ``__global__ void name(type a, const type* b)`` with any qualifiers, and does not run the
preprocessor: a kernel that a macro writes is not seen, and a template is no kernel until someone instantiates it.
"""

import functools
import re
from dataclasses import dataclass

import numpy as np

C_TYPES = {
    "bool": np.bool_,
    "char": np.int8,
    "signed char": np.int8,
    "unsigned char": np.uint8,
    "short": np.int16,
    "unsigned short": np.uint16,
    "int": np.int32,
    "unsigned int": np.uint32,
    "long": np.int64,
    "unsigned long": np.uint64,
    "long long": np.int64,
    "unsigned long long": np.uint64,
    "size_t": np.uint64,
    "float": np.float32,
    "double": np.float64,
}
REALS = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}  # what `real` may stand for in a .cu file

COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
GLOBAL = re.compile(r"\b__global__\b")
BOUNDS = re.compile(r"\b__launch_bounds__\s*\(")
NAME = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
TEMPLATE = re.compile(r"\btemplate\s*<(.*)>", re.DOTALL)
SPECIALISED = re.compile(r"[<;{}]")  # before the bracket behind the name: `f<float>(`, which is no declaration of f
MOST_THREADS = re.compile(r"\b__launch_bounds__\s*\(\s*(\d+)\s*[,)]")
NOT_TYPE = re.compile(r"\b(?:const|volatile|__restrict__|__restrict|restrict|register|struct)\b|&")
DEFAULT_ARGUMENT = re.compile(r"=.*", re.DOTALL)


@dataclass(frozen=True)
class Parameter:
    """One parameter of a kernel.

    Attributes:
        name: as declared.
        type: the C type that it has or points to, spelled one way (``"unsigned int"`` for ``unsigned``).
        pointer: 0 for a scalar, 1 for ``T*``, 2 for a table of pointers ``T**``.
        const: whether what it points to (or, for a scalar, itself) is declared const.
    """

    name: str
    type: str
    pointer: int
    const: bool

    def __str__(self):
        return f"{'const ' if self.const else ''}{self.type}{'*' * self.pointer} {self.name}"

    def dtype(self, real):
        """The NumPy dtype of the number, or of the numbers that it points to.

        Args:
            real: the dtype that ``real`` stands for.

        Raises:
            ValueError: a C type that no array has.
        """
        if self.type == "real":
            return np.dtype(real)
        if self.type not in C_TYPES:
            raise ValueError(f"parameter {self}: expected a type out of real, {', '.join(C_TYPES)}, got {self.type}")
        return np.dtype(C_TYPES[self.type])


@dataclass(frozen=True)
class Kernel:
    """One ``__global__`` function.

    Attributes:
        name: as declared.
        parameters: a tuple of `Parameter`, in order.
        line: number of the line that holds the name.
        extern_c: declared ``extern "C"``, so that its name in the compiled code is the name in the text.
        body: first and last position of its braces in the text.
        most_threads: of a block, where ``__launch_bounds__`` gives it as a number, else None.
        template: the parameters of a template, as they stand between its angle brackets; None for what is none.
    """

    name: str
    parameters: tuple
    line: int
    extern_c: bool
    body: tuple
    most_threads: int | None = None
    template: str | None = None

    def __str__(self):
        return f"{self.name}({', '.join(map(str, self.parameters))})"


def spelled(c_type):
    """One spelling for each integer type: ``unsigned`` is ``unsigned int``, ``long int`` is ``long``."""
    words = c_type.split()
    if not set(words) <= {"unsigned", "signed", "long", "short", "int", "char"}:
        return " ".join(words)
    sign = "unsigned " if "unsigned" in words else "signed " if "signed" in words and "char" in words else ""
    size = " ".join(word for word in words if word in ("long", "short", "char")) or "int"
    return sign + size


def blank(source, keep_strings=False):
    """The text with comments (and what is in quotes) replaced by spaces; every line and position stays."""

    def spaces(match):
        text = match.group()
        if text[0] in "\"'":
            return text if keep_strings else text[0] + " " * (len(text) - 2) + text[-1]
        return re.sub(r"[^\n]", " ", text)

    return COMMENT_OR_STRING.sub(spaces, source)


def kernels(source):
    """The kernels of a .cu text.

    Args:
        source: the text.

    Returns:
        dict from name to `Kernel`, in the order of the text. Declarations without a body and templates are left out.

    Raises:
        ValueError: a kernel's parameters cannot be understood; the message tells the line.
    """
    return {kernel.name: kernel for kernel in global_functions(source) if kernel.template is None}


def templates(source):
    """The templates of kernels in a .cu text: dict from name to `Kernel`, as for `kernels`."""
    return {kernel.name: kernel for kernel in global_functions(source) if kernel.template is not None}


@functools.lru_cache(maxsize=256)
def global_functions(source):
    """A `Kernel` for each ``__global__`` function with a body, templates among them."""
    text = blank(source)
    found = []
    for start in GLOBAL.finditer(text):
        begin = start.end()
        name = NAME.search(text, begin)
        if name is not None and BOUNDS.match(text, name.start()):
            begin = matching(text, name.end() - 1, "()")
            name = NAME.search(text, begin)
        if name is None:
            continue
        close = matching(text, name.end() - 1, "()")
        opening = re.compile(r"\s*\{").match(text, close + 1)
        if opening is None or SPECIALISED.search(text, begin, name.end()):
            continue
        line = text.count("\n", 0, name.start(1)) + 1
        head = declaration_head(text, start.start())
        before = head + text[start.start() : name.start()]
        bounds, template = MOST_THREADS.search(before), TEMPLATE.search(head)
        kernel = Kernel(
            name=name.group(1),
            parameters=parse_parameters(text[name.end() : close], name.group(1), line),
            line=line,
            extern_c=re.search(r'\bextern\s+" "', before) is not None or in_extern_block(text, start.start()),
            body=(opening.end() - 1, matching(text, opening.end() - 1, "{}")),
            most_threads=int(bounds.group(1)) if bounds else None,
            template=" ".join(template.group(1).split()) if template else None,
        )
        found.append(kernel)
    return found


def declaration_head(text, position):
    """What stands between the end of the statement before and the position."""
    lines = text[max(text.rfind(";", 0, position), text.rfind("}", 0, position)) + 1 : position].split("\n")
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def in_extern_block(text, position):
    """Whether a position lies within ``extern "C" { ... }``."""
    blocks = re.finditer(r'\bextern\s+" "\s*\{', text[:position])
    return any(matching(text, block.end() - 1, "{}") > position for block in blocks)


def matching(text, position, pair):
    """Position of the bracket that closes the one at `position`; the end of the text where there is none."""
    depth = 0
    for place in range(position, len(text)):
        if text[place] == pair[0]:
            depth += 1
        elif text[place] == pair[1]:
            depth -= 1
            if depth == 0:
                return place
    return len(text)


def parse_parameters(text, kernel, line):
    """The parameters in what stands between a kernel's parentheses."""
    text = text.strip()
    if text in ("", "void"):
        return ()
    return tuple(parse_parameter(part, kernel, line) for part in split_at_commas(text))


def split_at_commas(text):
    """The parts between commas that are in no bracket."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "(<[") - (character in ")>]")
        if character == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def parse_parameter(text, kernel, line):
    """A `Parameter` from its declaration."""
    declaration = DEFAULT_ARGUMENT.sub("", text).strip()
    array = re.search(r"\[[^\]]*\]\s*$", declaration)  # float x[] is float* x
    if array:
        declaration = declaration[: array.start()].strip()
    name = re.search(r"([A-Za-z_]\w*)$", declaration)
    pointee = declaration[: name.start()] if name else ""
    c_type = " ".join(NOT_TYPE.sub(" ", pointee.partition("*")[0]).split())
    if not c_type:
        raise ValueError(f"kernel {kernel} in line {line}: cannot read the parameter {text.strip()!r}")
    return Parameter(
        name=name.group(1),
        type=spelled(c_type),
        pointer=pointee.count("*") + bool(array),
        const=re.search(r"\bconst\b", pointee.partition("*")[0]) is not None,
    )
