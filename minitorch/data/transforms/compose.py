"""Transforms made of transforms."""

import numbers

import numpy as np

from minitorch.data.randomness import current_generator
from minitorch.data.transforms.base import check_probability, happens
from minitorch.data.transforms.conversion import Normalize, ToTensor
from minitorch.data.transforms.functional.images import is_tensor_image, picture_array


class _Several:
    def __init__(self, transforms):
        if not hasattr(transforms, "__iter__"):
            raise TypeError(f"{type(self).__name__}: expected a list of transforms, got {transforms!r}")
        self.transforms = list(transforms)
        for transform in self.transforms:
            if not callable(transform):
                raise TypeError(f"{type(self).__name__}: every transform must be a function, got {transform!r}")

    def __repr__(self):
        return f"{type(self).__name__}({self.transforms})"


class Compose(_Several):
    """Apply several transforms, the first one first."""

    def __call__(self, image):
        for transform in self.transforms:
            image = transform(image)
        return image


BATCHED = (ToTensor, Normalize)


def split_for_batches(transform):
    """`transform` in two: the function of one image, and the steps at its end that take a whole batch as well.

    At the size of CIFAR, a call of NumPy for each image costs more than its arithmetic.
    """
    steps = _steps(transform)
    first = len(steps)
    while first and type(steps[first - 1]) in BATCHED:
        first -= 1
    return Compose(steps[:first]), steps[first:]


def _steps(transform):
    if type(transform) is Compose:
        return [step for inner in transform.transforms for step in _steps(inner)]
    return [] if transform is None else [transform]


def finish_batch(images, steps):
    """The list of images with the last steps applied: one array where that is possible, or else a list again."""
    finish = Compose(steps)
    if steps and type(steps[0]) is ToTensor:
        images = [picture_array("ToTensor", image) for image in images]
    elif not steps or not all(is_tensor_image(image) and image.ndim == 3 for image in images):
        return [finish(image) for image in images]
    if len({(image.shape, image.dtype) for image in images}) > 1:
        return [finish(image) for image in images]
    batch = np.stack(images)
    for step in steps:
        batch = step.apply_batch(batch)
    return batch


class RandomApply(_Several):
    """Apply several transforms, all of them with probability `p` or none."""

    def __init__(self, transforms, p=0.5):
        super().__init__(transforms)
        self.p = check_probability("RandomApply", p)

    def __call__(self, image):
        if happens(self.p):
            for transform in self.transforms:
                image = transform(image)
        return image

    def __repr__(self):
        return f"RandomApply({self.transforms}, p={self.p})"


class RandomOrder(_Several):
    """Apply all transforms, in a random order."""

    def __call__(self, image):
        for place in current_generator().permutation(len(self.transforms)):
            image = self.transforms[place](image)
        return image


class RandomChoice(_Several):
    """Apply one of several transforms, also of those of a batch: `RandomChoice([MixUp(...), CutMix(...)])`.

    Args:
        transforms: what to choose from.
        p: a number for each, proportional to how often it is chosen; all alike unless given.
    """

    def __init__(self, transforms, p=None):
        super().__init__(transforms)
        if not self.transforms:
            raise ValueError("RandomChoice: expected at least one transform")
        self.p = p
        if p is not None:
            if not isinstance(p, (list, tuple, np.ndarray)) or len(p) != len(self.transforms):
                raise ValueError(f"RandomChoice: p must have a number for each of the {len(self.transforms)} "
                                 f"transforms, got {p!r}")
            if not all(isinstance(weight, numbers.Real) and weight >= 0 for weight in p) or not 0 < sum(p) < np.inf:
                raise ValueError(f"RandomChoice: p must be numbers of at least 0, not all zero, got {p!r}")

    def __call__(self, *inputs):
        count = len(self.transforms)
        weight = None if self.p is None else np.asarray(self.p, np.float64) / sum(self.p)
        return self.transforms[int(current_generator().choice(count, p=weight))](*inputs)

    def __repr__(self):
        return f"RandomChoice({self.transforms}, p={self.p})"


class Lambda:
    """Apply a function of your own."""

    def __init__(self, lambd):
        if not callable(lambd):
            raise TypeError(f"Lambda: expected a function, got {type(lambd).__name__}")
        self.lambd = lambd

    def __call__(self, image):
        return self.lambd(image)

    def __repr__(self):
        return f"Lambda({self.lambd})"
