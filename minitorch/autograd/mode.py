"""Switches of the engine, one set for each thread: is a graph recorded, every gradient inspected, who looks on."""

import contextlib
import functools
import threading

_GENERATOR = 0x20  # flag of a generator function's code; `inspect`, which knows it too, is slow to import


class _Mode(threading.local):
    """The switches of one thread."""

    grad = True
    anomaly = False
    check_nan = True
    watchers = ()


mode = _Mode()


class _Switch(contextlib.ContextDecorator):
    """Sets switches for a `with` block, or for every call of a decorated function, and puts them back after."""

    def __init__(self, **values):
        for value in values.values():
            if not isinstance(value, bool):
                raise TypeError(f"expected True or False, got {value!r}")
        self.values, self.before = values, []

    def _set(self, values):
        for name, value in values.items():
            setattr(mode, name, value)

    def __enter__(self):
        self.before.append({name: getattr(mode, name) for name in self.values})
        self._set(self.values)

    def __exit__(self, *exception):
        self._set(self.before.pop())

    def _recreate_cm(self):  # a decorated function may run in several threads at once
        return _Switch(**self.values)

    def __call__(self, function):
        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        return (self._around if flags & _GENERATOR else super().__call__)(function)

    def _around(self, function):
        """A generator function whose body alone runs under the switch, not what its caller does between two items."""

        @functools.wraps(function)
        def generator(*args, **kwargs):
            inner = function(*args, **kwargs)
            resume, value = inner.send, None
            while True:
                try:
                    with self._recreate_cm():
                        item = resume(value)
                except StopIteration as end:
                    return end.value
                try:
                    resume, value = inner.send, (yield item)
                except GeneratorExit:
                    with self._recreate_cm():
                        inner.close()
                    raise
                except BaseException as error:  # thrown into the generator by its caller
                    resume, value = inner.throw, error

        return generator


class _SetNow(_Switch):
    """A switch that acts when it is made; as a `with` block it also ends."""

    def __init__(self, **values):
        super().__init__(**values)
        super().__enter__()

    def __enter__(self):
        self._set(self.values)

    def __call__(self, function):  # as a decorator it acts within the function alone
        self.__exit__()
        return super().__call__(function)


def no_grad(function=None):
    """Record no graph: ``with no_grad():``, ``@no_grad()`` or ``@no_grad``. Results do not require a gradient."""
    switch = _Switch(grad=False)
    return switch if function is None else switch(function)


def enable_grad(function=None):
    """Record the graph, also inside `no_grad`: ``with enable_grad():``, ``@enable_grad()`` or ``@enable_grad``."""
    switch = _Switch(grad=True)
    return switch if function is None else switch(function)


def set_grad_enabled(value):
    """Record the graph or not: ``with set_grad_enabled(training):``, or a plain call, which holds until the next."""
    return _SetNow(grad=value)


def detect_anomaly(check_nan=True):
    """Look at every gradient and stop at the first NaN.

    Within the block each operation remembers the lines that called it. A backward that makes a NaN raises a
    RuntimeError that names the forward operation and shows those lines; where a backward raises an error of its own,
    a warning shows them. Slow: for finding a fault.

    Args:
        check_nan: False lets NaN pass and shows the lines of errors alone.
    """
    return _Switch(anomaly=True, check_nan=check_nan)


def set_detect_anomaly(mode, check_nan=True):
    """`detect_anomaly` or not: as a ``with`` block, or a plain call, which holds until the next."""
    return _SetNow(anomaly=mode, check_nan=check_nan)


def is_anomaly_enabled():
    """True within `detect_anomaly`."""
    return mode.anomaly


def is_anomaly_check_nan_enabled():
    """True where `detect_anomaly` stops at NaN; also outside of it, where nothing is looked at."""
    return mode.check_nan


@contextlib.contextmanager
def watch(function):
    """Call a function after every operation of this thread within the block: for counting costs and tracing.

    It is called as ``function(operation, inputs, outputs, params)``.

    - operation: the `Function` subclass, or None where a result was written into an existing tensor (``x += y``).
    - inputs: the positional inputs: tensors, numbers, None.
    - outputs: a list of tensors.
    - params: a dictionary, everything else that the operation was given.
    """
    before = mode.watchers
    mode.watchers = (*before, function)
    try:
        yield
    finally:
        mode.watchers = before


def is_grad_enabled():
    """True while operations record a graph."""
    return mode.grad
