"""Datasets, transforms and the loader. Everything here yields NumPy arrays; the training loop makes tensors of them."""

from minitorch.data import datasets, transforms
from minitorch.data.collate import default_collate
from minitorch.data.dataloader import DataLoader
from minitorch.data.dataset import ConcatDataset, Dataset, Subset, TensorDataset, random_split
from minitorch.data.randomness import current_generator
from minitorch.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "BatchSampler",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "current_generator",
    "datasets",
    "default_collate",
    "random_split",
    "transforms",
]
