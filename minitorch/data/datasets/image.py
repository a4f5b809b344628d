"""`ImageDataset`: images and class numbers held in two arrays."""

from typing import ClassVar

import numpy as np

from minitorch.data.collate import default_collate
from minitorch.data.dataset import Dataset, map_samples
from minitorch.data.transforms.compose import finish_batch, split_for_batches


class ImageDataset(Dataset):
    """Grey or colour images and their classes, all in memory.

    `dataset[i]` is `(image, label)`: a uint8 array of shape `(H, W)` or `(H, W, 3)` with values 0 to 255, and an int.
    (torchvision gives a PIL image; the transforms here take both.) With `transform` and `target_transform` it is what
    they return.

    Attributes:
        data: uint8 array `(N, H, W)` or `(N, H, W, 3)`. Read-only, as it may be shared: to change images, assign a
            changed copy.
        targets: int64 array `(N,)`, class numbers; read-only too.
        classes: the names of the classes, and `class_to_idx` the number for each name.
    """

    classes: ClassVar = []

    def __init__(self, data, targets, transform=None, target_transform=None):
        name = type(self).__name__
        check_functions(name, transform=transform, target_transform=target_transform)
        is_picture = data.dtype == np.uint8 and (data.ndim == 3 or data.shape[3:] == (3,))
        if not is_picture or targets.shape != data.shape[:1]:
            raise ValueError(f"{name}: expected uint8 images (N, H, W) or (N, H, W, 3) and N labels, got {data.dtype} "
                             f"{data.shape} and {targets.shape}; do both files belong to the same set?")
        if len(targets) and not 0 <= targets.min() <= targets.max() < len(self.classes):
            raise ValueError(f"{name}: labels must be 0..{len(self.classes) - 1}, got {targets.min()}..{targets.max()}")
        self.data = data
        self.targets = targets
        self.transform = transform
        self.target_transform = target_transform

    @property
    def class_to_idx(self):
        """The class number for each class name."""
        return {name: number for number, name in enumerate(self.classes)}

    def __getitem__(self, index):
        return self._sample(index, self.transform)

    def _sample(self, index, transform):
        image, label = self.data[index], int(self.targets[index])
        if transform is not None:
            image = transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def get_batch(self, indices):
        if self.transform is None and self.target_transform is None:
            return [self.data[indices], self.targets[indices]]
        return transformed_batch(self._sample, self.transform, indices)

    def __len__(self):
        return len(self.data)

    def arrays(self, dtype=np.float32):
        """All images and labels at once, without the transforms: for `TensorDataset(*dataset.arrays())`.

        Returns:
            The images `(N, 1, H, W)` or `(N, 3, H, W)`, of the floating point `dtype`, divided by 255 so that they
            lie in 0 to 1, and the class numbers, int64 `(N,)`.
        """
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise TypeError(f"{type(self).__name__}.arrays: dtype must be a floating point type, got {dtype}; the "
                            "uint8 images are in .data")
        planes = self.data[:, np.newaxis] if self.data.ndim == 3 else self.data.transpose(0, 3, 1, 2)
        return np.divide(planes, dtype.type(255), dtype=dtype, order="C"), self.targets.copy()

    def __repr__(self):
        shape = " x ".join(str(length) for length in self.data.shape[1:])
        return f"{type(self).__name__}({len(self)} images of {shape}, {len(self.classes)} classes)"


def transformed_batch(sample, transform, indices):
    """`[images, labels]` of `sample(index, transform)`, with the end of `transform` for the whole batch at once."""
    each, last = split_for_batches(transform)
    samples = map_samples(lambda index: sample(index, each), indices)
    if not samples:
        return default_collate(samples)
    images, labels = zip(*samples)
    images = finish_batch(images, last)
    return [images if isinstance(images, np.ndarray) else default_collate(images), default_collate(labels)]


def check_functions(name, **functions):
    """Raise TypeError unless each argument is a function or None."""
    for argument, function in functions.items():
        if function is not None and not callable(function):
            raise TypeError(f"{name}: {argument} must be a function, got {type(function).__name__}")
