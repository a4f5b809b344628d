"""Lines and shapes of variables in compiled code, read from what the compiler leaves for debuggers."""

import functools
import math
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ENTRY = re.compile(r"\s*<\w+><(\w+)>: Abbrev Number: \d+ \((DW_TAG_\w+)\)")
ATTRIBUTE = re.compile(r"\s*<\w+>\s+DW_AT_(\w+)\s*:\s*(?:\(\w+\)\s+)?(.*)")  # some versions tell the form in brackets
ADDRESS = re.compile(r"\(DW_OP_addr: (\w+)\)")
LINK = re.compile(r"<(?:0x)?(\w+)>")


@dataclass(frozen=True)
class Layout:
    """The shape of a variable, ``()`` for one that is no array, and the bytes of an element."""

    shape: tuple
    item: int

    def index(self, offset):
        """The element at so many bytes from the start as in C: ``[1][2]``, for any whole number of bytes."""
        number, indices = offset // self.item, []
        for size in self.shape[:0:-1]:
            number, index = divmod(number, size)
            indices.append(index)
        return in_brackets([number, *reversed(indices)]) if self.shape else ""

    def __str__(self):
        return in_brackets(self.shape)


def in_brackets(numbers):
    """``[4][16]``."""
    return "".join(f"[{number}]" for number in numbers)


@functools.lru_cache(maxsize=4)
def layouts(library):
    """The variables of a library: dict from address in the file to `Layout`; empty where there is no ``readelf``."""
    tool = shutil.which("readelf")
    if tool is None:
        return {}
    command = [tool, "--debug-dump=info", str(library)]
    entries = read_entries(subprocess.run(command, capture_output=True, text=True).stdout)
    found = {}
    for entry in entries.values():
        address = ADDRESS.search(entry.get("location", "")) if entry["tag"] == "DW_TAG_variable" else None
        links = [entry, target(entries, entry, "specification"), target(entries, entry, "abstract_origin")]
        link = next((link for link in links if link and "type" in link), None)
        if address and link:
            found[int(address.group(1), 16)] = layout_of(entries, target(entries, link, "type"))
    return {address: layout for address, layout in found.items() if layout}


def read_entries(text):
    """The entries in what ``readelf`` prints: dict from number to attributes; an array has its ``sizes``."""
    entries, array, entry = {}, {}, {}
    for line in text.splitlines():
        head = ENTRY.match(line)
        if head:
            entry = entries[head.group(1)] = {"tag": head.group(2)}
            if head.group(2) == "DW_TAG_array_type":
                array = entry
                array["sizes"] = []
            elif head.group(2) == "DW_TAG_subrange_type":
                array.setdefault("sizes", []).append(entry)
            continue
        attribute = ATTRIBUTE.match(line)
        if attribute:
            entry[attribute.group(1)] = attribute.group(2)
    return entries


def target(entries, entry, attribute):
    """The entry that an attribute refers to, None if there is none."""
    link = LINK.search(entry.get(attribute, ""))
    return entries.get(link.group(1)) if link else None


def layout_of(entries, entry):
    """The `Layout` of a type, None where its size is not told."""
    shape = []
    while entry is not None and "byte_size" not in entry:
        for size in entry.get("sizes", ()):
            count = size.get("count", size.get("upper_bound", ""))
            if not count.isdigit():
                return None
            shape.append(int(count) + ("count" not in size))
        entry = target(entries, entry, "type")
    item = int(entry["byte_size"], 0) if entry else 0
    return Layout(tuple(shape), item) if item and math.prod(shape) else None


def source_lines(program, code):
    """The line of a position in the compiled code, then those of the calls that lead there, within the .cu file."""
    tool = shutil.which("addr2line") or shutil.which("llvm-addr2line")
    if tool is None:
        return []
    command = [tool, "-i", "-e", str(program.library), hex(code)]
    output = subprocess.run(command, capture_output=True, text=True).stdout
    lines = []
    for entry in output.splitlines():
        name, _, number = entry.partition(" ")[0].rpartition(":")
        if Path(name).name == program.path.name and number.isdigit() and int(number):
            lines.append(int(number))
    return lines
