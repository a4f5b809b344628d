"""Launch sizes of kernels in which a thread keeps what it has worked out and goes on to the next image or plane.

A size counts blocks first and numbers for each thread after: as many blocks as `launcher.grid_for` allows, for they
hide how slow memory is, and then several numbers for each thread, so that its work on the indices pays.
"""

from minitorch.kernels.cuda.launcher import BLOCK, grid_for

AT_ONCE = 4  # numbers that a thread has on their way from memory at once, as the .cu files have it
STEPS_A_SLICE = 16  # of a block over a group of channels, at least: below it a second block costs more than it saves
SHORT_ROW = 1024  # numbers of a row that one warp normalises
WARP = 32
NOTHING = (0, 0)  # a grid that starts nothing


def ceil_div(a, b):
    """a / b, rounded up."""
    return -(-a // b)


def _power_of_two(n, most):
    """The smallest power of two that is not below n, at most `most`."""
    return min(1 << max(n - 1, 0).bit_length(), most)


def images_by_columns(images, columns, like):
    """Grid for threads that own one of the `columns` numbers of an image each, and go through the images."""
    if not images * columns:
        return NOTHING
    across = grid_for(columns, BLOCK, like)
    along = grid_for(across * ceil_div(images, AT_ONCE), 1, like) // across
    return across, max(along, 1)


def planes_by_places(planes, places, like):
    """(grid, block) for threads that own one of the `places` of a plane each, and go through the planes, `AT_ONCE`
    at a time: x of the grid counts planes, y places."""
    if not planes * places:
        return NOTHING, BLOCK
    across = _power_of_two(places, BLOCK)
    block = (across, BLOCK // across)
    down = grid_for(places, across, like)
    groups = ceil_div(ceil_div(planes, AT_ONCE), block[1])
    along = grid_for(groups * down, 1, like) // down
    return (max(along, 1), down), block


def teams(size, count):
    """(grid, block) for one team of threads, at most a warp, for each of `count` rows of `size` numbers."""
    team = _power_of_two(size, WARP)
    return ceil_div(count, BLOCK // team), (team, BLOCK // team)


def rows(length, count):
    """(grid, block) for a warp for each of `count` short rows, or a block for each long one."""
    block = (WARP, BLOCK // WARP) if length <= SHORT_ROW else (BLOCK, 1)
    return ceil_div(count, block[1]), block


def slices_of_channels(images, channels, size, like):
    """(group, rounds, grid, block) for blocks that sum slices of groups of neighbouring channels.

    A group has as many channels as make a row of a warp's length. A block takes `rounds` steps, in each as many whole
    rows as fit its threads.
    """
    group = min(channels, ceil_div(WARP, size))
    columns, groups = group * size, ceil_div(channels, group)
    width = BLOCK // columns * columns or BLOCK
    steps = ceil_div(images * columns, width)
    slices = max(grid_for(groups * ceil_div(steps, STEPS_A_SLICE), 1, like) // groups, 1)
    rounds = ceil_div(ceil_div(steps, slices), AT_ONCE) * AT_ONCE
    return group, rounds, (groups, ceil_div(steps, rounds)), ceil_div(width, WARP) * WARP
