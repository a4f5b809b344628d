"""Checkpoint files: all that a run needs to go on as if it had never stopped, with the last good one kept.

A checkpoint is one safetensors file. The one before it stays beside it under the name of `previous`, so that there is
a whole one at every moment, whenever the process is killed, and also where the newest turns out damaged.
"""

import contextlib
import itertools
import tempfile
import warnings
from pathlib import Path

from minitorch.random import default_generator
from minitorch.serialization import load, remove_leftovers, save


def writable_folder(path):
    """The folder as a Path, made if missing; to be called before training, so that no work is lost.

    Raises:
        OSError: it cannot be made or written to; says why.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".write-test-"):
            pass
    except OSError as error:
        raise OSError(f"the output folder {folder} cannot be written to: {error.strerror or error}") from error
    return folder


def previous(path):
    """Where the checkpoint before the newest is: ``run.previous.safetensors`` beside ``run.safetensors``."""
    return _beside(path, "previous")


def _beside(path, word):
    path = Path(path)
    return path.with_name(f"{path.stem}.{word}{path.suffix}")


def exists(path):
    """Whether there is a checkpoint to go on from, the newest or the one before it."""
    return Path(path).exists() or previous(path).exists()


def put_aside(path):
    """Rename the checkpoint of an earlier run, so that it is neither overwritten nor gone on with by mistake.

    Each run that is put aside gets the next free number; the one before the newest goes along as its `previous`.

    Returns:
        The new path of the newest, such as ``run.older-1.safetensors`` for ``run.safetensors``; None where there is
        none.
    """
    path = Path(path)
    found = [place for place in (path, previous(path)) if place.exists()]
    if not found:
        return None
    numbered = (_beside(path, f"older-{number}") for number in itertools.count(1))
    older = next(place for place in numbered if not exists(place))
    for place, name in zip(found, (older, previous(older))):
        place.replace(name)
    return older


def write_checkpoint(path, state):
    """Write a state; the checkpoint that was there becomes the `previous` one.

    Raises:
        OSError: the disk is full, the folder read-only, ...; the checkpoints that were there are as before.
        TypeError, ValueError: something that cannot be stored; the message names its place in the state.
    """
    try:
        save(state, path, previous=previous(path))
    except OSError as error:
        kept = f"; the last good checkpoint is {path}" if Path(path).exists() else ""
        raise OSError(error.errno, f"the checkpoint could not be written: {error.strerror or error}{kept}") from error


def read_checkpoint(path):
    """The newest checkpoint that is whole. What a killed process left half written is removed.

    A newest one that is damaged is reported by a warning and renamed, and the one before it is read.

    Returns:
        The state, as it was given to `write_checkpoint`.

    Raises:
        FileNotFoundError: there is no checkpoint.
        ValueError: none is whole.
    """
    path = Path(path)
    if not exists(path):
        raise FileNotFoundError(f"there is no checkpoint {path}")
    remove_leftovers(path)
    problems = []
    for place in (path, previous(path)):
        try:
            state = load(place)
        except (OSError, ValueError) as error:
            problems.append(str(error))
            continue
        if problems and path.exists():
            damaged = _beside(path, "damaged")
            with contextlib.suppress(OSError):  # out of the way, or the next saving would keep it as the previous one
                path.replace(damaged)
            warnings.warn(f"the newest checkpoint cannot be read ({problems[0]}) and is put aside as {damaged.name}; "
                          f"going on from {place}", stacklevel=2)  # fmt: skip
        return state
    raise ValueError(f"no checkpoint can be read: {'; '.join(problems)}")


def save_checkpoint(path, model, optimizer, **state):
    """Write model, optimizer, the default generator and further state to one file, for a loop of your own.

    Args:
        state: numbers, strings, lists, dictionaries and tensors, such as ``epoch=3, loader=loader.state_dict()``.

    Raises:
        OSError, TypeError, ValueError: as `write_checkpoint`.
    """
    write_checkpoint(path, {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "generator": default_generator.get_state(),
        **state,
    })  # fmt: skip


def load_checkpoint(path, model, optimizer):
    """Restore what `save_checkpoint` wrote; nothing is changed when it raises.

    Returns:
        The further state, a dictionary.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is damaged and there is none before it, or it is not a checkpoint of this model.
    """
    state = read_checkpoint(path)
    if not {"model", "optimizer", "generator"} <= set(state):
        raise ValueError(f"{path} is not a checkpoint of a training loop: it lacks the model, optimizer or generator")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    position = default_generator.get_state()
    try:
        default_generator.set_state(state.pop("generator"))
        model.load_state_dict(state.pop("model"))
        optimizer.load_state_dict(state.pop("optimizer"))  # last, for it changes nothing when it raises
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        default_generator.set_state(position)
        model.load_state_dict(before)
        raise ValueError(f"{path} does not fit this model or optimizer: {error}") from error
    return state


