"""The table that gives each class number a vector."""

from minitorch.autograd import no_grad
from minitorch.creation import empty
from minitorch.nn import init
from minitorch.nn.checks import integers
from minitorch.nn.functional import embedding
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.tensor import Tensor


class Embedding(Module):
    """Rows of a learnt table: numbers (...) give vectors (..., embedding_dim).

    The first values are normally distributed with mean 0 and variance 1; the row `padding_idx` is 0.

    Args:
        num_embeddings: rows of the table.
        embedding_dim: length of a row.
        padding_idx: a row that is not trained; a negative number counts from the end.
        max_norm: longer rows are shortened to this length when they are read.
        norm_type: the p of that length.
        scale_grad_by_freq: divide a row's gradient by how often it was read.
        sparse: must be False: gradients are always dense.

    Attributes:
        weight: (num_embeddings, embedding_dim).

    Raises:
        ValueError: sizes that are not positive integers, a padding_idx out of range.
    """

    def __init__(
        self,
        num_embeddings,
        embedding_dim,
        padding_idx=None,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        sparse=False,
        _weight=None,
        _freeze=False,
        device=None,
        dtype=None,
    ):
        super().__init__()
        sizes = integers("Embedding", 0, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        num_embeddings, embedding_dim = sizes
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError(f"Embedding: padding_idx {padding_idx} is out of range for {num_embeddings} rows")
            padding_idx %= num_embeddings
        if sparse:
            raise ValueError("Embedding: sparse gradients are not available; leave sparse=False")
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        if _weight is None:
            self.weight = Parameter(empty(num_embeddings, embedding_dim, device=device, dtype=dtype), not _freeze)
            self.reset_parameters()
        else:
            if _weight.shape != (num_embeddings, embedding_dim):
                wanted, got = (num_embeddings, embedding_dim), _weight.array.shape
                raise ValueError(f"Embedding: the weight must have shape {wanted}, got {got}")
            self.weight = Parameter(_weight, not _freeze)

    def reset_parameters(self):
        """Draw the first values anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx] = 0

    def forward(self, input):
        return embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings,
        freeze=True,
        padding_idx=None,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        sparse=False,
    ):
        """A layer whose table is a given tensor (V, D), whose memory it shares.

        Args:
            embeddings: the table.
            freeze: do not train it.
            padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse: as for the class.
        """
        if not isinstance(embeddings, Tensor) or embeddings.ndim != 2:
            got = f"shape {embeddings.array.shape}" if isinstance(embeddings, Tensor) else type(embeddings).__name__
            raise ValueError(f"from_pretrained: embeddings must be a tensor of shape (V, D), got {got}")
        options = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        return cls(*embeddings.shape, *options, _weight=embeddings, _freeze=freeze)

    def extra_repr(self):
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        text += "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        text += "" if self.max_norm is None else f", max_norm={self.max_norm}"
        text += "" if self.norm_type == 2 else f", norm_type={self.norm_type}"
        return text + (f", scale_grad_by_freq={self.scale_grad_by_freq}" if self.scale_grad_by_freq else "")
