"""What the three ways of convolution share: the size of the result, and the scalars that every kernel takes."""


def output_size(plane, kernel, stride, padding, dilation):
    """(OH, OW): windows along both axes of a plane (H, W); ``padding`` is ((top, bottom), (left, right))."""
    return tuple(
        (length + before + after - d * (k - 1) - 1) // s + 1
        for length, k, s, (before, after), d in zip(plane, kernel, stride, padding, dilation)
    )


def scalars(plane, out, kernel, stride, padding, dilation):
    """The arguments ``height, width, out_height, ..., dilation_width`` of the kernels, in their order."""
    (top, _), (left, _) = padding
    return *plane, *out, *kernel, *stride, top, left, *dilation


def split(work, blocks, wanted):
    """Into how many slices to cut the sum that each of ``blocks`` blocks has to make, of ``work`` steps.

    So many that about ``wanted`` blocks run in all: enough for every multiprocessor of a GPU to have some.
    """
    return max(1, min(work, wanted // blocks))
