"""Image datasets: the MNIST family from files, and two small sets that come in the package."""

from minitorch.data.datasets.embedded import Digits, FashionMini
from minitorch.data.datasets.image import ImageDataset
from minitorch.data.datasets.mnist import KMNIST, MNIST, FashionMNIST

__all__ = ["KMNIST", "MNIST", "Digits", "FashionMNIST", "FashionMini", "ImageDataset"]
