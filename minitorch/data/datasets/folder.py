"""`ImageFolder`: your own images, one folder for each class."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from minitorch.data.dataset import Dataset
from minitorch.data.datasets.image import ImageDataset, check_functions, transformed_batch

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def pil_loader(path):
    """The image at a path as a PIL image in RGB, decoded to its last pixel.

    Raises:
        ValueError: it is not an image, cut short, damaged or too large.
        OSError: there is no such file, or it cannot be read.
    """
    with open(path, "rb") as file:
        try:
            return Image.open(file).convert("RGB")
        except Exception as error:  # Pillow's decoders raise many kinds, a plain OSError for a file that is cut short
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise ValueError(f"{path} is not an image that can be read: {error}") from error


class ImageFolder(Dataset):
    """Images in folders: ``root/cat/1.jpg``, ``root/cat/old/2.png``, ``root/dog/1.jpg``; each folder is a class.

    `dataset[i]` is `(image, label)`: what `loader` gives, a PIL image in RGB, and an int. With `transform` and
    `target_transform` it is what they return. Files are decoded each time; `arrays` and `decode` do it once.

    Args:
        root: the folder of the classes' folders.
        transform, target_transform: functions for the image and for the label.
        loader: a function that makes an image of a path.
        is_valid_file: a function that tells of a path whether it is a sample, in place of `extensions`.
        allow_empty: whether a class may have no images.
        extensions: endings of the names of samples, in lower case; those of Pillow's usual formats unless given.
    Raises:
        FileNotFoundError: no such folder, no class in it, a class without images.
        ValueError: both extensions and is_valid_file; later, an image that cannot be decoded.

    Attributes:
        classes: names of the folders, sorted; class_to_idx: the number of each.
        samples (or imgs): list of (path, class number); targets: the class numbers.
    """

    def __init__(self, root, transform=None, target_transform=None, loader=pil_loader, is_valid_file=None,
                 allow_empty=False, extensions=None):
        check_functions("ImageFolder", transform=transform, target_transform=target_transform,
                        is_valid_file=is_valid_file)
        if not callable(loader):
            raise TypeError(f"ImageFolder: loader must be a function, got {type(loader).__name__}")
        if extensions is not None and is_valid_file is not None:
            raise ValueError("ImageFolder: give extensions or is_valid_file, not both")
        self.root, self.transform, self.target_transform = Path(root).expanduser(), transform, target_transform
        self.loader, self.is_valid_file = loader, is_valid_file
        self.extensions = None if is_valid_file else _endings(IMG_EXTENSIONS if extensions is None else extensions)
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.samples = self.imgs = self._find_samples(allow_empty)
        self.targets = [label for _, label in self.samples]
        self._decoded = (None, None)  # size and dataset of the last `decode`

    def find_classes(self, directory):
        """(names, {name: number}) of the classes in a folder; a subclass may choose otherwise."""
        if not os.path.isdir(directory):
            raise FileNotFoundError(f"ImageFolder: there is no folder {directory}")
        classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
        if not classes:
            raise FileNotFoundError(f"ImageFolder: {directory} has no folders; put the images of each class into a "
                                    f"folder of its own, as in {os.path.join(directory, 'cat', '1.jpg')}")
        return classes, {name: number for number, name in enumerate(classes)}

    def _find_samples(self, allow_empty):
        samples, empty = [], []
        for name in self.classes:
            before = len(samples)
            for folder, _, files in sorted(os.walk(self.root / name, followlinks=True)):
                paths = (os.path.join(folder, file) for file in sorted(files))
                samples += [(path, self.class_to_idx[name]) for path in paths if self._is_sample(path)]
            if len(samples) == before:
                empty.append(name)
        if empty and not allow_empty:
            wanted = f" (files that end in {', '.join(self.extensions)})" if self.extensions else ""
            raise FileNotFoundError(f"ImageFolder: no images{wanted} in the folder of class {', '.join(empty)} in "
                                    f"{self.root}; allow_empty=True lets it pass")
        return samples

    def _is_sample(self, path):
        return self.is_valid_file(path) if self.is_valid_file else path.lower().endswith(self.extensions)

    def __getitem__(self, index):
        return self._sample(index, self.transform)

    def get_batch(self, indices):
        return transformed_batch(self._sample, self.transform, indices)

    def _sample(self, index, transform):
        path, label = self.samples[index]
        image = self.loader(path)
        if transform is not None:
            image = transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def __len__(self):
        return len(self.samples)

    def decode(self, size=None, num_threads=None):
        """All images decoded, by several threads, as an `ImageDataset` in memory; without the transforms.

        A second call with the same size gives the same dataset.

        Args:
            size: (height, width), or one number for both: each image is scaled to cover that and its middle cut out.
                Unless given, all images must be of one size.
            num_threads: as many as the process has cores unless given.
        Raises:
            ValueError: images of different sizes and no size, no images, one that cannot be decoded.
        """
        size = (size, size) if isinstance(size, int) else size if size is None else tuple(size)
        if self._decoded[1] is None or self._decoded[0] != size:
            if not self.samples:
                raise ValueError(f"ImageFolder: there are no images in {self.root}")
            images = self._decode(size, num_threads or _cores())
            images.flags.writeable = False
            self._decoded = size, DecodedImages(images, np.array(self.targets, np.int64), self.classes)
        return self._decoded[1]

    def _decode(self, size, num_threads):
        def picture(path):
            image = self.loader(path)
            if size is not None:
                image = ImageOps.fit(image, size[::-1], Image.Resampling.BILINEAR)
            return np.asarray(image)

        def fill(number):
            pixels = picture(self.samples[number][0])
            if pixels.shape != images.shape[1:] or pixels.dtype != images.dtype:
                raise ValueError(f"ImageFolder: images are of different sizes: {self.samples[0][0]} is "
                                 f"{first.shape}, {self.samples[number][0]} is {pixels.shape}; give size=(H, W)")
            images[number] = pixels

        first = picture(self.samples[0][0])
        images = np.empty((len(self.samples), *first.shape), first.dtype)
        workers = ThreadPoolExecutor(num_threads, thread_name_prefix="ImageFolder")
        try:
            for _ in workers.map(fill, range(len(self.samples))):
                pass
        finally:  # after an error the images that are not begun are left out
            workers.shutdown(wait=True, cancel_futures=True)
        return images

    def arrays(self, dtype=np.float32, size=None):
        """All images and labels at once, without the transforms: for `TensorDataset(*dataset.arrays())`.

        Args:
            dtype: floating point type of the images; the decoded bytes are in `decode(size).data`.
            size: as in `decode`, which is called.

        Returns:
            Images `(N, 3, H, W)` from 0 to 1 and class numbers, int64 `(N,)`.
        """
        return self.decode(size).arrays(dtype)

    def __repr__(self):
        return f"ImageFolder({len(self)} images in {self.root}, {len(self.classes)} classes)"


class DecodedImages(ImageDataset):
    """The images of an `ImageFolder` in memory."""

    def __init__(self, data, targets, classes):
        self.classes = classes
        super().__init__(data, targets)


def _cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _endings(extensions):
    endings = (extensions,) if isinstance(extensions, str) else tuple(extensions)
    if not endings or not all(isinstance(ending, str) and ending for ending in endings):
        raise TypeError(f"ImageFolder: extensions must be texts such as '.jpg', got {extensions!r}")
    return tuple(ending.lower() for ending in endings)
