"""The GPU: is one there, how many, and wait for it."""

from minitorch.device import cuda_device_count as device_count
from minitorch.device import cuda_is_available as is_available
from minitorch.device import cupy

__all__ = ["device_count", "is_available", "synchronize"]


def synchronize():
    """Wait until the current GPU has finished all that it was given. Raises RuntimeError without a GPU."""
    cupy().cuda.Device().synchronize()
