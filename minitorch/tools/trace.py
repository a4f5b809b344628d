"""One forward pass, watched: which layers are called, in which order, and what happens in each."""

import contextlib
import dataclasses
import math

from minitorch import dtype as dtypes
from minitorch.autograd import no_grad, watch
from minitorch.creation import zeros
from minitorch.models import ImageClassifier
from minitorch.nn import Module
from minitorch.random import default_generator
from minitorch.tensor import Tensor
from minitorch.tools.fields import Field, FieldTracker
from minitorch.tools.operation_costs import multiply_accumulates, traffic

SMALL_STRIDE = 8  # networks for images of 32 x 32 shrink them no more than this


@dataclasses.dataclass
class Call:
    """One call of a module, with all that its own operations and those of the modules inside it add up to.

    Attributes:
        path: the module's name in the network, ``""`` for the network itself.
        depth: how many calls it is inside of.
        outputs: shapes of the tensors that it returned.
        field: what the units of the last of them see that has places; see `tools.fields`.
        again: whether the module had been called before.
        macs, attention_macs, bytes_read, bytes_written: for the whole batch.
    """

    path: str
    module: Module
    depth: int
    again: bool
    outputs: list = dataclasses.field(default_factory=list)
    field: Field = None
    macs: int = 0
    attention_macs: int = 0
    bytes_read: int = 0
    bytes_written: int = 0


class Tracer:
    """Collects the calls of one forward pass.

    Attributes:
        calls: in the order in which they began; the first is the network itself.
        finished: the same in the order in which they ended.
    """

    def __init__(self, model, inputs):
        self.paths = {}
        for path, module in model.named_modules():
            self.paths.setdefault(id(module), (path, module))
        self.calls, self.finished, self.open, self.called = [], [], [], set()
        self.fields = FieldTracker(inputs)

    def enter(self, module, args):
        """Forward pre-hook."""
        path, _ = self.paths[id(module)]
        self.open.append(Call(path, module, len(self.open), id(module) in self.called))
        self.calls.append(self.open[-1])
        self.called.add(id(module))

    def leave(self, module, args, output):
        """Forward hook."""
        call = self.open.pop()
        tensors = list(tensors_in(output))
        call.outputs = [x.array.shape for x in tensors]
        fields = [field for field in map(self.fields.field, tensors) if field is not None]
        call.field = next((field for field in reversed(fields) if field.axes), fields[0] if fields else None)
        self.finished.append(call)

    def note(self, operation, inputs, outputs, params):
        """Called after every operation."""
        self.fields.note(operation, inputs, outputs, params)
        macs, attention = multiply_accumulates(operation, inputs, outputs)
        read, written = traffic(operation, inputs, outputs)
        for call in self.open:
            call.macs += macs
            call.attention_macs += attention
            call.bytes_read += read
            call.bytes_written += written


def trace(model, inputs):
    """Run a model once, in evaluation mode and without a graph, and return the `Tracer` that watched it.

    Modes, buffers, hooks and the random generator are afterwards as they were.

    Args:
        inputs: tensors, as from `example_inputs`.
    """
    tracer = Tracer(model, inputs)
    handles = []
    with left_as_found(model), no_grad():
        try:
            for _, module in tracer.paths.values():
                handles.append(module.register_forward_pre_hook(tracer.enter, prepend=True))
                handles.append(module.register_forward_hook(tracer.leave))
            with watch(tracer.note):
                model(*inputs)
        finally:
            for handle in handles:
                handle.remove()
    return tracer


@contextlib.contextmanager
def left_as_found(model):
    """Evaluation mode within the block; at its end modes, buffers and the random generator are put back."""
    modules = list(model.modules())
    modes = [module.training for module in modules]
    buffers = [
        (module, name, buffer, buffer.array.copy())
        for module in modules
        for name, buffer in module.named_buffers(recurse=False)
    ]
    position = default_generator.get_state()
    model.eval()
    try:
        yield
    finally:
        for module, training in zip(modules, modes):
            module.training = training
        for module, name, buffer, numbers in buffers:
            buffer.array[...] = numbers
            setattr(module, name, buffer)
        default_generator.set_state(position)


def example_inputs(caller, model, input_size=None):
    """Tensors of zeros to call a model with, of its type and on its device.

    Args:
        caller: the function's name, for errors.
        input_size: the shape of one image, (C, H, W), to which a batch of one is added; or with the batch,
            (N, C, H, W). A list of several such shapes, or of tensors, for a model with several inputs. None for an
            image of usual size that the model takes: 224, 32 or 28 pixels square, 32 first where its stride is small.

    Raises:
        TypeError: not a module, not a shape.
        ValueError: a size that is not positive, no usual size that the model takes.
    """
    if not isinstance(model, Module):
        hint = "; make an instance with parentheses" if isinstance(model, type) else ""
        name = model.__name__ if isinstance(model, type) else type(model).__name__
        raise TypeError(f"{caller}: model must be an nn.Module, got {name}{hint}")
    if input_size is None:
        return _usual_inputs(caller, model)
    given = input_size if isinstance(input_size, (tuple, list)) else (input_size,)
    alone = isinstance(input_size, Tensor) or not given or not isinstance(given[0], (tuple, list, Tensor))
    return [x if isinstance(x, Tensor) else _zeros(caller, model, x) for x in ((input_size,) if alone else given)]


def _usual_inputs(caller, model):
    channels = next((module.in_channels for module in model.modules() if hasattr(module, "in_channels")), 3)
    small = isinstance(model, ImageClassifier) and model.stride <= SMALL_STRIDE
    refusal = None
    for size in (32, 28, 224) if small else (224, 32, 28):
        inputs = [_zeros(caller, model, (channels, size, size))]
        try:
            trace(model, inputs)
        except (RuntimeError, TypeError, ValueError) as error:
            refusal = error
        else:
            return inputs
    raise ValueError(f"{caller}: the model takes no image of usual size; give input_size ({refusal})") from refusal


def _zeros(caller, model, shape):
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if not shape or any(isinstance(n, bool) or not isinstance(n, int) for n in shape):
        raise TypeError(
            f"{caller}: input_size must be a shape such as (3, 224, 224), or a list of these or of tensors, got "
            f"{shape!r}"
        )
    if min(shape) < 1:
        raise ValueError(f"{caller}: input_size must hold positive numbers, got {shape}")
    floating = [p for p in model.parameters() if p.is_floating_point()]
    place = {"device": floating[0].device, "dtype": floating[0].dtype} if floating else {"dtype": dtypes.float32}
    return zeros(*(shape if len(shape) > 3 else (1, *shape)), **place)


def parameter_count(module):
    """Number of elements of all parameters of a module; shared ones count once."""
    return sum(math.prod(p.shape) for p in module.parameters())


def tensors_in(value):
    """All tensors in nested lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))
