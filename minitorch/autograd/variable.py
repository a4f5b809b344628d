"""`Variable`: an array with a place in the graph. `Tensor` adds the operations."""

import copy
import weakref

import numpy as np

from minitorch.autograd.mode import _Switch, mode
from minitorch.device import device_of
from minitorch.memory import is_writable


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
        _base: for a view, (the variable that owns the memory, that variable's edge when the view was made or last
            renewed, the steps from it to the view as `steps_of` reads them).
        _untracked: for a view taken under `no_grad`, the number of writes at that time.
    """

    _grad = None
    _requires_grad = False
    _edge = None
    _base = None
    _untracked = None
    _hooks = None

    @property
    def grad(self):
        """The accumulated gradient; settable to a tensor of the same shape, dtype and device, or to None."""
        return self._grad

    @grad.setter
    def grad(self, gradient):
        if gradient is not None:
            if not isinstance(gradient, Variable):
                raise TypeError(f"grad: expected a tensor or None, got {type(gradient).__name__}")
            if gradient is self:
                raise RuntimeError("grad: a tensor cannot be its own gradient")
            ours, given = self.array, gradient.array
            if given.shape != ours.shape or given.dtype != ours.dtype or type(given) is not type(ours):
                raise RuntimeError(
                    f"grad: a tensor of shape {ours.shape}, {ours.dtype}, on {device_of(ours)} cannot have a gradient "
                    f"of shape {given.shape}, {given.dtype}, on {device_of(given)}"
                )
        self._grad = gradient

    @grad.deleter
    def grad(self):
        self._grad = None

    @property
    def requires_grad(self):
        """Whether backward reaches this tensor; settable on leaves of floating point.

        As in PyTorch a view taken under `no_grad` says what the tensor says that it shows, though it is a constant.
        """
        if self._untracked is not None:
            return self._requires_grad or self._base[0]._requires_grad
        return self._requires_grad if self._base is None else self._renew()

    @requires_grad.setter
    def requires_grad(self, value):
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"requires_grad: expected True or False, got {value!r}")
        if value and self.array.dtype.kind != "f":
            raise RuntimeError(f"requires_grad: only floating-point tensors have gradients, this is {self.array.dtype}")
        if self._edge is not None and not value:
            raise RuntimeError("requires_grad: can be cleared only on a leaf; use detach()")
        self._requires_grad = bool(value)

    def _edge_to(self):
        """What a node keeps of this input: the edge to its node, itself if a leaf that wants a gradient, or None."""
        if self._base is not None:
            self._renew()
        return self._edge or (self if self._requires_grad else None)

    def _renew(self):
        """Take a view's place behind the last write to its memory. Returns whether it requires a gradient."""
        owner, edge, steps = self._base
        if owner._base is not None:  # its shape was changed in place: it has become a view of what it was, as this is
            owner = owner._base[0]
            self._base = (owner, edge, steps)
        if self._untracked is not None:
            if owner._requires_grad and self._counter[0] != self._untracked:
                raise RuntimeError(
                    f"a view of shape {self.array.shape} was taken under no_grad(), and the memory that it shows was "
                    "written since: whether that counts is not clear; take the view again"
                )
        elif owner._edge is not edge:
            view = owner
            with _Switch(grad=True):
                for function, params in steps_of(steps):
                    view = function.apply(view, **params)
            self._base = (owner, owner._edge, steps)
            self._move(view)
        return self._requires_grad

    def _move(self, other):
        """Take another tensor's place in the graph; `retain_grad` moves along."""
        retained = self.retains_grad
        if retained:
            node, i = self._edge
            node._retained = {k: reference for k, reference in node._retained.items() if k != i}
        self._edge, self._requires_grad = other._edge, other._requires_grad
        if retained and self._requires_grad:
            self.retain_grad()

    @property
    def grad_fn(self):
        """The node that it came from; None for a leaf."""
        if self._base is not None:
            self._renew()
        return None if self._edge is None else self._edge[0]

    @property
    def is_leaf(self):
        """Whether no recorded operation made it."""
        return self.grad_fn is None

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
        """Take this tensor itself out of the graph. Raises RuntimeError for a view: use detach()."""
        if self._base is not None:
            raise RuntimeError("detach_: a view cannot leave the graph without its memory; use detach()")
        self._edge, self._requires_grad = None, False
        return self

    @property
    def data(self):
        """The same memory outside of the graph, with writes uncounted; better use `detach` or `no_grad`.

        Settable to any tensor, of whichever shape, floating-point type and device: its memory is shared from then on.
        Raises TypeError for what is no tensor, RuntimeError for integers where a gradient is required.
        """
        return self._wrap(self.array.view())

    @data.setter
    def data(self, other):
        if not isinstance(other, Variable):
            raise TypeError(f"data: expected a tensor, got {type(other).__name__}")
        if self.requires_grad and other.array.dtype.kind != "f":
            raise RuntimeError(
                f"data: a tensor that requires a gradient must stay floating point, got {other.array.dtype}"
            )
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

        Raises:
            TypeError: the hook is no function. RuntimeError: the tensor requires no gradient. In backward both, where
            what the hook returns is no tensor of the gradient's shape and type.
        """
        if not callable(hook):
            raise TypeError(f"register_hook: expected a function, got {type(hook).__name__}")
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

    def _check_writable(self, name, place=None, tracked=False):
        """Raise RuntimeError where nothing may be written.

        Args:
            place: the part of the array that is to be written, all of it unless given.
            tracked: whether what is to be written requires a gradient.
        """
        if not is_writable(self.array if place is None else place):
            raise RuntimeError(f"{name}: the memory is shared among elements (expand) or read-only; clone() first")
        self._check_place(name, tracked)

    def _check_place(self, name, tracked=False):
        """Raise RuntimeError where the tensor's place in the graph forbids a change in place."""
        if not mode.grad:
            return
        if self._base is not None:
            self._renew()
        for x in (self,) if self._base is None else (self, self._base[0]):
            if x._edge is None and x._requires_grad:
                leaf = "a leaf" if x is self else "a view of a leaf"
                raise RuntimeError(f"{name}: {leaf} that requires a gradient cannot be changed in place; use no_grad()")
        if self._untracked is not None and (self._base[0]._requires_grad or tracked):
            raise RuntimeError(f"{name}: this view was taken under no_grad(); take it again, or write under no_grad()")

    def __copy__(self):
        """The same memory, the same place in the graph; a leaf's copy is a leaf with a gradient of its own."""
        result = type(self).__new__(type(self))
        result.__dict__.update(self.__dict__)
        result.array, result._grad, result._hooks = self.array.view(), None, None
        return result

    def __deepcopy__(self, memo):
        if self._edge is not None:
            raise RuntimeError("deepcopy: only leaves can be copied; use clone() or detach()")
        result = type(self).__new__(type(self))
        result.__dict__.update(self.__dict__)
        result.array, result._counter, result._base, result._hooks = self.array.copy(), [0], None, None
        result._grad = copy.deepcopy(self.grad, memo)
        memo[id(self)] = result
        return result

    def __reduce_ex__(self, protocol):
        raise TypeError("tensors are not pickled; use minitorch.save and minitorch.load, or .numpy()")


def steps_of(steps):
    """The operations that lead from the owner of the memory to a view, as (Function, parameters), the first first.

    Args:
        steps: (steps before the last, its Function, its parameters), or None for the owner itself.
    """
    found = []
    while steps is not None:
        steps, function, params = steps
        found.append((function, params))
    return found[::-1]


def _retained(tensor):
    """The tensor itself where its node is to hand it its gradient."""
    node, i = tensor._edge or (None, 0)
    reference = (node._retained or {}).get(i) if node is not None else None
    return None if reference is None else reference()
