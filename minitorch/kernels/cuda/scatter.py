"""Adding at places of an array."""

from minitorch.kernels.cuda.grids import teams
from minitorch.kernels.cuda.launcher import BLOCK, contiguous, grid_for, launch


def scatter_add(y, positions, values):
    """Add values at positions of the flattened y, in place.

    Raises:
        IndexError: a position out of bounds; nothing has been added.
    """
    _check("scatter_add", positions, y.size)
    grid = grid_for(values.size, like=y)
    launch("scatter", "scatter_add", grid, BLOCK, contiguous(positions), contiguous(values), y, values.size)


def index_add(y, positions, values):
    """Add rows of values (outer, count, inner) at positions of the middle axis of y (outer, length, inner), in place.

    Raises:
        IndexError: a position out of bounds; nothing has been added.
    """
    outer, count, inner = values.shape
    _check("index_add", positions, y.shape[1])
    if values.size:
        launch(
            "scatter", "index_add", *teams(inner, outer * count),
            contiguous(positions), contiguous(values), y, outer * count, count, y.shape[1], inner,
        )  # fmt: skip


def _check(name, positions, n):
    """Look at the positions before a kernel writes there; on a GPU this waits for them."""
    if positions.size:
        low, high = int(positions.min()), int(positions.max())
        if low < 0 or high >= n:
            raise IndexError(f"{name}: position {low if low < 0 else high} is out of bounds for size {n}")
