"""`DataLoader`: batches of a dataset, in order or shuffled, prepared ahead by threads if asked."""

import collections
import itertools
import numbers
from concurrent.futures import ThreadPoolExecutor

from minitorch.data.collate import default_collate
from minitorch.data.dataset import get_batch, get_samples, resolve_generator
from minitorch.data.randomness import SAMPLE, PassStreams
from minitorch.data.sampler import BatchSampler, RandomSampler, SequentialSampler
from minitorch.random import Generator, default_generator

FIXED = ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last", "generator")


class DataLoader:
    """Go through a dataset in batches: `for images, labels in DataLoader(dataset, batch_size=64, shuffle=True)`.

    A batch is what `dataset.get_batch(indices)` gives, NumPy arrays for all datasets here (`default_collate` of the
    samples in general); with a `collate_fn`, what that makes of the list of samples. The batches and their order are
    the same for any number of workers, also where transforms draw random numbers: a pass draws its order and one key
    when it begins, and each sample has its own numbers for that key (see `current_generator`).

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
        generator: the `minitorch.Generator` that shuffles and seeds the transforms; the default generator if None.
        prefetch_factor: batches that each worker prepares ahead.

    `len(loader)` is the number of batches. An exception in a worker is raised in the caller at the batch it belongs
    to. Leaving the loop early waits for the batches in the making and ends the threads. `state_dict` and
    `load_state_dict` let a pass go on in another process where it was left.
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
        self._pass = None  # the latest one, until it has run to its end
        self._resumed = None  # the one that the next iterator goes on with
        self._initialized = True

    def __setattr__(self, name, value):
        if name in FIXED and self.__dict__.get("_initialized"):
            raise ValueError(f"DataLoader: {name} cannot be set after the loader was made; make a new DataLoader")
        super().__setattr__(name, value)

    def __len__(self):
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)

    def __iter__(self):
        self._pass, self._resumed = self._resumed or _Pass(self), None
        return self._give(self._pass)

    def _give(self, current):
        tasks = current.tasks()
        source = self._prefetch(tasks) if self.num_workers else (self._fetch(*task) for task in tasks)
        try:
            for batch in source:
                current.given += 1
                yield batch
        finally:
            source.close()  # ends the workers
        if self._pass is current:
            self._pass = None

    def _fetch(self, streams, first, indices):
        """One batch, whose first sample is number `first` of the pass. It depends on the arguments alone."""
        with streams.batch(first) as batch:
            if self.batch_sampler is None:
                batch.begin(SAMPLE)
                sample = self.dataset[indices]
                return sample if self.collate_fn is None else self.collate_fn(sample)
            if self.collate_fn is None or self.collate_fn is default_collate:
                return get_batch(self.dataset, indices)
            return self.collate_fn(get_samples(self.dataset, indices))

    def _prefetch(self, tasks):
        """Keep `num_workers * prefetch_factor` batches under way, and give them in order."""
        pending = collections.deque()
        workers = ThreadPoolExecutor(self.num_workers, thread_name_prefix="DataLoader")
        try:
            for task in tasks:
                pending.append(workers.submit(self._fetch, *task))
                if len(pending) > self.num_workers * self.prefetch_factor:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            # Reached at the end, on an error, and when the caller drops the iterator.
            pending.clear()
            workers.shutdown(wait=True, cancel_futures=True)

    def state_dict(self):
        """Where the loader is, as a dictionary that JSON can hold.

        Returns:
            `batch`: how many batches the latest pass has given, None if it has ended or none has begun; `batches`: the
            number that a pass has; `start` and `now`: the states of the generators at its beginning and now.
        """
        now = [generator.get_state() for generator in self._generators()]
        start, batch = (now, None) if self._pass is None else (self._pass.start, self._pass.given)
        return {"start": start, "now": now, "batch": batch, "batches": self._length()}

    def load_state_dict(self, state):
        """Go on where `state_dict` was called: the next iterator gives the batches that were left, bit for bit.

        The batches before are not loaded. The generators, also the default one if that is the loader's, are put to
        where they were at that moment. A sampler of your own must draw from the loader's generator, in `__iter__`.

        Raises:
            ValueError: not a state of a loader, or one of a loader with another number of batches.
        """
        generators = self._generators()
        before = [generator.get_state() for generator in generators]
        try:
            resumed = self._recreate_pass(state, generators)
        except BaseException:
            _set_states(generators, before)
            raise
        self._pass, self._resumed = resumed, resumed

    def _recreate_pass(self, state, generators):
        try:
            start, now, batch, batches = (state[key] for key in ("start", "now", "batch", "batches"))
            count = len(start), len(now)
        except (KeyError, TypeError) as error:
            raise ValueError(f"DataLoader.load_state_dict: not a state that state_dict returned ({error!r})") from error
        if count != (len(generators),) * 2 or batches != self._length():
            raise ValueError(f"DataLoader.load_state_dict: the state is of a loader with {batches} batches and "
                             f"{count[0]} generators, this one has {self._length()} and {len(generators)}")
        resumed = None
        if batch is not None:
            _check_count("load_state_dict: batch", batch, 0)
            _set_states(generators, start)
            resumed = _Pass(self)
            resumed.skip(batch)
            if resumed.given != batch:
                raise ValueError(f"DataLoader.load_state_dict: a pass has {resumed.given} batches, the state is after "
                                 f"{batch}")
        _set_states(generators, now)
        return resumed

    def _generators(self):
        """What a pass draws from: the loader's generator, and those of its samplers if they are others."""
        found = [self.generator or default_generator]
        sampler = self.sampler if self.batch_sampler is None else self.batch_sampler
        while sampler is not None:
            generator = getattr(sampler, "generator", None)
            if isinstance(generator, Generator) and all(generator is not other for other in found):
                found.append(generator)
            sampler = getattr(sampler, "sampler", None)
        return found

    def _length(self):
        """The number of batches; None where a sampler does not tell."""
        try:
            return len(self)
        except TypeError:
            return None


class _Pass:
    """One pass through a loader: the order, the streams of random numbers, and how far it has come."""

    def __init__(self, loader):
        self.start = [generator.get_state() for generator in loader._generators()]
        # All is drawn here, before any worker starts.
        self.single = loader.batch_sampler is None
        self.order = iter(loader.sampler if self.single else loader.batch_sampler)
        self.streams = PassStreams(resolve_generator("DataLoader", loader.generator))
        self.samples = self.given = 0

    def tasks(self):
        """For each batch that is left: the streams, the number of its first sample in the pass, its indices."""
        for indices in self.order:
            first = self.samples
            self.samples += 1 if self.single else len(indices)
            yield self.streams, first, indices

    def skip(self, batches):
        """Leave out the first batches."""
        for _ in itertools.islice(self.tasks(), batches):
            self.given += 1


def _set_states(generators, states):
    for generator, state in zip(generators, states):
        generator.set_state(state)


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
