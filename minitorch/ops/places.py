"""Reading planes at chosen places, and its transpose, adding to them: what sampling and choosing maxima share."""

from minitorch.autograd import Function
from minitorch.device import array_module


class ReadPlaces(Function):
    """x (N, C, M) at places (N, C, P) or (N, 1, P) of each plane; place -1 reads 0."""

    @staticmethod
    def forward(ctx, x, places):
        ctx.places, ctx.length = places, x.shape[2]
        xp = array_module(x)
        images, channels = xp.arange(x.shape[0])[:, None, None], xp.arange(x.shape[1])[:, None]
        if not x.shape[2]:
            return xp.zeros((*x.shape[:2], places.shape[2]), dtype=x.dtype)
        values = x[images, channels, places]
        outside = places < 0
        return xp.where(outside, values.dtype.type(0), values) if outside.any() else values

    @staticmethod
    def backward(ctx, grad):
        return AddToPlaces.apply(grad, places=ctx.places, length=ctx.length)


class AddToPlaces(Function):
    """Planes of zeros (N, C, length) with values (N, C, P) added at the places; those for place -1 are dropped."""

    @staticmethod
    def forward(ctx, values, places, length):
        ctx.places = places
        xp = array_module(values)
        n, c, _ = values.shape
        # Each plane gets one slot more, its first, where place -1 falls; then all planes are counted as one.
        slots = xp.arange(n * c).reshape(n, c, 1) * (length + 1) + places + 1
        sums = xp.bincount(slots.ravel(), weights=values.ravel(), minlength=n * c * (length + 1))
        return xp.ascontiguousarray(sums.reshape(n, c, length + 1)[:, :, 1:].astype(values.dtype))

    @staticmethod
    def backward(ctx, grad):
        return ReadPlaces.apply(grad, places=ctx.places)
