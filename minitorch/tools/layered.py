"""Layered drawing of a directed graph: every edge goes down, few edges cross, and chains stand straight.

Source: Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of hierarchical system structures": ranks,
order by the mean place of the neighbours, then coordinates.
"""

SWEEPS = 16


def layout(widths, weights, ranks, edges, gap):
    """Horizontal places for the nodes of a graph.

    Args:
        widths: of each node; nodes are the numbers 0, 1, ....
        weights: how much each node pulls; edges between heavy nodes become straight.
        ranks: the row of each node; an edge goes from a smaller to a greater one.
        edges: pairs (from, to).
        gap: least space between neighbours in a row.

    Returns:
        (x, bends): the middle of each node, and for each edge the places (x, rank) at which it passes the rows
        between its ends.
    """
    widths, weights, ranks, chains, heaviest = list(widths), list(weights), list(ranks), [], max(weights, default=1)
    up, down = [[] for _ in widths], [[] for _ in widths]

    def join(a, b):
        down[a].append(b)
        up[b].append(a)

    for start, end in edges:
        chain = []
        for rank in range(ranks[start] + 1, ranks[end]):  # a node of no width for each row that the edge passes
            chain.append(len(widths))
            widths.append(0)
            weights.append(4 * heaviest)  # long edges most of all
            ranks.append(rank)
            up.append([])
            down.append([])
        for a, b in zip([start, *chain], [*chain, end]):
            join(a, b)
        chains.append(chain)
    rows = [[] for _ in range(max(ranks, default=-1) + 1)]
    for node, rank in enumerate(ranks):
        rows[rank].append(node)
    x = _places(rows, widths, weights, up, down, gap)
    left = min((x[node] - widths[node] / 2 for node in range(len(widths))), default=0)
    x = [place - left for place in x]
    return x[: len(widths) - sum(map(len, chains))], [[(x[i], ranks[i]) for i in chain] for chain in chains]


def _places(rows, widths, weights, up, down, gap):
    """Sweeps down and up; each orders and places a row by the neighbours in the row before, the last ones by both."""
    x = [0.0] * len(widths)
    for row in rows:
        _place(row, range(len(row)), x, widths, weights, gap)
    for sweep in range(SWEEPS):
        last = sweep >= SWEEPS - 6
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = []
            for node in row:
                around = (up[node] + down[node]) if last else (up if sweep % 2 == 0 else down)[node]
                total = sum(weights[other] for other in around)
                wanted.append(sum(x[other] * weights[other] for other in around) / total if around else x[node])
            if not last:
                order = sorted(range(len(row)), key=wanted.__getitem__)
                row[:] = [row[i] for i in order]
                wanted = [wanted[i] for i in order]
            _place(row, wanted, x, widths, weights, gap)
    return x


def _place(row, wanted, x, widths, weights, gap):
    """Put a row's nodes, in their order, as near to the wanted places as the gaps allow (least squares).

    With each node's distance from the first one taken off, the places must only not fall: nodes that would overlap
    form blocks, and a block stands at the weighted mean of its wanted places.
    """
    blocks, offset, offsets = [], 0.0, []
    for i, node in enumerate(row):
        offset += (widths[row[i - 1]] + widths[node]) / 2 + gap if i else 0.0
        offsets.append(offset)
        blocks.append((wanted[i] - offset, weights[node], 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (b, heavy, many), (a, weight, count) = blocks.pop(), blocks.pop()
            blocks.append(((a * weight + b * heavy) / (weight + heavy), weight + heavy, count + many))
    places = [mean for mean, _, count in blocks for _ in range(count)]
    for node, place, offset in zip(row, places, offsets):
        x[node] = place + offset
