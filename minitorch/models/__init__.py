"""The classic image networks."""

from minitorch.models.lenet import LeNet5, lenet5

__all__ = ["LeNet5", "lenet5"]
