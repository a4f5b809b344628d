"""Install minitorch: ``pip install .``, with ``.[cuda12]`` or ``.[cuda13]`` for a GPU, ``.[test]`` for the tests."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="minitorch",
    version="0.1.0",
    description="A deep-learning engine on NumPy and CuPy that can be read from end to end",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    packages=find_packages(include=["minitorch", "minitorch.*"]),
    package_data={
        "minitorch.kernels.cuda": ["source/*.cu"],
        "minitorch.kernels.emulator": ["runtime/*.h", "runtime/*.cpp"],
        "minitorch.data.embedded": ["*/*.gz", "*/LICENSE", "*/README.md"],
    },
    python_requires=">=3.10,<3.14",  # memory.py counts references, which 3.14 counts in another way
    install_requires=[
        "numpy>=1.26",
        "pillow>=10",
        "matplotlib>=3.8",
        "tqdm>=4.66",
        "safetensors>=0.4.3",
        "threadpoolctl>=3.2",
    ],
    extras_require={
        "cuda12": ["cupy-cuda12x[ctk]>=13"],
        "cuda13": ["cupy-cuda13x[ctk]>=13.6"],
        "test": ["pytest>=8", "hypothesis>=6.100"],
    },
    classifiers=[
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],
)
