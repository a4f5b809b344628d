"""Sums of few entries along a dimension, each with its weight: what resizing and averaging of images are made of."""

import numpy as np

from minitorch.autograd import Function
from minitorch.device import array_module
from minitorch.ops.operands import quiet


class WeightedSum(Function):
    """Entry i of the result along `dim` is the sum over k of ``weights[i, k]`` times entry ``positions[i, k]``.

    It is linear, and its transpose is such a sum again. Both tables are NumPy arrays of shape (OUT, K); a weight of
    0 stands for a missing term.
    """

    @staticmethod
    @quiet
    def forward(ctx, x, dim, positions, weights):
        ctx.dim, ctx.tables = dim, (positions, weights)
        ctx.length = x.shape[dim]
        xp, column, total = array_module(x), [-1] + [1] * (x.ndim - 1 - dim), None
        for position, weight in zip(positions.T, weights.T):
            term = xp.take(x, xp.asarray(position), axis=dim)
            if (weight != 1).any():
                term *= xp.asarray(weight.astype(x.dtype)).reshape(column)
            if (weight == 0).any():  # assigned, for 0 times infinity is not 0
                term[(slice(None),) * dim + (xp.asarray(weight == 0),)] = 0
            total = term if total is None else xp.add(total, term, out=total)
        return total

    @staticmethod
    def backward(ctx, grad):
        positions, weights = transposed(*ctx.tables, ctx.length)
        return WeightedSum.apply(grad, dim=ctx.dim, positions=positions, weights=weights)


def transposed(positions, weights, length):
    """The tables of the transpose: for each of `length` inputs the outputs that it goes into, and its weights."""
    present = weights != 0
    sources, targets = positions[present], np.nonzero(present)[0]
    order = np.argsort(sources, kind="stable")
    sources, targets, values = sources[order], targets[order], weights[present][order]
    counts = np.bincount(sources, minlength=length)
    column = np.arange(len(sources)) - (np.cumsum(counts) - counts)[sources]
    shape = length, max(1, counts.max(initial=0))
    new_positions, new_weights = np.zeros(shape, np.int64), np.zeros(shape)
    new_positions[sources, column], new_weights[sources, column] = targets, values
    return new_positions, new_weights


def weighted_sum(input, dim, positions, weights):
    """`WeightedSum` of a tensor, tables of shape (OUT, K)."""
    places = np.arange(input.array.shape[dim])[:, None]
    if positions.shape == places.shape and (positions == places).all() and (weights == 1).all():
        return input  # every entry is itself
    return WeightedSum.apply(input, dim=dim, positions=positions, weights=weights)
