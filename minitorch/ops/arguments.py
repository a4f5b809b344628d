"""How the arguments of an operation may be written: NumPy's names for them, flags, sizes by keyword."""

import functools

import numpy as np

ANY_TRUTH = {"inplace", "return_indices"}  # PyTorch takes any value for these
FLAGS_OR_NONE = {"align_corners", "recompute_scale_factor", "unbiased"}  # None stands for a default

REDUCTION = {"axis": "dim", "keepdims": "keepdim"}

_HAS_REST = 0x04  # flag of the code of a function with *rest


def arguments(**aliases):
    """A decorator for an operation that makes its arguments as free, and as strict, as PyTorch's.

    - `aliases` gives further names for arguments: ``axis="dim"``.
    - What the operation takes as ``*size`` may also be given by keyword: ``size=(2, 3)``.
    - An argument whose default is True or False must be given a bool.
    - Errors get the operation's name in front; one of memory is a RuntimeError.
    """

    def decorate(function):
        name, named, rest, defaults = _signature(function)
        flags = {argument: default for argument, default in defaults.items() if _is_flag(argument, default)}
        places = [(named.index(flag), flag) for flag in flags if flag in named]
        first = min((place for place, _ in places), default=len(named))

        @functools.wraps(function)
        def operation(*args, **kwargs):
            try:
                if kwargs:
                    if kwargs.get("out", 0) is None:  # NumPy's functions say so when they leave the work to a method
                        del kwargs["out"]
                    for alias in aliases.keys() & kwargs.keys():
                        _rename(kwargs, alias, aliases[alias])
                    if rest in kwargs:
                        args = (*args, *(kwargs.pop(p) for p in named[len(args) :] if p in kwargs), kwargs.pop(rest))
                    for argument, default in flags.items():
                        if argument in kwargs:
                            _check_flag(argument, kwargs[argument], default)
                if len(args) > first:
                    for place, argument in places:
                        if place < len(args):
                            _check_flag(argument, args[place], flags[argument])
                return function(*args, **kwargs)
            except MemoryError as error:
                raise RuntimeError(f"{name}: not enough memory: {error}") from error
            except (IndexError, RuntimeError, TypeError, ValueError) as error:
                if "array is too big" in str(error):  # NumPy's word for more bytes than an address can name
                    raise RuntimeError(f"{name}: not enough memory: {error}") from error
                known = type(error) in (IndexError, RuntimeError, TypeError, ValueError)
                if not known or str(error).startswith(f"{name}:"):
                    raise
                raise type(error)(f"{name}: {error}") from error

        return operation

    return decorate


def _signature(function):
    """Name, arguments by position, the name of ``*rest`` or None, defaults. (`inspect` is slow to import.)"""
    code = function.__code__
    named = code.co_varnames[: code.co_argcount]
    rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount] if code.co_flags & _HAS_REST else None
    values = function.__defaults__ or ()
    defaults = dict(zip(named[len(named) - len(values) :], values))
    return function.__name__, named, rest, {**defaults, **(function.__kwdefaults__ or {})}


def _is_flag(argument, default):
    return argument not in ANY_TRUTH and (isinstance(default, bool) or argument in FLAGS_OR_NONE)


def _rename(kwargs, alias, name):
    if name in kwargs:
        raise TypeError(f"give {alias} or {name}, not both")
    kwargs[name] = kwargs.pop(alias)


def _check_flag(argument, value, default):
    if not isinstance(value, (bool, np.bool_)) and (value is not None or default is not None):
        raise TypeError(f"{argument} must be True or False, got {value!r}")
