"""What the emulator's tests share."""

import pytest

from minitorch.kernels import emulator


@pytest.fixture(autouse=True)
def needs_emulator():
    """Skip where there is no compiler."""
    if emulator.why_not():
        pytest.skip(f"needs emulator: {emulator.why_not()}")


@pytest.fixture
def write(tmp_path):
    """A function that writes a .cu text to a file and returns its path."""

    def write(text, name="kernels.cu"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
