"""Puts what the runtime found into words."""

import re

import numpy as np

from minitorch.kernels.emulator import errors
from minitorch.kernels.emulator.build import ALIGNMENT
from minitorch.kernels.emulator.debugging import layouts, source_lines
from minitorch.kernels.emulator.structures import Fault
from minitorch.kernels.signature import C_TYPES, blank, spelled

WARP_OPERATIONS = ("__syncwarp", "shuffle", "__ballot_sync", "__any_sync", "__all_sync", "__match_any_sync")
INTENDED = re.compile(r"//.*\brace intended\b")
DYNAMIC = re.compile(rf"\bextern\s+__shared__\s+{ALIGNMENT}([\w\s]+?)\s+(\w+)\s*\[\s*\]")
ACCESS = ("reads", "writes", "updates atomically")


def explain(program, report, bound, arrays, what):
    """The exception for a report.

    Args:
        program: the `Program`.
        report: the `Report` of the runtime.
        bound: the `Arguments` of the launch.
        arrays: the `Array` structures that the runtime filled in.
        what: the `Launch`.
    """
    return Explanation(program, report, bound, arrays, what).error()


class Explanation:
    """A report together with what is needed to put it into words."""

    def __init__(self, program, report, bound, arrays, what):
        self.program, self.report, self.bound, self.arrays, self.what = program, report, bound, arrays, what
        self.line, self.callers = self.lines(report.here)
        for code in report.callers:
            if self.line is None and code:
                self.line = next(iter(source_lines(program, code)), None)
        self.other_line, _ = self.lines(report.other)

    def lines(self, place):
        """The line of a place, and the lines from which the function it is in was called (as far as known)."""
        if place.line or not place.code:
            return place.line or None, []
        lines = source_lines(self.program, place.code)
        return (lines[0] if lines else None), lines[1:]

    def error(self):
        """The exception."""
        kind, text = WORDS[Fault(self.report.fault)](self)
        here, other = self.report.here, self.report.other
        two = Fault(self.report.fault) in TWO
        return kind(
            f"kernel {self.bound.kernel.name}, {self.where(self.line)}{at(here)}: {text}{self.quoted()}",
            kernel=self.bound.kernel.name,
            file=self.program.path.name,
            line=self.line,
            block=tuple(here.block),
            thread=tuple(here.thread),
            other_line=self.other_line if two else None,
            other_block=tuple(other.block) if two else None,
            other_thread=tuple(other.thread) if two else None,
        )

    def where(self, line):
        return f"{self.program.path.name} line {line}, " if line else f"{self.program.path.name}, "

    def quoted(self):
        """The lines of the file that are spoken of."""
        text = self.program.source.splitlines()
        numbers = dict.fromkeys(n for n in (self.line, *self.callers, self.other_line) if n and n <= len(text))
        return "".join(f"\n  {n:5} | {text[n - 1].strip()}" for n in numbers)

    def element(self, address):
        """Which element of which array an address is, and the size of that array; None where there is none."""
        entries = [(entry, parameter, array) for entry, (parameter, array, _) in zip(self.arrays, self.bound.arrays)]
        near = [candidate for candidate in entries if candidate[0].slot == self.report.slot]
        wrap = 0
        if not near:  # an unsigned index below 0 comes out near 2**32, far from the array
            wrap = 1 << 32
            near = [candidate for candidate in entries if is_wrapped(index_of(address, candidate[0]))]
        if not near:
            return None
        entry, parameter, array = min(
            near, key=lambda near: distance(address - wrap * near[0].item, near[0].start, near[0].bytes)
        )
        shape = f", shape {array.shape}" if array.ndim > 1 else ""
        size = f"{parameter.name} has {array.size} elements of {array.dtype}{shape}"
        return parameter.name, index_of(address, entry), size

    def out_of_bounds(self):
        report, verb = self.report, self.verb()
        found = self.element(report.address)
        if found:
            name, index, size = found
            side = "before the start" if index < 0 else "past the end"
            if is_wrapped(index):
                side += f" ({index - (1 << 32)} in unsigned arithmetic)"
            return errors.OutOfBoundsError, f"{verb} {name}[{index}], {side}; {size}"
        if report.address < 1 << 16 or report.address > (1 << 64) - (1 << 40):
            null = f" (None was given for {', '.join(self.bound.null)})" if self.bound.null else ""
            return errors.OutOfBoundsError, f"{verb} through a null pointer{null}"
        return errors.OutOfBoundsError, f"{verb} at an address that belongs to no array of the launch"

    def shared_bounds(self):
        address, offset = self.report.address, self.report.address - self.what.dynamic
        near = [(distance(address, v.address, v.bytes), v) for v in self.program.variables]
        far, variable = min(near, key=lambda pair: pair[0], default=(1 << 64, None))
        if far < distance(address, self.what.dynamic, self.what.shared_bytes):
            if far == 0:  # it begins within and ends outside
                address = variable.address + variable.bytes
            layout, name = layouts(self.program.library).get(variable.place), variable.name
            element = f"{name}{layout.index(address - variable.address)}, " if layout else ""
            side = "before the start" if address < variable.address else "past the end"
            return errors.OutOfBoundsError, f"{self.verb()} {element}{side} of the shared array {name}{layout or ''}"
        side = "before the start" if offset < 0 else "past the end"
        return errors.OutOfBoundsError, (
            f"{self.verb()} {self.dynamic_element(offset)}, {side} of the dynamic shared memory of the block, for "
            f"which the launch has shared_bytes={self.what.shared_bytes}"
        )

    def dynamic_element(self, offset):
        """An element of the ``extern __shared__`` array."""
        source = blank(self.program.source)  # the kernel's own declaration may have another name and type than others
        match = DYNAMIC.search(source, *self.bound.kernel.body) or DYNAMIC.search(source)
        item = match and item_bytes(self.program, match.group(1))
        name = match.group(2) if match else "memory"
        return f"shared {name}[{offset // item}]" if item else f"byte {offset} of shared {name}"

    def write_to_const(self):
        found = self.element(self.report.address)
        name = f"{found[0]}[{found[1]}]" if found else self.target()
        return errors.ReadOnlyError, f"writes {name}, which it declares {'const' if found else '__constant__'}"

    def target(self):
        """The element that a report is about; "" for one that belongs to nobody."""
        report = self.report
        found = self.element(report.address)
        if found:
            return f"{found[0]}[{found[1]}]"
        for v in self.program.variables:
            if v.address <= report.address < v.address + v.bytes:
                return f"shared {self.element_of_variable(v)}"
        for v in self.program.globals:
            if v.address <= report.address < v.address + v.bytes:
                return f"the variable {self.element_of_variable(v)}"
        inside = distance(report.address, self.what.dynamic, self.what.shared_bytes) == 0
        return self.dynamic_element(report.address - self.what.dynamic) if inside else ""

    def element_of_variable(self, variable):
        """A static variable, or the element of it that a report is about, and its size if it is not a plain row."""
        offset, layout = self.report.address - variable.address, layouts(self.program.library).get(variable.place)
        if layout is None:
            return f"{variable.name} (byte {offset})"
        size = f" ({variable.name} is {layout})" if len(layout.shape) > 1 else ""
        return variable.name + layout.index(offset) + size

    def race(self):
        here, other = self.report.here, self.report.other
        if list(here.block) != list(other.block):
            kind, who = "between blocks", f"{place(other)} of block {text(other.block)}"
            hint = "blocks run in any order: give each its own elements, or use an atomic operation"
        elif self.warp(here) == self.warp(other):
            kind, who = "within a warp", place(other)
            hint = "no __syncwarp() or __syncthreads() stands between the two (a shuffle does not put memory in order)"
        else:
            kind, who = "within a block", place(other)
            hint = "no __syncthreads() stands between the two"
        if self.line == self.other_line and kind != "between blocks":
            hint += "; if several threads are to change one element, that takes an atomic operation"
        line = f" in line {self.other_line}" if self.other_line else ""
        return errors.RaceError, (
            f"race {kind}: {ACCESS[here.access]} {self.target()}, which {who} {ACCESS[other.access]}{line}; {hint}"
        )

    def warp(self, where):
        x, y, z = where.thread
        width, height, _ = self.what.block
        return (x + width * (y + height * z)) // 32

    def uninitialised(self):
        return errors.UninitialisedError, (
            f"{self.verb()} {self.target()}, which is uninitialised: no thread of the block has written there before"
        )

    def index(self):
        index, name, c_type = self.report.values[0], self.indexed_array(), self.report.text.decode()
        side = "before the start" if index < 0 else "past the end"
        dimensions = name.count("[")  # the type is that of what is left of the array at this index
        if dimensions > 1:
            name = f"dimension {dimensions - c_type.count('[') + 1} of {name}"
        elif dimensions:
            name = name.partition("[")[0]
        name += ", " if name else ""
        return errors.OutOfBoundsError, f"index {index} is {side} of {name}an array of type {c_type}"

    def indexed_array(self):
        """Name and size, as declared, of the array that the line indexes; "" where there are several that it may be."""
        source = blank(self.program.source)
        line = source.splitlines()[self.line - 1] if self.line else ""
        start, end = self.bound.kernel.body
        if not source.count("\n", 0, start) < (self.line or 0) <= source.count("\n", 0, end) + 1:
            start, end = 0, len(source)  # in a function that the kernel calls
        declaration = r"(?m)(?:^|[;{{}}])\s*(?!return|else)(?:\w+\s+)+(?:[^;(){{}}=]*,\s*)?({}\s*(?:\[[^][]*\]\s*)+)"
        names = dict.fromkeys(re.findall(r"\b([A-Za-z_]\w*)\s*\[", line))
        found = [re.search(declaration.format(name), source[start:end]) for name in names]
        declared = [match.group(1).strip() for match in found if match]
        return declared[0] if len(declared) == 1 else ""

    def shuffle(self):
        mask, lane = self.report.values[:2]
        threads = self.what.block[0] * self.what.block[1] * self.what.block[2]
        why = f"the mask {self.mask(0)} leaves it out" if not mask >> lane & 1 else f"the block has {threads} threads"
        found = self.element(self.report.address)
        reached = f", and has reached {found[0]}[{found[1]}]" if found else ""
        return errors.DivergenceError, (
            f"a shuffle reads from lane {lane}, which takes no part in it ({why}): its result is undefined{reached}"
        )

    def verb(self):
        return ACCESS[self.report.here.access]

    def shift(self):
        value, bits = self.report.values[:2]
        return errors.KernelArithmeticError, (
            f"shift of {value} (type {self.report.text.decode()}) by {bits} bits, which is negative or too far"
            if value >= 0
            else f"shift of the negative number {value} (type {self.report.text.decode()}) by {bits} bits"
        )

    def overflow(self):
        left, right, sign = self.report.values[:3]
        return errors.KernelArithmeticError, (
            f"signed overflow: {left} {chr(sign)} {right} does not fit into type {self.report.text.decode()}"
        )

    def before_or_after(self):
        name = "the dynamic shared memory"
        if self.report.slot >= 0:
            entries = zip(self.arrays, self.bound.arrays)
            name = " and ".join(p.name for entry, (p, _, _) in entries if entry.slot == self.report.slot)
        return errors.OutOfBoundsError, f"something was written just before the start or past the end of {name}"

    def barrier_diverged(self):
        return errors.DivergenceError, (
            f"waits at a barrier (__syncthreads) while {place(self.report.other)} waits at another one, in line "
            f"{self.other_line}; all threads of a block must come to the same"
        )

    def barrier_left(self):
        how = f"has returned in line {self.other_line}" if self.other_line else "has come to the end of the kernel"
        return errors.DivergenceError, (
            f"waits at a barrier (__syncthreads) to which {place(self.report.other)} does not come: it {how}"
        )

    def warp_diverged(self):
        return errors.DivergenceError, (
            f"waits at a {self.operation(1)} with mask {self.mask(0)} for {place(self.report.other)}, a lane of "
            f"the mask, which waits in line {self.other_line} instead"
        )

    def warp_left(self):
        how = f"has returned in line {self.other_line}" if self.other_line else "has come to the end of the kernel"
        return errors.DivergenceError, (
            f"waits at a {self.operation(1)} with mask {self.mask(0)} for {place(self.report.other)}, a lane of "
            f"the mask, which {how}"
        )

    def warp_masks(self):
        return errors.DivergenceError, (
            f"waits with mask {self.mask(0)} for {place(self.report.other)}, which has come to the same line with "
            f"mask {self.mask(1)} (or for another operation); all lanes of a mask must give the same mask"
        )

    def warp_not_in_mask(self):
        return errors.DivergenceError, (
            f"lane {self.report.values[1]} takes part in a warp operation whose mask {self.mask(0)} leaves it out"
        )

    def deadlock(self):
        return errors.DeadlockError, (
            f"deadlock: waits at a {self.operation(1)} with mask {self.mask(0)} for {place(self.report.other)}, which "
            f"waits at a barrier (__syncthreads) in line {self.other_line} for all threads of the block"
        )

    def endless(self):
        return errors.EndlessLoopError, "is in an endless loop, or takes longer than the time limit"

    def misaligned(self):
        verb, alignment = self.verb(), self.report.values[0]
        if not alignment:
            return errors.MisalignedError, f"{verb} several bytes at an address that is not a multiple of their number"
        return errors.MisalignedError, (
            f"{verb} {self.target() or 'memory'} as a type of which every address is a multiple of {alignment} bytes, "
            "but this one is not"
        )

    def stack_overflow(self):
        return errors.StackOverflowError, "stack overflow: local arrays and calls need more than 128 KB"

    def illegal(self):
        return errors.KernelError, "came to an illegal instruction: a path that the compiler took to be impossible"

    def division(self):
        return errors.KernelArithmeticError, "integer division by zero (or of the smallest integer by -1)"

    def failed(self):
        return errors.KernelAssertionError, f"assertion failed: {self.report.text.decode(errors='replace')}"

    def operation(self, value):
        return WARP_OPERATIONS[self.report.values[value]]

    def mask(self, value):
        return f"{self.report.values[value] & 0xFFFFFFFF:#010x}"


