"""`DataLoader`: batches of a dataset, in order or shuffled, prepared ahead by threads if asked."""

import collections
import numbers
from concurrent.futures import ThreadPoolExecutor

from minitorch.data.collate import default_collate
from minitorch.data.dataset import get_batch, get_samples, resolve_generator
from minitorch.data.sampler import BatchSampler, RandomSampler, SequentialSampler

FIXED = ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last", "generator")


class DataLoader:
    """Go through a dataset in batches: `for images, labels in DataLoader(dataset, batch_size=64, shuffle=True)`.

    A batch is what `dataset.get_batch(indices)` gives, NumPy arrays for all datasets here (`default_collate` of the
    samples in general); with a `collate_fn`, what that makes of the list of samples. The batches and their order are
    the same for any number of workers.

    Args:
        dataset: has `__getitem__` and `__len__`. (Datasets that can only be iterated are not supported.)
        batch_size: samples in a batch; None gives single samples, not batches.
        shuffle: visit the samples in a random order, a new one for each pass.
        sampler: gives the indices, instead of `shuffle`.
        batch_sampler: gives lists of indices, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
        num_workers: threads that prepare batches ahead; 0 prepares each batch when it is asked for. They are threads,
            not processes: NumPy and Pillow run beside one another in them, plain Python code does not.
        collate_fn: makes a batch of a list of samples.
        drop_last: leave out the last batch if it is not full.
        generator: the `minitorch.Generator` that shuffles; the default generator if None.
        prefetch_factor: batches that each worker prepares ahead.

    `len(loader)` is the number of batches. An exception in a worker is raised in the caller at the batch it belongs
    to. Leaving the loop early waits for the batches in the making and ends the threads.
    """

    def __init__(self, dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0,
                 collate_fn=None, *, drop_last=False, generator=None, prefetch_factor=2):
        ordered = sampler is not None or batch_sampler is not None
        if not hasattr(dataset, "__getitem__") or not (ordered or hasattr(dataset, "__len__")):
            raise TypeError(f"DataLoader: dataset must have __getitem__ and __len__, got {type(dataset).__name__}; for "
                            "arrays use TensorDataset(images, labels)")
        _check_count("num_workers", num_workers, 0)
        _check_count("prefetch_factor", prefetch_factor, 1)
        if collate_fn is not None and not callable(collate_fn):
            raise TypeError(f"DataLoader: collate_fn must be a function, got {type(collate_fn).__name__}")
        if shuffle not in (None, False, True):
            raise TypeError(f"DataLoader: shuffle must be True or False, got {shuffle!r}")
        resolve_generator("DataLoader", generator)
        _check_samplers(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = int(num_workers)
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.generator = generator
        self.prefetch_factor = int(prefetch_factor)
        self._initialized = True

    def __setattr__(self, name, value):
        if name in FIXED and self.__dict__.get("_initialized"):
            raise ValueError(f"DataLoader: {name} cannot be set after the loader was made; make a new DataLoader")
        super().__setattr__(name, value)

    def __len__(self):
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)

    def __iter__(self):
        # The sampler draws its order here, before any worker starts.
        indices = iter(self.sampler if self.batch_sampler is None else self.batch_sampler)
        if self.num_workers == 0:
            return (self._fetch(batch_indices) for batch_indices in indices)
        return self._prefetch(indices)

    def _fetch(self, indices):
        """One batch. It depends on the indices alone; a transform that draws per sample would be seeded from here."""
        if self.batch_sampler is None:
            sample = self.dataset[indices]
            return sample if self.collate_fn is None else self.collate_fn(sample)
        if self.collate_fn is None or self.collate_fn is default_collate:
            return get_batch(self.dataset, indices)
        return self.collate_fn(get_samples(self.dataset, indices))

    def _prefetch(self, indices):
        """Keep `num_workers * prefetch_factor` batches under way, and give them in order."""
        pending = collections.deque()
        workers = ThreadPoolExecutor(self.num_workers, thread_name_prefix="DataLoader")
        try:
            for batch_indices in indices:
                pending.append(workers.submit(self._fetch, batch_indices))
                if len(pending) > self.num_workers * self.prefetch_factor:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            # Reached at the end, on an error, and when the caller drops the iterator.
            pending.clear()
            workers.shutdown(wait=True, cancel_futures=True)


def _check_samplers(batch_size, shuffle, sampler, batch_sampler, drop_last):
    if sampler is not None and shuffle:
        raise ValueError("DataLoader: sampler and shuffle exclude each other; the sampler already gives the order")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError("DataLoader: batch_sampler excludes batch_size, shuffle, sampler and drop_last; it already "
                         "gives the batches")
    if batch_size is None and drop_last:
        raise ValueError("DataLoader: batch_size=None gives single samples, so drop_last has no meaning")
    for name, value in (("sampler", sampler), ("batch_sampler", batch_sampler)):
        if value is not None and not hasattr(value, "__iter__"):
            raise TypeError(f"DataLoader: {name} must give indices when iterated, got {type(value).__name__}")
    if not isinstance(drop_last, bool):
        raise TypeError(f"DataLoader: drop_last must be True or False, got {drop_last!r}")
    if batch_size is not None:
        _check_count("batch_size", batch_size, 1)


def _check_count(name, value, least):
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"DataLoader: {name} must be an integer of at least {least}, got {value!r}")
