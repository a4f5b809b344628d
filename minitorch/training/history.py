"""The record of a run: one row of numbers for each epoch."""

import csv
import io
from pathlib import Path

from minitorch.serialization import write_atomically


class History:
    """Rows of numbers, one for each epoch, kept in a CSV file that is whole at any moment.

    Args:
        path: the CSV file; each `add` writes it anew, atomically.
        rows: rows to start from, as `rows` of an earlier run.
    """

    def __init__(self, path, rows=()):
        self.path = Path(path)
        self.rows = [dict(row) for row in rows]

    def add(self, **row):
        """Append a row and write the file."""
        self.rows.append(row)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, fieldnames=list(self.rows[0]))
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self.path, text.getvalue().encode())

    def column(self, name):
        """One number of all rows, as a list."""
        return [row[name] for row in self.rows]