WORDS = {
    Fault.OUT_OF_BOUNDS: Explanation.out_of_bounds,
    Fault.BEFORE_OR_AFTER: Explanation.before_or_after,
    Fault.WRITE_TO_CONST: Explanation.write_to_const,
    Fault.SHARED_BOUNDS: Explanation.shared_bounds,
    Fault.RACE: Explanation.race,
    Fault.UNINITIALISED: Explanation.uninitialised,
    Fault.INDEX: Explanation.index,
    Fault.SHIFT: Explanation.shift,
    Fault.OVERFLOW: Explanation.overflow,
    Fault.MISALIGNED: Explanation.misaligned,
    Fault.STACK_OVERFLOW: Explanation.stack_overflow,
    Fault.ILLEGAL: Explanation.illegal,
    Fault.DIVISION: Explanation.division,
    Fault.ENDLESS: Explanation.endless,
    Fault.BARRIER_DIVERGED: Explanation.barrier_diverged,
    Fault.BARRIER_LEFT: Explanation.barrier_left,
    Fault.WARP_DIVERGED: Explanation.warp_diverged,
    Fault.WARP_LEFT: Explanation.warp_left,
    Fault.WARP_MASKS: Explanation.warp_masks,
    Fault.WARP_NOT_IN_MASK: Explanation.warp_not_in_mask,
    Fault.DEADLOCK: Explanation.deadlock,
    Fault.FAILED: Explanation.failed,
    Fault.SHUFFLE_UNDEFINED: Explanation.shuffle,
}
TWO = {Fault.BARRIER_DIVERGED, Fault.BARRIER_LEFT, Fault.WARP_DIVERGED, Fault.WARP_LEFT, Fault.WARP_MASKS,
       Fault.DEADLOCK, Fault.RACE}  # fmt: skip


