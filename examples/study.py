"""What the studies share: tables of runs from several seeds, for people and for programs."""

import csv

import numpy as np


def spread(values):
    """The standard deviation over the seeds; NaN where there is one."""
    return np.std(values, ddof=1) if len(values) > 1 else float("nan")


def in_percent(values, sign=""):
    """Mean and standard deviation as text, in per cent, the mean alone of one seed; sign="+" shows its sign always."""
    mean = f"{100 * np.mean(values):{sign}.2f}"
    return f"{mean} ± {100 * spread(values):.2f}" if len(values) > 1 else mean


def markdown(rows):
    """Rows of texts, dictionaries with the same keys, as a table in Markdown."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(row.values() for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_csv(path, rows):
    """Rows of numbers and names, dictionaries with the same keys, as a CSV file."""
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
