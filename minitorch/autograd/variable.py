"""`Variable`: an array with a place in the graph. `Tensor` adds the operations."""

import copy
import weakref

from minitorch import dtype as dtypes
from minitorch.autograd.mode import mode


class RemovableHandle:
    """Takes a hook off again."""

    def __init__(self, hooks, hook):
        self.hooks, self.key = hooks, object()
        hooks[self.key] = hook

    def remove(self):
        """Take the hook off; a second call does nothing."""
        self.hooks.pop(self.key, None)


class Variable:
    """An array with a place in the graph; `Tensor` adds the operations.

    Attributes:
        array: the NumPy or CuPy array.
        grad: the accumulated gradient of a leaf, a tensor of the same shape, or None.
        requires_grad: whether backward is to reach it.
        _edge: (node, output number) that it came from; None for a leaf.
        _counter: a one-element list, the number of in-place writes, shared by all views of one memory.
        _base: for a view, (the variable whose memory it shows, that variable's edge when the view was made).
    """

    grad = None
    _requires_grad = False
    _edge = None
    _base = None
    _hooks = None

    @property
    def requires_grad(self):
        """Whether backward reaches this tensor; settable on leaves of floating point."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value):
        if value and self.array.dtype.kind != "f":
            raise RuntimeError(f"requires_grad: only floating-point tensors have gradients, this is {self.array.dtype}")
        if self._edge is not None and not value:
            raise RuntimeError("requires_grad: can be cleared only on a leaf; use detach()")
        self._requires_grad = bool(value)

    def _edge_to(self):
        """What a node keeps of this input: the edge to its node, itself if a leaf that wants a gradient, or None."""
        if self._base is not None and self._base[0]._edge is not self._base[1]:
            raise RuntimeError(
                f"a view of shape {self.array.shape} is used after the tensor that it shows was changed in place; "
                "take the view again"
            )
        return self._edge or (self if self._requires_grad else None)

    grad_fn = property(lambda self: None if self._edge is None else self._edge[0], doc="The node that it came from.")
    is_leaf = property(lambda self: self._edge is None, doc="Whether no recorded operation made it.")
    retains_grad = property(lambda self: _retained(self) is not None, doc="Whether `retain_grad` was called on it.")
    _version = property(lambda self: self._counter[0], doc="How often the memory was written in place.")

    def requires_grad_(self, requires_grad=True):
        """Ask for a gradient. Raises RuntimeError for numbers that are not floating point."""
        self.requires_grad = requires_grad
        return self

    def detach(self):
        """The same memory outside of the graph; writes through it count as writes to this tensor."""
        result = self._wrap(self.array.view())
        result._counter = self._counter
        return result

    def detach_(self):
        """Take this tensor itself out of the graph."""
        self._edge, self._requires_grad = None, False
        return self

    @property
    def data(self):
        """The same memory outside of the graph, with writes uncounted; better use `detach` or `no_grad`."""
        return self._wrap(self.array.view())

    @data.setter
    def data(self, other):
        self.array = other.array.view()

    def retain_grad(self):
        """Keep the gradient of this tensor in `.grad` also if it is no leaf."""
        if not self.requires_grad:
            raise RuntimeError("retain_grad: the tensor does not require a gradient")
        if self._edge is not None:
            node, i = self._edge
            node._retained = {**(node._retained or {}), i: weakref.ref(self)}

    def register_hook(self, hook):
        """Call `hook(grad)` with the gradient of this tensor in every backward; a tensor it returns replaces it.

        Returns:
            A handle; its `remove()` takes the hook off.
        """
        if not self.requires_grad:
            raise RuntimeError("register_hook: the tensor does not require a gradient")
        if self._edge is None:
            self._hooks = {} if self._hooks is None else self._hooks
            hooks = self._hooks
        else:
            node, i = self._edge
            node._hooks = {} if node._hooks is None else node._hooks
            hooks = node._hooks.setdefault(i, {})
        return RemovableHandle(hooks, hook)

    def _check_writable(self, name, gains_history=False):
        if not getattr(self.array.flags, "writeable", True):  # CuPy has no such flag
            raise RuntimeError(f"{name}: the memory is shared among elements (expand) or read-only; clone() first")
        if not mode.grad:
            return
        if self._edge is None and self._requires_grad:
            raise RuntimeError(f"{name}: a leaf that requires a gradient cannot be changed in place; use no_grad()")
        if self._base is not None and (gains_history or self._requires_grad or self._base[0]._requires_grad):
            raise RuntimeError(
                f"{name}: a view of a tensor in the graph cannot be changed in place; write to the tensor itself: "
                "y[i] = y[i] + v in place of y[i] += v, x[0, 1] = v in place of x[0][1] = v"
            )

    def _become(self, result, name):
        """Take over numbers and history of a result of the same shape: what every in-place operation does."""
        self._check_writable(name, result._requires_grad)
        if result.array.shape != self.array.shape:
            raise RuntimeError(f"{name}: a result of shape {result.array.shape} does not fit shape {self.array.shape}")
        if dtypes.category(result.array.dtype) > dtypes.category(self.array.dtype):
            raise RuntimeError(f"{name}: a result of {result.array.dtype} does not fit a tensor of {self.array.dtype}")
        if result._requires_grad:
            result._edge[0]._keep_copy(self.array)
        self.array[...] = result.array
        self._counter[0] += 1
        if result._requires_grad:
            result = result.to(self.array.dtype)
            self._edge, self._requires_grad = result._edge, True
        elif mode.grad:
            self._edge, self._requires_grad = None, False
        for watcher in mode.watchers:
            watcher(None, (result,), [self], {})
        return self

    def __deepcopy__(self, memo):
        if self._edge is not None:
            raise RuntimeError("deepcopy: only leaves can be copied; use clone() or detach()")
        result = type(self).__new__(type(self))
        result.__dict__.update(self.__dict__)
        result.array, result._counter, result._base, result._hooks = self.array.copy(), [0], None, None
        result.grad = copy.deepcopy(self.grad, memo)
        memo[id(self)] = result
        return result

    def __reduce_ex__(self, protocol):
        raise TypeError("tensors are not pickled; use minitorch.save and minitorch.load, or .numpy()")


def _retained(tensor):
    """The tensor itself where its node is to hand it its gradient."""
    node, i = tensor._edge or (None, 0)
    reference = (node._retained or {}).get(i) if node is not None else None
    return None if reference is None else reference()
