"""The backward walk: from the results to the leaves, in falling order of the nodes' numbers.

A node gets its number when it is made, so an operation always has a higher one than those that its inputs came
from. Going through the reachable nodes from the highest number down therefore meets each node once, when all its
gradients have arrived; there is no recursion, and the time is linear in the number of nodes.
"""

import sys
import warnings

from minitorch.autograd.mode import _Switch, mode
from minitorch.autograd.variable import Variable
from minitorch.device import device_of
from minitorch.memory import is_writable, owns_memory


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
    """Add to the `.grad` of every leaf (or of `inputs` alone) the gradient of the sum of `tensors`.

    Args:
        tensors: a tensor or a sequence of tensors.
        grad_tensors: for each of them the gradient to start from, of its shape; None stands for 1 and needs a
            tensor of one element.
        retain_graph: keep what the graph saved, for another backward; as `create_graph` unless given.
        create_graph: record a graph of the backward itself, for derivatives of derivatives.
        inputs: leaves; only their `.grad` is added to.

    Raises:
        RuntimeError: a tensor that needs no gradient, a start gradient missing or of the wrong shape, a graph that
            an earlier backward has freed, a saved value overwritten since, a NaN under `detect_anomaly`, or an
            operation or a hook whose gradients do not fit in number, shape or type.
        TypeError: an operation or a hook that returns something else than tensors.
    """
    tensors = _sequence(tensors)
    wanted = None if inputs is None else _sequence(inputs)
    if wanted is not None and not wanted:
        raise RuntimeError("backward: inputs must not be empty")
    found = _walk(tensors, grad_tensors, retain_graph, create_graph, wanted)
    edges = {x._edge: x for x in wanted or () if x._edge is not None}
    while found:
        target, gradient = found.popitem()  # so that nothing here refers to it but this variable
        leaf = target if isinstance(target, Variable) else edges.get(target)
        if leaf is not None:
            _accumulate(leaf, gradient, create_graph)


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph=None,
    create_graph=False,
    allow_unused=None,
    materialize_grads=False,
):
    """The gradients of the sum of `outputs` with respect to `inputs`, as a tuple; no leaf's `.grad` is touched.

    Args:
        outputs, inputs: a tensor or a sequence of tensors; inputs need not be leaves.
        grad_outputs: as `grad_tensors` of `backward`.
        allow_unused: give None for an input that no output depends on, in place of an error.
        materialize_grads: give zeros for such an input.

    Raises:
        RuntimeError: as `backward`; an input that requires no gradient or that no output depends on.
        ValueError: materialize_grads together with allow_unused=False.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError("grad: materialize_grads allows unused inputs; leave allow_unused out")
    outputs, inputs = _sequence(outputs), _sequence(inputs)
    for i, x in enumerate(inputs):
        if not x.requires_grad:
            raise RuntimeError(f"grad: input {i} does not require a gradient; set requires_grad before it is used")
    found = _walk(outputs, grad_outputs, retain_graph, create_graph, inputs)
    result = []
    for i, x in enumerate(inputs):
        gradient = found.get(x._edge or x)
        if gradient is None:
            if materialize_grads:
                gradient = x.new_zeros(x.array.shape)
            elif not allow_unused:
                raise RuntimeError(
                    f"grad: no output depends on input {i} (shape {x.array.shape}); "
                    "pass allow_unused=True to get None for it"
                )
        result.append(gradient)
    return tuple(result)


def _sequence(tensors):
    tensors = (tensors,) if isinstance(tensors, Variable) else tuple(tensors)
    for x in tensors:
        if not isinstance(x, Variable):
            raise TypeError(f"backward: expected tensors, got {type(x).__name__}")
        if x._base is not None:
            x._renew()
    return tensors


def _walk(outputs, grad_outputs, retain_graph, create_graph, wanted):
    """Gradients by target: leaves, and of the wanted inputs (if given) also (node, output number)."""
    retain_graph = create_graph if retain_graph is None else retain_graph
    pending, found = {}, {}  # node -> gradients of its outputs; target -> gradient
    starts = _start_gradients(outputs, grad_outputs)
    order = _reachable([x._edge[0] for x in outputs if x._edge is not None])
    targets, useful = _useful(order, wanted)
    for node in order:
        if node._saved is None and (useful is None or node in useful):
            raise RuntimeError(
                f"backward: the graph was freed by an earlier backward (at {node.name()}); "
                "pass retain_graph=True to all backwards through it but the last"
            )
    for x, start in zip(outputs, starts):
        _add(pending, found, x._edge_to(), start, targets)
    with _Switch(grad=create_graph):
        for node in order:
            grads = pending.pop(node, None)
            if grads is not None:
                _visit(node, grads, pending, found, targets, useful)
                if not retain_graph:
                    node._saved = None
    for x, gradient in found.items():
        if isinstance(x, Variable) and x._hooks:
            found[x] = _call_hooks(x._hooks, gradient)
    return found


def _start_gradients(outputs, grad_outputs):
    if grad_outputs is None or isinstance(grad_outputs, Variable):
        grad_outputs = (grad_outputs,) * len(outputs) if grad_outputs is None else (grad_outputs,)
    if len(grad_outputs) != len(outputs):
        raise RuntimeError(f"backward: got {len(outputs)} tensors but {len(grad_outputs)} gradients to start from")
    starts = []
    for x, start in zip(outputs, grad_outputs):
        if not x.requires_grad:
            raise RuntimeError(
                "backward: the tensor does not require a gradient and has no graph; was it made under no_grad, "
                "detached, or from tensors without requires_grad=True?"
            )
        if start is None:
            if x.array.size != 1:
                raise RuntimeError(
                    f"backward: a gradient can be left out only for a tensor of one element, this one has shape "
                    f"{x.array.shape}; reduce it (sum, mean) or pass gradient="
                )
            start = x._wrap(_ones(x.array))
        elif not isinstance(start, Variable):
            raise TypeError(f"backward: gradient must be a tensor, got {type(start).__name__}")
        elif start.array.shape != x.array.shape:
            raise RuntimeError(
                f"backward: gradient has shape {start.array.shape}, the tensor has shape {x.array.shape}"
            )
        elif start.array.dtype != x.array.dtype:
            start = start.to(x.array.dtype)
        starts.append(start)
    return starts


def _ones(array):
    ones = array.copy()
    ones[...] = 1
    return ones


def _reachable(nodes):
    """All nodes that lead to the given ones, highest number first."""
    seen = set(nodes)
    stack = list(seen)
    while stack:
        for edge in stack.pop()._edges:
            if type(edge) is tuple and edge[0] not in seen:
                seen.add(edge[0])
                stack.append(edge[0])
    return sorted(seen, key=lambda node: node._number, reverse=True)


def _useful(order, wanted):
    """The targets of the walk, and the nodes on a path to one; (None, None) where every leaf is a target."""
    if wanted is None:
        return None, None
    targets = {x._edge or x for x in wanted}
    useful = set()
    for node in reversed(order):  # inputs come before the operations that use them
        for edge in node._edges:
            if edge is not None and (edge in targets or (type(edge) is tuple and edge[0] in useful)):
                useful.add(node)
                break
    return targets, useful


def _visit(node, grads, pending, found, targets, useful):
    """Run one node's backward on the gradients of its outputs and pass the results on along its edges."""
    if node._hooks:
        grads = [_call_hooks(node._hooks.get(i), g) for i, g in enumerate(grads)]
    for i, reference in (node._retained or {}).items():
        tensor = reference()
        if tensor is not None and grads[i] is not None:
            tensor._grad = grads[i].clone() if tensor._grad is None else tensor._grad + grads[i]
    if targets is not None:
        for i, gradient in enumerate(grads):
            if (node, i) in targets and gradient is not None:
                found[node, i] = gradient
        if node not in useful:
            return
    if node._output_shapes is not None:
        some = next(g for g in grads if g is not None)
        filled = zip(grads, node._output_shapes)
        grads = [some.new_zeros(shape) if g is None and shape is not None else g for g, shape in filled]
    results = _backward_of_anomaly(node, grads) if mode.anomaly else type(node).backward(node, *grads)
    if type(results) is not tuple:
        results = (results,)
    if any(gradient is not None for gradient in results[len(node._edges) :]) or len(results) < len(node._edges):
        raise RuntimeError(
            f"{node.name()}: backward must return a gradient or None for each of the {len(node._edges)} inputs, got "
            f"{len(results)}"
        )
    for edge, shape, gradient in zip(node._edges, node._shapes, results):
        if edge is None or gradient is None:
            continue
        if not isinstance(gradient, Variable):
            raise TypeError(
                f"{node.name()}: backward must return a tensor, None or a tuple of these, got "
                f"{type(gradient).__name__}{_hint(gradient)}"
            )
        if mode.anomaly and mode.check_nan and bool((gradient.array != gradient.array).any()):
            raise RuntimeError(_anomaly(node, "made a NaN"))
        if gradient.array.shape != shape:
            gradient = _unbroadcast(node, gradient, shape)
        _add(pending, found, edge, gradient, targets)