def index_of(address, entry):
    """The index of the element of an array that an address belongs to, or would belong to."""
    return (address - entry.start) // entry.item


def is_wrapped(index):
    """Whether an index is what unsigned arithmetic makes of a small negative one."""
    return 0 < (1 << 32) - index < 1 << 24


def distance(address, start, size):
    """How far an address is from an array of so many bytes, 0 if inside."""
    return max(start - address, address - (start + size - 1), 0)


def at(where):
    """Where a thread is in the grid, in words."""
    return f"block {text(where.block)}, thread {text(where.thread)}"


def place(where):
    """Where a thread is in its block, in words."""
    return f"thread {text(where.thread)}"


def text(index):
    """An index such as a block's as ``(x, y, z)``."""
    return f"({', '.join(map(str, index))})"


def item_bytes(program, c_type):
    """Bytes of an element of a C type, looked up through the program's defines; None for an unknown type."""
    c_type = " ".join(word for word in c_type.split() if word not in ("volatile", "const"))
    c_type = spelled(program.defines.get(c_type, c_type))
    return np.dtype(C_TYPES[c_type]).itemsize if c_type in C_TYPES else None


def is_intended(program, report):
    """Whether a race is marked in the text as intended, in one of its two lines or the line above."""
    lines = program.source.splitlines()
    for where in (report.here, report.other):
        number = where.line or next(iter(source_lines(program, where.code)), 0)
        if any(INTENDED.search(line) for line in lines[max(number - 2, 0) : number]):
            return True
    return False
