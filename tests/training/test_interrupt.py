"""Ctrl-C raises a flag first, and acts the second time."""

import os
import signal
import threading

import pytest

from minitorch.training import catch_interrupt


def test_interrupt_raises_a_flag_then_acts():
    before = signal.getsignal(signal.SIGINT)
    with catch_interrupt() as interrupted:
        assert not interrupted()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_leaves_the_signals_alone():
    seen, before = [], signal.getsignal(signal.SIGINT)

    def work():
        with catch_interrupt() as interrupted:
            seen.append((interrupted(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
