"""Distances and angles as modules."""

from minitorch.nn.functional import cosine_similarity, pairwise_distance
from minitorch.nn.module import Module


class CosineSimilarity(Module):
    """The cosine of the angle between vectors of two tensors.

    Args:
        dim: the dimension along which the vectors lie; it goes away.
        eps: shorter lengths count as this.
    """

    def __init__(self, dim=1, eps=1e-8):
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1, x2):
        return cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 + eps along the last dimension.

    Args:
        p: of the norm; the attribute is called `norm`.
        eps: a small number against a length of 0.
        keepdim: keep the last dimension, of size 1.
    """

    def __init__(self, p=2.0, eps=1e-6, keepdim=False):
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1, x2):
        return pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
