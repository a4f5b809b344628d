"""What must be known about a run on a GPU: device, versions, date, commit. Benchmark and ``pytest -m gpu`` print it."""

import importlib.metadata
import subprocess
import time
from pathlib import Path

import minitorch


def commit():
    """The commit that is run, with a note if files were changed since."""
    folder = Path(__file__).parent

    def git(*words):
        result = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True)
        return result.stdout.strip() if result.returncode == 0 else ""

    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + (" with changes" if git("status", "-s") else "")


def installed(package):
    """The version of a package, without importing it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def conditions(cupy):
    """Two lines about the GPU and the versions."""
    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    version = cupy.cuda.runtime.runtimeGetVersion()
    return [
        f"{time.strftime('%Y-%m-%d')}, {properties['name'].decode()}, compute capability "
        f"{properties['major']}.{properties['minor']}, {properties['multiProcessorCount']} multiprocessors",
        f"CUDA {version // 1000}.{version % 1000 // 10}, driver {cupy.cuda.runtime.driverGetVersion()}, CuPy "
        f"{cupy.__version__}, PyTorch {installed('torch')}, minitorch {minitorch.__version__} at {commit()}",
    ]