def _unbroadcast(node, gradient, shape):
    """Sum a gradient over the axes along which the forward operation repeated its input."""
    got = gradient.array.shape
    lead = len(got) - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, got[lead:])):
        raise RuntimeError(f"{node.name()}: backward returned a gradient of shape {got} for an input of shape {shape}")
    return gradient.sum_to_size(shape)


def _add(pending, found, edge, gradient, targets):
    """Add a gradient to what is on its way to a node, or to what was found for a leaf."""
    if type(edge) is tuple:
        node, i = edge
        grads = pending.get(node)
        if grads is None:
            grads = pending[node] = [None] * node._output_count
        grads[i] = gradient if grads[i] is None else grads[i] + gradient
    elif targets is None or edge in targets:
        before = found.get(edge)
        found[edge] = gradient if before is None else before + gradient


def _call_hooks(hooks, gradient):
    for hook in tuple(hooks.values()) if hooks and gradient is not None else ():
        changed = hook(gradient)
        if changed is not None:
            _check_hooked(hook, changed, gradient)
            gradient = changed
    return gradient


def _check_hooked(hook, changed, gradient):
    """Raise where what a hook returned cannot take the gradient's place."""
    name = f"hook {getattr(hook, '__name__', repr(hook))}"
    if not isinstance(changed, Variable):
        raise TypeError(f"{name}: must return a tensor or None, got {type(changed).__name__}{_hint(changed)}")
    got, expected = changed.array, gradient.array
    if got.shape != expected.shape:
        raise RuntimeError(f"{name}: returned shape {got.shape} for a gradient of shape {expected.shape}")
    if got.dtype != expected.dtype or type(got) is not type(expected):
        raise RuntimeError(
            f"{name}: returned {got.dtype} on {device_of(got)} for a gradient of {expected.dtype} on "
            f"{device_of(expected)}"
        )


