"""Ctrl-C that lets the step at hand finish, so that what is saved afterwards is whole."""

import contextlib
import signal
import threading


@contextlib.contextmanager
def catch_interrupt():
    """Within the block Ctrl-C (or SIGTERM) only raises a flag; a second Ctrl-C acts at once.

    Yields:
        A function that tells whether the flag is up.
    """
    raised = threading.Event()

    def note(number, frame):
        if raised.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        raised.set()

    if threading.current_thread() is not threading.main_thread():
        yield raised.is_set  # only the main thread may set signal handlers
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield raised.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
