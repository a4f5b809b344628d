"""Layered layout: nothing overlaps, edges stay between their ends, chains are straight."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch.tools.layered import layout


@given(st.data())
def test_nodes_of_a_row_keep_their_distance(data):
    count, gap = data.draw(st.integers(1, 14)), 5
    ranks = data.draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    widths = data.draw(st.lists(st.integers(1, 30), min_size=count, max_size=count))
    possible = [(a, b) for a in range(count) for b in range(count) if ranks[a] < ranks[b]]
    edges = data.draw(st.lists(st.sampled_from(possible), unique=True, max_size=12)) if possible else []
    x, bends = layout(widths, [1] * count, ranks, edges, gap)
    assert len(x) == count and len(bends) == len(edges)
    for (start, end), chain in zip(edges, bends):
        assert [rank for _, rank in chain] == list(range(ranks[start] + 1, ranks[end]))
    places = [(rank, place, width) for rank, place, width in zip(ranks, x, widths)]
    places += [(rank, place, 0) for chain in bends for place, rank in chain]
    for i, (rank, place, width) in enumerate(places):
        assert place - width / 2 >= -1e-6
        for other_rank, other, other_width in places[:i]:
            if rank == other_rank:
                assert abs(place - other) >= (width + other_width) / 2 + gap - 1e-6


def test_a_chain_is_straight():
    x, _ = layout([10, 50, 20, 30], [1] * 4, [0, 1, 2, 3], [(0, 1), (1, 2), (2, 3)], 5)
    assert max(x) - min(x) == pytest.approx(0, abs=1e-6)


def test_crossing_edges_are_untangled():
    """Two chains given crosswise: each upper node ends up above its own lower one."""
    x, _ = layout([10] * 4, [1] * 4, [0, 0, 1, 1], [(0, 3), (1, 2)], 5)
    assert (x[0] < x[1]) == (x[3] < x[2])
    assert x[0] == pytest.approx(x[3]) and x[1] == pytest.approx(x[2])


def test_light_nodes_do_not_pull_heavy_ones():
    """A chain of heavy nodes with one light node beside its middle stays straight."""
    x, _ = layout([10, 10, 10, 60], [100, 100, 100, 1], [0, 1, 2, 1], [(0, 1), (1, 2), (3, 2)], 5)
    assert max(x[:3]) - min(x[:3]) < 3


def test_nothing():
    assert layout([], [], [], [], 5) == ([], [])
