"""Transforms of a batch: images mixed with one another, and their labels with them."""

import math
import numbers

import numpy as np

from minitorch.data.randomness import current_generator
from minitorch.data.transforms.functional.images import is_count


class _Mixing:
    """What MixUp and CutMix have in common: each image is mixed with the one before it in the batch."""

    def __init__(self, alpha=1.0, num_classes=None):
        name = type(self).__name__
        if not isinstance(alpha, numbers.Real) or not 0 < alpha < math.inf:
            raise ValueError(f"{name}: alpha must be a number above 0, got {alpha!r}")
        if num_classes is not None and not is_count(num_classes, 1):
            raise ValueError(f"{name}: num_classes must be a whole number above 0, got {num_classes!r}")
        self.alpha, self.num_classes = float(alpha), num_classes

    def __call__(self, images, labels=None):
        if labels is None:
            if not isinstance(images, (list, tuple)) or len(images) != 2:
                raise TypeError(f"{type(self).__name__}: expected images and labels, got {type(images).__name__}")
            return type(images)(self(*images)) if type(images) in (list, tuple) else self(*images)
        images, labels = self._check(np.asarray(images), np.asarray(labels))
        images, share = self.mix(images, np.roll(images, 1, axis=0))
        share = labels.dtype.type(share)
        return images, np.roll(labels, 1, axis=0) * (1 - share) + labels * share

    def mix(self, images, others):
        """The mixed images, and what share of each is its own."""
        raise NotImplementedError(f"{type(self).__name__}: write mix(images, others)")

    def _check(self, images, labels):
        """The images, and the labels as probabilities (N, num_classes)."""
        name = type(self).__name__
        if images.ndim != 4:
            raise ValueError(f"{name}: expected a batch of images (N, C, H, W), got shape {images.shape}")
        if labels.shape[:1] != images.shape[:1] or labels.ndim not in (1, 2):
            raise ValueError(f"{name}: expected labels (N,) or (N, classes) for N = {len(images)} images, got shape "
                             f"{labels.shape}")
        if labels.ndim == 2:
            if self.num_classes not in (None, labels.shape[1]):
                raise ValueError(f"{name}: the labels have {labels.shape[1]} classes, num_classes is "
                                 f"{self.num_classes}")
            return images, labels if labels.dtype.kind == "f" else labels.astype(np.float32)
        if self.num_classes is None:
            raise ValueError(f"{name}: labels that are class numbers need num_classes")
        if labels.dtype.kind not in "iu":
            raise TypeError(f"{name}: labels must be class numbers or probabilities (N, classes), got {labels.dtype} "
                            f"of shape {labels.shape}")
        if labels.size and not 0 <= labels.min() <= labels.max() < self.num_classes:
            raise ValueError(f"{name}: labels must be 0..{self.num_classes - 1}, got {labels.min()}..{labels.max()}")
        return images, np.eye(self.num_classes, dtype=np.float32)[labels]

    def __repr__(self):
        return f"{type(self).__name__}(alpha={self.alpha}, num_classes={self.num_classes})"


class MixUp(_Mixing):
    """Each image a weighted mean of itself and the one before it in the batch, its label likewise.

    The weight is drawn for the batch from the distribution Beta(alpha, alpha). Use it on a batch,
    `images, labels = mixup(images, labels)`, or in a loader:
    `DataLoader(..., collate_fn=Compose([default_collate, MixUp(alpha=0.2, num_classes=10)]))`.

    Source: Zhang et al. 2017, "mixup: Beyond empirical risk minimization" (arXiv:1710.09412).

    Args:
        alpha: above 0; small numbers mix little, 1 draws every weight alike.
        num_classes: needed for labels that are class numbers.
    Shape:
        images (N, C, H, W), floating point; labels int (N,) or probabilities (N, num_classes). The result: images of
        the same shape and type, labels float (N, num_classes), for `cross_entropy`.
    """

    def mix(self, images, others):
        if images.dtype.kind != "f":
            raise TypeError(f"MixUp: images must be of a floating point type, got {images.dtype}; ToTensor() "
                            "makes them")
        share = current_generator().beta(self.alpha, self.alpha)
        own = images.dtype.type(share)
        return others * (1 - own) + images * own, share


class CutMix(_Mixing):
    """Each image with a rectangle of the one before it in the batch, its label by the rectangle's area.

    The area's share is drawn for the batch from the distribution Beta(alpha, alpha), and its centre evenly; what lies
    outside the image is cut off. Used as `MixUp` is.

    Source: Yun et al. 2019, "CutMix: Regularization strategy to train strong classifiers with localizable features"
    (arXiv:1905.04899).

    Args:
        alpha, num_classes: see `MixUp`.
    Shape:
        as for `MixUp`, but images of any type.
    """

    def mix(self, images, others):
        top, left, bottom, right = self.get_box(*images.shape[-2:])
        mixed = images.copy()
        mixed[..., top:bottom, left:right] = others[..., top:bottom, left:right]
        return mixed, 1 - (bottom - top) * (right - left) / (images.shape[-2] * images.shape[-1])

    def get_box(self, height, width):
        """Draw `(top, left, bottom, right)`."""
        generator = current_generator()
        side = 0.5 * math.sqrt(1 - generator.beta(self.alpha, self.alpha))
        column, row = int(generator.integers(width)), int(generator.integers(height))
        half_width, half_height = int(side * width), int(side * height)
        return (max(row - half_height, 0), max(column - half_width, 0),
                min(row + half_height, height), min(column + half_width, width))
