"""Where NaN and infinity began: the step that went wrong is run again, under observation."""

import functools

import numpy as np

from minitorch.autograd import detect_anomaly
from minitorch.device import array_module, to_numpy
from minitorch.random import default_generator
from minitorch.tensor import Tensor
from minitorch.training.evaluation import as_tensor, device_of, evaluation_mode


class Diverged(RuntimeError):
    """A loss, a gradient or a weight became NaN or infinite.

    Attributes:
        epoch, step: where, both counted from 1; a step is one of the optimizer's.
        lr: the learning rate of that step.
        layer: the path of the layer where it began, such as "features.3"; "" for the network itself; None where it
            began outside of it, in the data or the loss function.
    """

    def __init__(self, message, epoch, step, lr, layer):
        super().__init__(message)
        self.epoch, self.step, self.lr, self.layer = epoch, step, lr, layer


def first_nonfinite(tensors):
    """The place of the first tensor that holds a NaN or an infinity, or None."""
    for place, tensor in enumerate(tensors):
        if not _finite(tensor):
            return place
    return None


def _finite(tensor):
    array = tensor.array
    if array.dtype.kind != "f":
        return True
    return bool(array_module(array).isfinite(array).all())


def diverged(trainer, what, batch, generator):
    """The exception for a step that went wrong; weights, buffers and generator are left as they were found.

    Args:
        what: a few words on what was seen.
        batch: (inputs, targets) of the latest batch, tensors.
        generator: the state of the default generator before its forward pass.
    """
    bad_weights = not all(_finite(p) for p in trainer.model.parameters())
    # The damage of a step without a bad loss shows only in the next one: then it is that earlier step that counts.
    step = trainer.step if bad_weights else trainer.step + 1
    lr = trainer.lr if bad_weights else float(trainer.optimizer.param_groups[0]["lr"])
    buffers = [(buffer, buffer.array.copy()) for buffer in trainer.model.buffers()]
    now = default_generator.get_state()
    try:
        default_generator.set_state(generator)
        layer, cause = origin(trainer.model, trainer.loss, *batch)
    finally:
        default_generator.set_state(now)
        for buffer, array in buffers:
            buffer.array[...] = array
    epoch = trainer.epoch + 1
    message = f"{what} in epoch {epoch}, step {max(step, 1)}, learning rate {lr:g}: {cause}"
    return Diverged(message, epoch, max(step, 1), lr, layer)


def diverged_in_evaluation(trainer, model, loader, what):
    """The exception for a model whose loss on a loader's data, from which it does not learn, is not finite.

    The data are gone through again up to the batch that is the cause; the generator is left as it was found.
    """
    layer, cause = None, "a second pass through the data did not show where"
    now = default_generator.get_state()
    try:
        with evaluation_mode(model), np.errstate(all="ignore"):
            for batch in loader:
                inputs, targets = (as_tensor(part, device_of(model)) for part in batch)
                if not _finite(trainer.loss(model(inputs), targets)):
                    layer, cause = origin(model, trainer.loss, inputs, targets)
                    break
    finally:
        default_generator.set_state(now)
    epoch = trainer.row.get("epoch", trainer.epoch)
    message = f"{what} in epoch {epoch}, after step {trainer.step}, learning rate {trainer.lr:g}: {cause}"
    return Diverged(message, epoch, trainer.step, trainer.lr, layer)


def origin(model, loss, inputs, targets):
    """The layer in which NaN or infinity begins when a model runs on a batch, and a sentence on how.

    The first of these that is not finite: the input, the target, a weight, the output of a module (in the order in
    which they end), the loss, a weight's gradient (in the order of the backward pass). Where the loss overflows for
    the size of the scores, it is the layer that gave them.

    Returns:
        (path of the module or None, text).
    """
    for name, batch in (("input", inputs), ("target", targets)):
        if not _finite(batch):
            return None, f"the {name} batch itself holds NaN or infinity; look at the data"
    trace = _Trace(model)
    try:
        with np.errstate(all="ignore"):
            scores = model(inputs)
            value = loss(scores, targets)
    finally:
        trace.remove()
    path = trace.last_layer_with(lambda parameter: not _finite(parameter))
    if path is not None:
        return path, f"it began in the weights of layer {path!r}, which are NaN or infinite since that step"
    if trace.bad is not None:
        path, kind = trace.bad
        return path, f"it began in the output of layer {path!r} ({kind}); its input was finite"
    if not _finite(value):
        low, high = _range(scores)
        if max(-low, high) ** 2 > np.finfo(scores.dtype).max:
            path = trace.source_of(scores)
            return path, f"it began in the output of layer {path!r}, too large for the loss ({low:g} to {high:g})"
        return None, f"it began in the loss function; the scores are finite (from {low:g} to {high:g})"
    return _origin_in_backward(value, trace)


def _origin_in_backward(value, trace):
    """The same for a loss that is finite: by the gradients as they are, and the operation that makes the NaN anew."""
    path = trace.last_layer_with(lambda parameter: parameter.grad is not None and not _finite(parameter.grad))
    if path is None:
        return None, "every single gradient is finite"
    operation = ""
    with detect_anomaly():
        try:
            value.backward()
        except RuntimeError as error:
            operation = f" ({str(error).split(';')[0].removeprefix('detect_anomaly: ')})"
    return path, f"it began in the gradient of layer {path!r}{operation}; the loss was finite ({value.item():g})"


def _range(tensor):
    array = to_numpy(tensor.detach().array)
    return float(array.min()), float(array.max())


class _Trace:
    """Hooks on all modules of a model: in which order they end, and which is the first with a bad output."""

    def __init__(self, model):
        self.model, self.order, self.outputs, self.bad, self.handles = model, [], [], None, []
        for path, module in model.named_modules():
            hook = functools.partial(self._see, path)
            self.handles.append(module.register_forward_hook(hook))

    def _see(self, path, module, args, output):
        self.order.append((path, module))
        self.outputs.append(output)
        if self.bad is None:
            for tensor in output if isinstance(output, (tuple, list)) else [output]:
                if isinstance(tensor, Tensor) and not _finite(tensor):
                    self.bad = path, type(module).__name__

    def remove(self):
        """Take the hooks off."""
        for handle in self.handles:
            handle.remove()

    def source_of(self, tensor):
        """The path of the innermost module whose output is a tensor; that of the network unless there is one."""
        return next((path for (path, _), output in zip(self.order, self.outputs) if output is tensor), "")

    def last_layer_with(self, condition):
        """The path of the last module in the forward pass, the first in the backward, with such a parameter."""
        called = [module for _, module in self.order]
        never_called = [pair for pair in self.model.named_modules() if pair[1] not in called]
        for path, module in [*reversed(self.order), *never_called]:
            if any(condition(parameter) for parameter in module.parameters(recurse=False)):
                return path
        return None
