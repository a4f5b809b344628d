"""A training run that is killed again and again, for `test_kill.py`: python lives.py FOLDER KILLS

Each life is a child process, forked before any thread is there, so that no life pays for the imports. It dies by
SIGKILL, half of the lives by their own hand at a chosen event (a step, a piece of a file written, a file flushed, named
or renamed), half by that of the parent at a random time, or by their own after so many events, so that however slow the
parent is none comes to the end of the run. Afterwards the run goes on to its end in one more life, and a run in one
piece follows, in another folder. Prints the number of kills, and the events at which there were some.
"""

import collections
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

import minitorch
from minitorch import nn, optim, serialization
from minitorch.data import DataLoader, Dataset
from minitorch.optim.lr_scheduler import OneCycleLR
from minitorch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from minitorch.random import default_generator
from minitorch.training import Averaging, Checkpoint, EarlyStopping, History, Schedule, Trainer

EPOCHS, BATCHES = 5, 12
EVENTS = {"write": 20, "fsync": 9, "link": 4, "replace": 8, "step": 4}  # and at which of its kind to die at the latest
LIFETIME = 45  # events


class Noisy(Dataset):
    """Four kinds of points, drawn anew each time from the stream of the sample."""

    def __len__(self):
        return 8 * BATCHES

    def __getitem__(self, index):
        noise = minitorch.data.current_generator().standard_normal(4)
        return (np.eye(4)[index % 4] + 0.5 * noise).astype(np.float32), index % 4


def mix(inputs, targets):
    """MixUp with a share from the default generator."""
    share = np.float32(default_generator.numpy.beta(1, 1))
    hot = np.eye(4, dtype=np.float32)[targets]
    return share * inputs + (1 - share) * inputs[::-1], share * hot + (1 - share) * hot[::-1]


def train(folder):
    minitorch.set_num_threads(1)
    minitorch.manual_seed(5)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 4))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    callbacks = [
        Checkpoint(folder, every_steps=1, resume=True),
        History(folder / "history.csv", folder / "history.json"),
        Schedule(OneCycleLR(optimizer, 0.02, total_steps=EPOCHS * BATCHES), per="step"),
        Averaging(AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)),
        EarlyStopping(patience=10),
    ]
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), callbacks=callbacks, batch_transform=mix)
    loader = DataLoader(Noisy(), 8, shuffle=True, num_workers=2)
    trainer.fit(loader, DataLoader(Noisy(), 32), EPOCHS)


def count_events(event):
    """Call event(name) wherever a file is half written, flushed or named, and before each step."""

    class Slow:
        """A file that takes its bytes in four pieces."""

        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            self.file.close()

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, data):
            for piece in np.array_split(np.frombuffer(data, np.uint8), 4):
                event("write")
                self.file.write(piece.tobytes())
                self.file.flush()

    def opened(path, mode="r", **settings):
        file = open(path, mode, **settings)  # noqa: SIM115 (the caller closes it)
        return Slow(file) if mode == "xb" else file

    serialization.open = opened
    for name in ("fsync", "link", "replace"):
        setattr(os, name, announced(name, getattr(os, name), event))
    optim.AdamW.step = announced("step", optim.AdamW.step, event)


def announced(name, function, event):
    def wrapped(*args, **kwargs):
        event(name)
        return function(*args, **kwargs)

    return wrapped


def live(folder, last=(None, 0), lifetime=None):
    """A life in a child process, which ends itself at (event, which of its kind), or after so many; its process id."""
    process = os.fork()
    if process:
        return process
    events = collections.Counter()

    def event(name):
        events[name] += 1
        if (name, events[name]) == last or events.total() == lifetime:
            (folder / f"killed-at-{name}").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    count_events(event)
    status = 1
    try:
        train(folder)
        status = 0
    finally:
        os._exit(status)


def main(folder, kills):
    chance, killed = random.Random(1), 0
    ends = [("write", 6)]  # in the second checkpoint
    for name, latest in list(EVENTS.items()) * kills:
        ends.append((name, chance.randint(1, latest)))
    broken, whole = folder / "broken", folder / "whole"
    broken.mkdir()
    whole.mkdir()
    while killed < kills:
        by_itself = killed % 2 == 0
        process = live(broken, ends[killed // 2] if by_itself else (None, 0), LIFETIME)
        if not by_itself:
            time.sleep(chance.uniform(0, 0.06))
            os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(f"the run came to its end, with status {status}, after {killed} kills")
        killed += 1
        for path in broken.glob("checkpoint*.safetensors"):
            serialization.load(path)  # raises for a file that is not whole
    for place in (broken, whole):
        _, status = os.waitpid(live(place), 0)
        assert status == 0, status
    print(killed, *sorted(path.name.removeprefix("killed-at-") for path in broken.glob("killed-at-*")))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
