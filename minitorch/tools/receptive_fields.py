"""The receptive field of a network: by the formula, layer after layer, and by the gradient, which is the proof."""

import copy
import difflib
import math
from typing import NamedTuple

import numpy as np

from minitorch.autograd import enable_grad
from minitorch.creation import tensor
from minitorch.tools.trace import example_inputs, tensors_in, trace

TRIES = 4  # a maximum passes its gradient to one place; several random images show more of them


class ReceptiveField(NamedTuple):
    """Which pixels one place of a feature map depends on.

    Attributes:
        size: (height, width) of the window in pixels; None where a place sees everything and no more.
        stride: how many pixels the window moves from one place to the next.
        start: the pixel at which the window of the first place begins, negative where it begins in the padding.
        whole: whether a place also depends on the whole image, as behind a squeeze-and-excitation gate.
        layer: path of the layer.
    """

    size: tuple
    stride: tuple
    start: tuple
    whole: bool
    layer: str


def receptive_field(model, input_size=None, layer=None, method="formula"):
    """The receptive field of a layer, for a model of any form. The model is left as it was found.

    Args:
        model: an `nn.Module`.
        input_size: (C, H, W), or (N, C, H, W), as for `summary`; unless given, a usual size that the model takes.
        layer: path of the layer, as ``"layer4.1"``; unless given, the last one with places: the last feature map
            before the mean over all of them.
        method: ``"formula"``: from kernel sizes, strides, dilations and paddings on all branches, see `tools.fields`.
            ``"gradient"``: measured on a copy of the model with random positive weights: the pixels for which the
            gradient of the middle place is not 0. It takes time, and an image that is larger than the field: one of
            fitting size unless `input_size` is given. Where it sees all of it, `whole` is True. The field that
            gradients really use, with trained weights, is smaller: they are weak at its border.

    Returns:
        A `ReceptiveField`.

    Raises:
        TypeError, ValueError: no module, no shape, no such layer or method, no places in that layer.
    """
    if method not in ("formula", "gradient"):
        raise ValueError(f"receptive_field: method must be 'formula' or 'gradient', got {method!r}")
    inputs = example_inputs("receptive_field", model, input_size)
    call = _chosen(trace(model, inputs), layer)
    expected = field_of(call)
    if method == "formula" or expected.size is None:
        return expected
    if input_size is None:
        needed = (math.ceil((n + 2 * stride) / 32) * 32 for n, stride in zip(expected.size, expected.stride))
        shape = inputs[0].shape
        larger = (*shape[:2], *(max(have, n) for have, n in zip(shape[2:], needed)))
        inputs = example_inputs("receptive_field", model, larger)
    return _measured(model, inputs, call.path)


def field_of(call):
    """The `ReceptiveField` of a `Call`, as the formula gives it."""
    field = call.field
    if field is None or not field.spans or field.axes is None:
        return ReceptiveField(None, None, None, field is not None, call.path)
    return ReceptiveField(
        tuple(math.floor(span.high) - math.ceil(span.low) + 1 for span in field.spans),
        tuple(_number(span.jump) for span in field.spans),
        tuple(math.ceil(span.low) for span in field.spans),
        field.whole,
        call.path,
    )


def _number(fraction):
    return int(fraction) if fraction.denominator == 1 else float(fraction)


def _chosen(tracer, layer):
    """The call of the layer with this path, or the last one with places."""
    if layer is None:
        found = [call for call in tracer.finished if len(call.outputs) == 1 and field_of(call).size]
        if not found:
            raise ValueError("receptive_field: no layer has places: every number depends on the whole input")
        return found[-1]
    found = [call for call in tracer.calls if call.path == layer]
    if not found:
        paths = [call.path for call in tracer.calls if call.path]
        near = ", ".join(difflib.get_close_matches(str(layer), dict.fromkeys(paths), n=3, cutoff=0))
        raise ValueError(f"receptive_field: no layer {layer!r} is called; the nearest names are {near}")
    return found[0]


def _measured(model, inputs, path):
    """The receptive field from the gradients of two neighbouring places in the middle."""
    model = copy.deepcopy(model).cpu().double().eval()
    random = np.random.default_rng(0)
    for name, parameter in model.named_parameters():
        parameter.array[...] = _positive(name, parameter, random)
    for module in model.modules():
        if hasattr(module, "reset_running_stats"):
            module.reset_running_stats()
    outputs = []
    model.get_submodule(path).register_forward_hook(lambda module, args, output: outputs.append(output))
    seen = [np.zeros(inputs[0].shape[2:], bool) for _ in range(2)]
    middle = None
    for _ in range(TRIES):
        image = tensor(1e-3 * random.uniform(0.5, 1.5, inputs[0].shape), requires_grad=True)
        outputs.clear()
        with enable_grad():
            model(image, *inputs[1:])
        output = [x for x in tensors_in(outputs[0]) if x.ndim > 2][-1]
        middle = tuple(n // 2 for n in output.shape[2:])
        for number, places in enumerate(seen):
            image.grad = None
            place = tuple(i - number for i in middle) if min(output.shape[2:]) > 1 else middle
            output[(slice(None), slice(None), *place)].sum().backward(retain_graph=True)
            places |= (image.grad.numpy() != 0).any((0, 1))
    return _from_pixels(*seen, middle, path)


def _positive(name, parameter, random):
    """Values that let every gradient through: positive weights of sum 1, biases of 0, factors of 1."""
    shape = parameter.shape
    if len(shape) < 2:
        return np.zeros(shape) if name.endswith("bias") else np.ones(shape)
    return random.uniform(0.5, 1.5, shape) / math.prod(shape[1:])


def _from_pixels(seen, before, middle, path):
    """Size, stride and start from the pixels that the middle place and the one before it see."""
    ends = [[(int(p.min()), int(p.max())) for p in np.nonzero(places)] for places in (seen, before)]
    size = tuple(last - first + 1 for first, last in ends[0])
    stride = tuple(now[0] - then[0] for now, then in zip(*ends))
    start = tuple(now[0] - i * step for now, i, step in zip(ends[0], middle, stride))
    return ReceptiveField(size, stride, start, size == seen.shape, path)
