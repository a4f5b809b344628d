"""The structures that Python and the runtime share; the same as in ``runtime/runtime.h``."""

import ctypes
import enum


class Fault(enum.IntEnum):
    """What went wrong."""

    NONE = 0
    OUT_OF_BOUNDS = enum.auto()
    BEFORE_OR_AFTER = enum.auto()
    WRITE_TO_CONST = enum.auto()
    MISALIGNED = enum.auto()
    STACK_OVERFLOW = enum.auto()
    ILLEGAL = enum.auto()
    DIVISION = enum.auto()
    ENDLESS = enum.auto()
    BARRIER_DIVERGED = enum.auto()
    BARRIER_LEFT = enum.auto()
    WARP_DIVERGED = enum.auto()
    WARP_LEFT = enum.auto()
    WARP_MASKS = enum.auto()
    WARP_NOT_IN_MASK = enum.auto()
    DEADLOCK = enum.auto()
    FAILED = enum.auto()
    RACE = enum.auto()
    UNINITIALISED = enum.auto()
    INDEX = enum.auto()
    SHIFT = enum.auto()
    OVERFLOW = enum.auto()
    SHARED_BOUNDS = enum.auto()
    SHUFFLE_UNDEFINED = enum.auto()


class Place(ctypes.Structure):
    """A thread and a position in its code."""

    _fields_ = [
        ("block", ctypes.c_uint32 * 3),
        ("thread", ctypes.c_uint32 * 3),
        ("line", ctypes.c_int32),
        ("access", ctypes.c_int32),
        ("code", ctypes.c_uint64),
    ]


class Report(ctypes.Structure):
    """What the runtime found."""

    _fields_ = [
        ("fault", ctypes.c_int32),
        ("slot", ctypes.c_int32),
        ("here", Place),
        ("other", Place),
        ("address", ctypes.c_uint64),
        ("values", ctypes.c_int64 * 4),
        ("text", ctypes.c_char * 256),
        ("callers", ctypes.c_uint64 * 8),
    ]


class Array(ctypes.Structure):
    """An array for a kernel; the runtime fills in where its copy lies."""

    _fields_ = [
        ("source", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("item", ctypes.c_uint32),
        ("read_only", ctypes.c_uint32),
        ("start", ctypes.c_uint64),
        ("slot", ctypes.c_int64),
    ]


class Range(ctypes.Structure):
    """Some bytes of memory."""

    _fields_ = [("begin", ctypes.c_uint64), ("bytes", ctypes.c_uint64)]


class Launch(ctypes.Structure):
    """Everything the runtime needs for a launch."""

    _fields_ = [
        ("entry", ctypes.c_void_p),
        ("arguments", ctypes.c_void_p),
        ("grid", ctypes.c_uint32 * 3),
        ("block", ctypes.c_uint32 * 3),
        ("shared_bytes", ctypes.c_uint64),
        ("order", ctypes.c_int32),
        ("check", ctypes.c_int32),
        ("seed", ctypes.c_uint64),
        ("seconds", ctypes.c_double),
        ("arrays", ctypes.POINTER(Array)),
        ("array_count", ctypes.c_uint64),
        ("shared", ctypes.POINTER(Range)),
        ("shared_count", ctypes.c_uint64),
        ("ignored", ctypes.POINTER(ctypes.c_uint64)),
        ("ignored_count", ctypes.c_uint64),
        ("dynamic", ctypes.c_uint64),
        ("bss_begin", ctypes.c_uint64),
        ("bss_end", ctypes.c_uint64),
        ("global_begin", ctypes.c_uint64),
        ("global_end", ctypes.c_uint64),
        ("constant_begin", ctypes.c_uint64),
        ("constant_end", ctypes.c_uint64),
        ("code_begin", ctypes.c_uint64),
        ("code_end", ctypes.c_uint64),
        ("image_end", ctypes.c_uint64),
    ]
