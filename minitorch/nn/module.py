"""`Module`: parameters, buffers and other modules under names (see `tree`), and a `forward` that uses them."""

from minitorch import dtype as dtypes
from minitorch.autograd.variable import RemovableHandle
from minitorch.device import device as Device
from minitorch.nn.state import load_state
from minitorch.nn.tree import ModuleTree, type_text
from minitorch.tensor import Tensor


class Module(ModuleTree):
    """The base class of layers and networks.

    Assign parameters and modules to attributes in ``__init__`` (after ``super().__init__()``) and write `forward`::

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(784, 100)
                self.output = nn.Linear(100, 10)

            def forward(self, x):
                return self.output(self.hidden(x).relu())

    Attributes:
        training: True after `train()` (and at first), False after `eval()`; dropout and batch norm depend on it.
    """

    # Keys that a state may lack: files written before such a buffer came into use are still good.
    _may_be_missing = ()

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "training", True)
        object.__setattr__(self, "_forward_hooks", {})
        object.__setattr__(self, "_forward_pre_hooks", {})

    def forward(self, *args, **kwargs):
        """What the module computes; every subclass writes its own. Call the module itself: that runs the hooks."""
        raise NotImplementedError(f"{type(self).__name__} has no forward method; write forward(self, x)")

    def __call__(self, *args, **kwargs):
        if self._forward_hooks or self._forward_pre_hooks:
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    # State.

    def state_dict(self, *, prefix="", keep_vars=False):
        """All parameters and persistent buffers by path, as detached tensors that share the module's memory.

        Args:
            prefix: put in front of every path.
            keep_vars: give the parameters themselves.
        """
        state = {}
        for path, module in self.named_modules(remove_duplicate=False):
            for name, member in module._state():
                key = f"{prefix}{path}.{name}" if path else f"{prefix}{name}"
                state[key] = member if keep_vars else member.detach()
        return state

    def _state(self):
        """(name, tensor) of this module's own parameters and persistent buffers."""
        for name, member in (*self._parameters.items(), *self._buffers.items()):
            if member is not None and name not in self._non_persistent:
                yield name, member

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Take over the values of a state that `state_dict` gave, or do nothing and raise.

        Args:
            state_dict: path -> tensor or NumPy array; values are converted to the module's dtypes and devices.
            strict: raise for missing and unexpected keys; shapes must always fit.
            assign: make the given tensors the module's own in place of copying, with their dtypes and devices.

        Returns:
            A named tuple (missing_keys, unexpected_keys).

        Raises:
            RuntimeError: lists all missing keys, unexpected keys and wrong shapes.
            TypeError: not a dictionary.
        """
        return load_state(self, state_dict, strict, assign)

    # Changes to the whole tree.

    def train(self, mode=True):
        """Set `training` here and below, where a module may override `train`. Returns the module."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: mode must be True or False, got {mode!r}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """Set `training` to False here and below: dropout off, batch norm by its running statistics."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Set whether the parameters get gradients; False freezes them. Returns the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Clear the gradients of all parameters: None, or zeros with set_to_none=False."""
        clear_gradients(self.parameters(), set_to_none)

    def apply(self, fn):
        """Call ``fn(module)`` for every module below and then for this one, e.g. to initialise. Returns the module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _convert(self, function):
        for module in self.modules():
            for parameter in module._parameters.values():
                if parameter is not None:
                    parameter.data = function(parameter.detach())  # the object stays: optimizers hold it
                    if parameter.grad is not None:
                        parameter.grad = function(parameter.grad.detach())
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = function(buffer)
        return self

    def to(self, *args, device=None, dtype=None):
        """Move or convert in place: ``to(device)``, ``to(dtype)``, ``to(device, dtype)``, ``to(tensor)``.

        A dtype must be floating point and reaches the floating-point parameters and buffers alone.

        Returns:
            The module itself.

        Raises:
            TypeError: a dtype that is not floating point.
            RuntimeError: there is no such device.
        """
        for given in args:
            if isinstance(given, Tensor):
                device, dtype = given.device, given.dtype
            elif isinstance(given, (str, Device)):
                device = given
            elif not isinstance(given, bool):  # a bool is non_blocking
                dtype = given
        dtype = None if dtype is None else dtypes.check(dtype)
        if dtype is not None and dtype.kind != "f":
            raise TypeError(f"to: the dtype of a module must be floating point, got {dtype}")
        return self._convert(lambda x: x.to(device=device, dtype=dtype if x.is_floating_point() else None))

    def cpu(self):
        """Move to host memory. Returns the module."""
        return self.to("cpu")

    def cuda(self, device=None):
        """Move to a GPU, the current one unless given. Returns the module."""
        return self.to(Device("cuda", device) if isinstance(device, int) else device or "cuda")

    def float(self):
        """Convert to float32. Returns the module."""
        return self.to(dtypes.float32)

    def double(self):
        """Convert to float64. Returns the module."""
        return self.to(dtypes.float64)

    def half(self):
        """Convert to float16. Returns the module."""
        return self.to(dtypes.float16)

    # Hooks.

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Call ``hook(module, args)`` before every forward; what it returns, if not None, takes the place of args.

        Args:
            prepend: run before the hooks there are.
            with_kwargs: call ``hook(module, args, kwargs)``, which returns None or (args, kwargs).

        Returns:
            A handle; its `remove()` takes the hook off.
        """
        return _add_hook(self._forward_pre_hooks, hook, prepend, with_kwargs)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Call ``hook(module, args, output)`` after every forward; what it returns, if not None, is the new output.

        Args:
            prepend: run before the hooks there are.
            with_kwargs: call ``hook(module, args, kwargs, output)``.

        Returns:
            A handle; its `remove()` takes the hook off.
        """
        return _add_hook(self._forward_hooks, hook, prepend, with_kwargs)

    def _call_with_hooks(self, args, kwargs):
        for hook, with_kwargs in tuple(self._forward_pre_hooks.values()):
            changed = hook(self, args, kwargs) if with_kwargs else hook(self, args)
            if changed is None:
                continue
            if not with_kwargs:
                args = changed if isinstance(changed, tuple) else (changed,)
            elif isinstance(changed, tuple) and len(changed) == 2:
                args, kwargs = changed
            else:
                raise RuntimeError(f"forward pre hook: expected None or (args, kwargs), got {type_text(changed)}")
        output = self.forward(*args, **kwargs)
        for hook, with_kwargs in tuple(self._forward_hooks.values()):
            changed = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
            output = output if changed is None else changed
        return output

    # Text.

    def extra_repr(self):
        """The module's own part of the text: its arguments."""
        return ""

    def _child_texts(self):
        return [f"({name}): {module!r}" for name, module in self._modules.items()]

    def __repr__(self):
        extra, children = self.extra_repr(), self._child_texts()
        if not children and "\n" not in extra:
            return f"{type(self).__name__}({extra})"
        lines = (extra.split("\n") if extra else []) + children
        return "\n  ".join([f"{type(self).__name__}(", *(line.replace("\n", "\n  ") for line in lines)]) + "\n)"


def clear_gradients(parameters, set_to_none):
    """Set the gradients of parameters to None or to zero."""
    for parameter in parameters:
        if set_to_none:
            parameter.grad = None
        elif parameter.grad is not None:
            parameter.grad = parameter.grad.detach()
            parameter.grad.array[...] = 0
            parameter.grad._counter[0] += 1


def _add_hook(hooks, hook, prepend, with_kwargs):
    if not callable(hook):
        raise TypeError(f"hook: expected a function, got {type(hook).__name__}")
    handle = RemovableHandle(hooks, (hook, with_kwargs))
    if prepend:
        later = [(key, hooks.pop(key)) for key in list(hooks) if key is not handle.key]
        hooks.update(later)
    return handle
