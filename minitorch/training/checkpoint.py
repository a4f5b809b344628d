"""Checkpoints: all that a run needs to go on as if it had never stopped, in one file."""

import os
import tempfile
from pathlib import Path

from minitorch.random import default_generator
from minitorch.serialization import load, save


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


def save_checkpoint(path, model, optimizer, **state):
    """Write model, optimizer, the default generator and further state to one safetensors file, atomically.

    Args:
        state: numbers, strings, lists, dictionaries and tensors.
    """
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "generator": default_generator.get_state(),
        **state,
    }
    save(state, path)


def load_checkpoint(path, model, optimizer):
    """Restore what `save_checkpoint` wrote; nothing is changed when it raises.

    Returns:
        The further state, a dictionary.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, or not a checkpoint of this model.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no checkpoint {path}")
    state = load(path)
    if not isinstance(state, dict) or not {"model", "optimizer", "generator"} <= set(state):
        raise ValueError(f"{path} is not a checkpoint of a training run: it lacks the model, optimizer or generator")
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
