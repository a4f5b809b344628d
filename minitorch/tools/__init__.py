"""What a network is and costs, and pictures: `summary`, `cost`, `receptive_field`, `draw_graph`.

What happens inside it is in `inspection`, pictures of that and of training runs in `plot`, which needs matplotlib.
"""

import importlib

from minitorch.tools.graphs import draw_graph
from minitorch.tools.receptive_fields import ReceptiveField, receptive_field
from minitorch.tools.summaries import Cost, Row, Summary, cost, summary

__all__ = ["Cost", "ReceptiveField", "Row", "Summary", "cost", "draw_graph", "receptive_field", "show_batch",
           "summary"]


def __getattr__(name):
    """`show_batch`, with matplotlib, is imported at its first use."""
    if name == "show_batch":
        return importlib.import_module("minitorch.tools.batches").show_batch
    raise AttributeError(f"module 'minitorch.tools' has no attribute {name!r}")
