"""The record of a run: a row of numbers for each epoch, in files that are whole at any moment."""

import csv
import io
import json
import math
from pathlib import Path

from minitorch.serialization import remove_leftovers, write_atomically
from minitorch.training.callbacks import Callback
from minitorch.training.checkpoint_file import writable_folder


def write_history(path, rows):
    """Write rows of numbers, atomically.

    Args:
        path: ends in ``.csv``, for a table with a column for each name in any of the rows; or in ``.json``, for a list
            of objects, in which null stands for NaN and infinity.
        rows: dictionaries, one for each epoch.

    Raises:
        ValueError: another ending. OSError: the file cannot be written; an older one is left as it was.
    """
    path = Path(path)
    if path.suffix == ".csv":
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, fieldnames=list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(path, text.getvalue().encode())
    elif path.suffix == ".json":
        rows = [{name: _json_number(value) for name, value in row.items()} for row in rows]
        write_atomically(path, (json.dumps(rows, indent=1, allow_nan=False) + "\n").encode())
    else:
        raise ValueError(f"write_history: the path must end in .csv or .json, got {str(path)!r}")


def _json_number(value):
    return None if isinstance(value, float) and not math.isfinite(value) else value


class History(Callback):
    """Writes the trainer's history to files after each epoch, and at the end, when an average may have added to it.

    Args:
        paths: names that end in ``.csv`` or ``.json``. Their folders are made if missing.
    """

    rank = 60

    def __init__(self, *paths):
        for path in paths:
            if Path(path).suffix not in (".csv", ".json"):
                raise ValueError(f"History: a path must end in .csv or .json, got {str(path)!r}")
        self.paths = paths

    def on_fit_start(self, trainer):
        for path in self.paths:
            writable_folder(Path(path).parent)
            remove_leftovers(path)
        self.on_epoch_end(trainer)  # for a run that is gone on with, whose files may be behind its checkpoint

    def on_epoch_end(self, trainer):
        if trainer.history:
            for path in self.paths:
                write_history(path, trainer.history)

    on_fit_end = on_epoch_end
