"""Image datasets: CIFAR and the MNIST family from files, folders of images, and two small sets in the package."""

from minitorch.data.datasets.cifar import CIFAR10, CIFAR100
from minitorch.data.datasets.embedded import Digits, FashionMini
from minitorch.data.datasets.folder import ImageFolder
from minitorch.data.datasets.image import ImageDataset
from minitorch.data.datasets.mnist import KMNIST, MNIST, FashionMNIST

__all__ = ["CIFAR10", "CIFAR100", "KMNIST", "MNIST", "Digits", "FashionMNIST", "FashionMini", "ImageDataset",
           "ImageFolder"]
