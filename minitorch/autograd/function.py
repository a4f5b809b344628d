"""The graph: an operation that is applied makes one node.

A node knows the nodes that its inputs came from (its edges) and what it saved for its derivative; it never knows its
outputs, so a result that is dropped takes its whole graph along.
"""

import itertools
import traceback

from minitorch.autograd.mode import mode
from minitorch.autograd.variable import Variable

_numbers = itertools.count()


class Function:
    """A differentiable operation; an instance is the node of one application.

    Write a subclass with two static methods and call `apply`::

        class Square(Function):
            @staticmethod
            def forward(ctx, x):                 # arrays in, array (or tuple of arrays) out
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, grad):             # tensors in, one tensor (or None) per positional input out
                (x,) = ctx.saved_tensors
                return 2 * x * grad

    Backward is written in tensor operations, so derivatives of derivatives need no more code. A gradient may have
    the broadcast shape of the operation: the walk sums it to the shape of the input.

    Attributes:
        needs_input_grad: for each positional input, whether its gradient is wanted.
        is_view: class attribute; the result shows the memory of the first input.
        label: of the class or of one node: its name, where PyTorch has another one for it than the class's.
    """

    is_view = False
    label = None
    _saved = ()
    _constant = ()
    _output_shapes = None
    _hooks = None
    _retained = None
    _called_from = None

    @staticmethod
    def forward(ctx, *arrays, **params):
        raise NotImplementedError("a Function needs a static method forward(ctx, *arrays, **params)")

    @staticmethod
    def backward(ctx, *grads):
        raise NotImplementedError("a Function needs a static method backward(ctx, *grads)")

    @classmethod
    def view_step(cls, i, params):
        """The Function and its parameters that give the i-th of the views that `apply` gave with `params`."""
        return cls, params

    @classmethod
    def apply(cls, *inputs, **params):
        """Run forward and, where a gradient may be asked for, hang the node into the graph.

        Args:
            inputs: tensors, numbers or None; gradients go to the tensors.
            params: everything else that forward takes.

        Raises:
            TypeError: no tensor among the inputs, or a forward that returns something else than arrays.
        """
        node, recording, first = cls(), mode.grad, None
        arrays, needs = [], []
        for x in inputs:
            if isinstance(x, Variable):
                arrays.append(x.array)
                if first is None:
                    first = x
                if recording and x._base is not None:
                    x._renew()
                needs.append(recording and x._requires_grad)
            else:
                arrays.append(x)
                needs.append(False)
        node.needs_input_grad = needs
        if first is None:
            given = ", ".join(type(x).__name__ for x in inputs)
            raise TypeError(f"{cls.__name__}: apply expects at least one tensor among its inputs, got ({given})")
        try:
            result = cls.forward(node, *arrays, **params)
        except (IndexError, TypeError, ValueError) as error:
            raise _named(error, node, arrays) from error
        results = result if type(result) is tuple else (result,)
        outputs, kind = [], type(first.array)
        for array in results or (None,):
            if type(array) is not kind:
                _require_array(cls, array, result)
            for given in arrays:
                if array is given:  # saved values are told by their array object: each tensor has its own
                    array = array.view()
            outputs.append(first._wrap(array))
        if cls.is_view:
            owner, _, steps = first._base or (first, None, None)
            for i, output in enumerate(outputs):
                step = cls.view_step(i, params)
                output._counter, output._base = first._counter, (owner, owner._edge, (steps, *step))
                output._untracked = first._untracked if recording else first._counter[0]
        if True in needs:
            node._record(inputs, arrays, outputs, results)
        if mode.watchers:
            for watcher in mode.watchers:
                watcher(cls, inputs, outputs, params)
        return tuple(outputs) if results is result else outputs[0]

    def _record(self, inputs, arrays, outputs, results):
        """Hang the node into the graph: edges to where the inputs came from, the outputs' edges to the node."""
        self._number = next(_numbers)
        self._wrap = outputs[0]._wrap
        edges, shapes, known = [], [], []
        for x, array in zip(inputs, arrays):
            if isinstance(x, Variable):
                edge = x._edge or (x if x._requires_grad else None)
                edges.append(edge)
                shapes.append(array.shape)
                known.append((array, edge, x._counter))
            else:
                edges.append(None)
                shapes.append(None)
        self._edges, self._shapes = edges, shapes
        if self._saved:
            self._keep(known, outputs, results)
        if mode.anomaly:
            self._called_from = "".join(traceback.format_stack(limit=12)[:-2])
        for i, output in enumerate(outputs):
            if output.array.dtype.kind == "f" and not (self._constant and self._is_constant(results[i])):
                output._edge = (self, i)
                output._requires_grad = True
        self._output_count = len(outputs)
        if self._output_count > 1:
            self._output_shapes = [x.array.shape if x._requires_grad else None for x in outputs]

    def _is_constant(self, array):
        return any(array is c for c in self._constant)

    def save_for_backward(self, *values):
        """Keep inputs, outputs or other arrays (or None, numbers) for backward; call it once, in forward."""
        self._saved = values

    def mark_non_differentiable(self, *outputs):
        """Say in forward which of several results carry no gradient; integers never do."""
        self._constant = outputs

    def _keep(self, known, outputs, results):
        """Turn what was saved into (value, edge, counter, version): enough to rebuild a tensor without holding it.

        Args:
            known: (array, edge, counter) of the inputs that are tensors.
        """
        kept = []
        for value in self._saved:
            for array, edge, counter in known:
                if array is value:
                    kept.append((value, edge, counter, counter[0]))
                    break
            else:
                kept.append(_of_result(value, outputs, results))
        self._saved = kept

    def _keep_copy(self, array):
        """Save a copy of an input's numbers: the operation is about to write its result over them."""
        kept = self._saved or ()
        if any(value is array for value, *_ in kept):
            self._saved = [(v.copy(), edge, None, 0) if v is array else (v, edge, *rest) for v, edge, *rest in kept]

    @property
    def saved_tensors(self):
        """What `save_for_backward` was given, arrays as tensors with their place in the graph.

        Raises:
            RuntimeError: a value was overwritten in place since.
        """
        return tuple([self._restore(*kept) for kept in self._saved])

    def _restore(self, value, edge, counter, version):
        if not hasattr(value, "ndim"):
            return value
        if counter is not None and counter[0] != version:
            raise RuntimeError(
                f"backward: a value that {self.name()} of shape {value.shape} needs was changed in place since "
                f"(it is at version {counter[0]}, saved at version {version}); use the out-of-place operation, or "
                "clone() the value before changing it"
            )
        if isinstance(edge, Variable):
            return edge
        tensor = self._wrap(value)
        if edge is not None:
            tensor._edge = (self, edge) if isinstance(edge, int) else edge
            tensor._requires_grad = True
        if counter is not None:
            tensor._counter = counter
        return tensor

    def name(self):
        """The operation's name, PyTorch's where it has the operation, as in ``grad_fn=<MulBackward0>``.

        As in PyTorch the name of an operation of your own has no number: ``<SquareBackward>``.
        """
        cls = type(self)
        return self.label or f"{cls.__name__}Backward{'0' if cls.__module__.startswith('minitorch.') else ''}"

    @property
    def next_functions(self):
        """((node, output number), ...) of the inputs; a leaf stands as (leaf, 0), a constant as (None, 0)."""
        return tuple((edge if type(edge) is tuple else (edge, 0)) for edge in self._edges)

    @property
    def input_shapes(self):
        """The shapes of the positional inputs; None for what is no tensor."""
        return tuple(self._shapes)

    def __repr__(self):
        return f"<{self.name()}>"


def _of_result(value, outputs, results):
    """What is kept of a result, or of a value that is neither an input nor a result."""
    if value is not None:
        for i, x in enumerate(outputs):
            if results[i] is value:
                return x.array, i, x._counter, x._counter[0]  # not an edge to itself: that would be a cycle
    return value, None, None, 0


def _require_array(cls, array, result):
    """Raise TypeError where one of the results of a forward is no array."""
    if hasattr(array, "dtype") and not isinstance(array, Variable):
        return
    got = type(result).__name__
    if type(result) is tuple:
        got = f"a tuple of ({', '.join(type(x).__name__ for x in result)})"
    raise TypeError(f"{cls.__name__}: forward must return an array or a tuple of arrays, got {got}")


def _named(error, node, arrays):
    """The error of a forward that nobody foresaw, with the operation's name and what it was given."""
    given = ", ".join(
        f"{a.dtype} of shape {a.shape}" if hasattr(a, "shape") else type(a).__name__ for a in arrays if a is not None
    )
    kind = next(kind for kind in (IndexError, TypeError, ValueError) if isinstance(error, kind))
    return kind(f"{type(node).__name__}: {error} (inputs: {given})")
