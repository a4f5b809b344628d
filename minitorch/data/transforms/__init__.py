"""Transforms of an image or of a batch, under torchvision's names.

Two kinds of image go through them:

- a **picture**: a PIL image, or a uint8 array `(H, W)` or `(H, W, C)` with values 0 to 255;
- a **tensor image**: a floating point array `(C, H, W)`, which `ToTensor` makes of a picture, with values 0 to 1.

Unless a transform says otherwise, it takes both and gives back the kind it got. On PIL images and on arrays of one or
three channels the results are those of torchvision on PIL images.

Transforms that draw random numbers draw them from `minitorch.data.current_generator()`: outside a `DataLoader` from the
default generator, in one from a stream of the sample's own, so that the numbers do not depend on the number of
workers. `get_params` draws the parameters alone; `functional` has the same transforms with given parameters. `MixUp`
and `CutMix` take a batch.
"""

from minitorch.data.transforms import functional
from minitorch.data.transforms.auto import AutoAugment, AutoAugmentPolicy, RandAugment, TrivialAugmentWide
from minitorch.data.transforms.base import RandomTransform, Transform
from minitorch.data.transforms.color import (
    ColorJitter,
    GaussianBlur,
    Grayscale,
    RandomAdjustSharpness,
    RandomAutocontrast,
    RandomEqualize,
    RandomGrayscale,
    RandomInvert,
    RandomPosterize,
    RandomSolarize,
)
from minitorch.data.transforms.compose import Compose, Lambda, RandomApply, RandomChoice, RandomOrder
from minitorch.data.transforms.conversion import ConvertImageDtype, Normalize, PILToTensor, ToPILImage, ToTensor
from minitorch.data.transforms.erasing import Cutout, RandomErasing
from minitorch.data.transforms.functional import InterpolationMode
from minitorch.data.transforms.geometry import (
    CenterCrop,
    FiveCrop,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomVerticalFlip,
    Resize,
    TenCrop,
)
from minitorch.data.transforms.mixing import CutMix, MixUp
from minitorch.data.transforms.warps import RandomAffine, RandomPerspective, RandomRotation

__all__ = ["AutoAugment", "AutoAugmentPolicy", "CenterCrop", "ColorJitter", "Compose", "ConvertImageDtype", "CutMix",
           "Cutout", "FiveCrop", "GaussianBlur", "Grayscale", "InterpolationMode", "Lambda", "MixUp", "Normalize",
           "PILToTensor", "Pad", "RandAugment", "RandomAdjustSharpness", "RandomAffine", "RandomApply",
           "RandomAutocontrast", "RandomChoice", "RandomCrop", "RandomEqualize", "RandomErasing", "RandomGrayscale",
           "RandomHorizontalFlip", "RandomInvert", "RandomOrder", "RandomPerspective", "RandomPosterize",
           "RandomResizedCrop", "RandomRotation", "RandomSolarize", "RandomTransform", "RandomVerticalFlip", "Resize",
           "TenCrop", "ToPILImage", "ToTensor", "Transform", "TrivialAugmentWide", "functional"]