def _hint(value):
    """What to do where an array, a number or a list stands for a tensor."""
    if isinstance(value, (list, tuple)):
        return "; several gradients are returned as a tuple" if isinstance(value, list) else ""
    return "; compute it with tensor operations, or wrap it: minitorch.tensor(...)"


def _backward_of_anomaly(node, grads):
    """The node's backward; where it raises, a warning says which forward operation it belongs to."""
    try:
        return type(node).backward(node, *grads)
    except Exception:
        warnings.warn(_anomaly(node, "raised an error"), stacklevel=2)
        raise


def _anomaly(node, what):
    called = f"; the forward operation was called here:\n{node._called_from}" if node._called_from else ""
    return f"detect_anomaly: the backward of {node.name()} {what}{called}"


def _accumulate(leaf, gradient, create_graph):
    if gradient.array.dtype != leaf.array.dtype:
        gradient = gradient.to(leaf.array.dtype)
    if leaf._grad is not None:
        if create_graph or not is_writable(leaf._grad.array):
            leaf._grad = leaf._grad + gradient
        else:
            leaf._grad.array += gradient.array
            leaf._grad._counter[0] += 1
    elif create_graph:
        leaf._grad = gradient.clone()
    else:
        array = gradient.array
        # Taken as it is when nobody else holds it, else copied. The tensor, this variable and the call refer to the
        # array; the variables of `backward` and of this function, and the call, to the tensor.
        own = owns_memory(array) and sys.getrefcount(array) <= 3 and sys.getrefcount(gradient) <= 3
        leaf._grad = leaf._wrap(array if own else array.copy())
