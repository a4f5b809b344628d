"""Lengths, distances and angles of vectors, and the losses that are made of them."""

from minitorch.ops.arguments import arguments
from minitorch.ops.comparison import clamp_min, minimum, where
from minitorch.ops.loss_common import reduce_loss, reduction_name, require_broadcast
from minitorch.ops.norm import norm
from minitorch.ops.operands import axis, is_number, require_float, require_tensor, result_type
from minitorch.ops.shape import broadcast_tensors


def normalize(input, p=2.0, dim=1, eps=1e-12):
    """Vectors along a dimension divided by their p-norm, or by `eps` where that is larger.

    Raises:
        IndexError: there is no such dimension; the default 1 needs a batch.
    """
    require_float("normalize", input=input)
    _require_numbers("normalize", p=p, eps=eps)
    dim = axis("normalize", dim, input.array.ndim)
    return input / clamp_min(norm(input, p, dim, True), eps)


@arguments()
def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of x1 - x2 + eps along the last dimension: (..., D) and (..., D), which broadcast, give (...)."""
    name = "pairwise_distance"
    require_broadcast(name, x1=x1, x2=x2)
    _require_numbers(name, p=p, eps=eps)
    return norm(x1 - x2 + float(eps), p, -1, keepdim)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The cosine of the angle between vectors along a dimension; lengths below `eps` count as eps.

    Args:
        x1, x2: floating-point tensors that broadcast.
        dim: where the vectors lie, counted in the broadcast shape; it goes away.
    """
    name = "cosine_similarity"
    require_broadcast(name, x1=x1, x2=x2)
    _require_numbers(name, eps=eps)
    dtype = result_type(x1, x2)
    if dtype.kind != "f":
        raise RuntimeError(f"{name}: x1 and x2 must be floating point, got {x1.array.dtype} and {x2.array.dtype}")
    x1, x2 = broadcast_tensors(x1.to(dtype), x2.to(dtype))
    dim = axis(name, dim, x1.array.ndim)
    x1, x2 = (x / _at_least(norm(x, 2, dim, True), eps) for x in (x1, x2))
    return (x1 * x2).sum(dim)


def _at_least(length, eps):
    """The length or eps, with the derivative of the length in both cases, as PyTorch has it."""
    return length + (clamp_min(length, eps) - length).detach()


def cosine_embedding_loss(
    input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"
):
    """1 - cosine for pairs with target 1, max(0, cosine - margin) for pairs with target -1.

    Args:
        input1, input2: (N, D), or (D,) for a single pair.
        target: (N,) or (), 1 or -1.
        margin: the cosine below which unlike pairs cost nothing, -1 to 1.
        size_average, reduce: obsolete.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """
    name = "cosine_embedding_loss"
    reduction = reduction_name(name, size_average, reduce, reduction)
    _require_numbers(name, margin=margin)
    require_tensor(name, input1=input1, input2=input2, target=target)
    ndim = target.array.ndim
    if ndim > 1 or input1.array.ndim != ndim + 1 or input2.array.ndim != ndim + 1:
        raise RuntimeError(
            f"{name}: expected inputs (N, D) and a target (N,), or (D,) and (), got {input1.array.shape}, "
            f"{input2.array.shape} and {target.array.shape}"
        )
    require_broadcast(name, input1=input1, input2=input2)
    product, square1, square2 = (
        (a * b).sum(-1) for a, b in ((input1, input2), (input1, input1), (input2, input2))
    )
    require_broadcast(name, distances=product, target=target)
    cosine = product / ((square1 + 1e-12) * (square2 + 1e-12)).sqrt()
    alike = where(target == 1, 1 - cosine, 0.0)
    return reduce_loss(alike + where(target == -1, clamp_min(cosine - margin, 0), 0.0), reduction)


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """The input where the target is 1, max(0, margin - input) where it is -1; the input is often a distance.

    Args:
        input, target: tensors that broadcast; target 1 or -1.
        margin, size_average, reduce, reduction: as `cosine_embedding_loss`.
    """
    name = "hinge_embedding_loss"
    reduction = reduction_name(name, size_average, reduce, reduction)
    _require_numbers(name, margin=margin)
    require_broadcast(name, input=input, target=target)
    unlike = where(target != 1, clamp_min(margin - input, 0), 0.0)
    return reduce_loss(unlike + where(target != -1, input, 0.0), reduction)


def margin_ranking_loss(input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"):
    """max(0, margin - target (input1 - input2)): target 1 wants input1 to be larger, -1 wants input2.

    Args:
        input1, input2, target: tensors of one number of dimensions that broadcast.
        margin, size_average, reduce, reduction: as `cosine_embedding_loss`.
    """
    name = "margin_ranking_loss"
    reduction = reduction_name(name, size_average, reduce, reduction)
    _require_numbers(name, margin=margin)
    _require_one_ndim(name, input1=input1, input2=input2, target=target)
    return reduce_loss(clamp_min(-target * (input1 - input2) + margin, 0), reduction)


@arguments()
def triplet_margin_loss(
    anchor,
    positive,
    negative,
    margin=1.0,
    p=2.0,
    eps=1e-6,
    swap=False,
    size_average=None,
    reduce=None,
    reduction="mean",
):
    """max(0, margin + distance(anchor, positive) - distance(anchor, negative)).

    Source: Schroff et al. 2015, "FaceNet", section 3.1; swap: Balntas et al. 2016, "Learning local feature
    descriptors with triplets", section 3.3.

    Args:
        anchor, positive, negative: (N, D) or (D,), tensors of one number of dimensions that broadcast.
        margin: more than 0.
        p, eps: as `pairwise_distance`.
        swap: take the positive as the anchor where it is closer to the negative.
        size_average, reduce, reduction: as `cosine_embedding_loss`.

    Raises:
        ValueError: a margin that is not positive.
    """
    name = "triplet_margin_loss"
    reduction = reduction_name(name, size_average, reduce, reduction)
    _require_numbers(name, margin=margin, p=p, eps=eps)
    if margin <= 0:
        raise ValueError(f"{name}: margin must be greater than 0, got {margin}")
    _require_one_ndim(name, anchor=anchor, positive=positive, negative=negative)
    near, far = pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduce_loss(clamp_min(margin + near - far, 0), reduction)


def _require_one_ndim(name, **tensors):
    require_tensor(name, **tensors)
    if len({x.array.ndim for x in tensors.values()}) != 1:
        shapes = ", ".join(f"{argument} {x.array.shape}" for argument, x in tensors.items())
        raise RuntimeError(f"{name}: all tensors must have the same number of dimensions, got {shapes}")
    require_broadcast(name, **tensors)


def _require_numbers(name, **numbers):
    for argument, value in numbers.items():
        if not is_number(value):
            raise TypeError(f"{name}: {argument} must be a number, got {type(value).__name__}")
