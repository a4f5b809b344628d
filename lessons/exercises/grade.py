"""A table of points from pytest's JUnit files, one row for each file and one column for each exercise.

    python lessons/exercises/grade.py results/*.xml > points.csv

An exercise is 1 where all of its checks passed, else the share that passed: exercise 1.3 is checked by the tests whose
names begin with ``test_1_3_``. A file that is no result of the checks is reported, and the exit status is 1.
"""

import collections
import csv
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def points(path):
    """Exercise, as ``"1.3"`` -> share of its checks that passed, in the order of the exercises.

    Raises:
        ValueError: not a JUnit file, or one without checks of exercises.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(f"{path}: not an XML file ({error})") from None
    passed = collections.defaultdict(list)
    for case in root.iter("testcase"):
        match = re.match(r"test_(\d+)_(\d+)_", case.get("name", ""))
        if match:
            exercise = tuple(map(int, match.groups()))
            passed[exercise].append(not any(case.find(kind) is not None for kind in ("failure", "error", "skipped")))
    if not passed:
        raise ValueError(f"{path}: holds no check of an exercise")
    return {f"{lesson}.{number}": sum(passed[lesson, number]) / len(passed[lesson, number])
            for lesson, number in sorted(passed)}


def main(paths, output=sys.stdout):
    """Write the table; returns the exit status."""
    rows, status = {}, 0
    for path in map(Path, paths):
        try:
            rows[path.stem] = points(path)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            status = 1
    exercises = sorted({name for row in rows.values() for name in row}, key=lambda name: [*map(int, name.split("."))])
    table = csv.writer(output, lineterminator="\n")
    table.writerow(["student", *exercises, "sum"])
    for student, row in rows.items():
        shares = [row.get(name, 0.0) for name in exercises]
        table.writerow([student, *(f"{share:.2f}" for share in shares), f"{sum(shares):.2f}"])
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
