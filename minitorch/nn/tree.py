"""What a module is made of: parameters, buffers and other modules under names, and the walks through them."""

from minitorch.nn.parameter import Parameter
from minitorch.tensor import Tensor

_NO_INIT = "call super().__init__() first, at the top of the __init__ of {}"
_KINDS = {"_parameters": "Parameter", "_modules": "Module", "_buffers": "Tensor"}


class ModuleTree:
    """The names of a `Module`; what is assigned to an attribute is sorted into tables by its kind."""

    def __init__(self):
        for table in ("_parameters", "_buffers", "_modules"):
            object.__setattr__(self, table, {})
        object.__setattr__(self, "_non_persistent", set())

    def __setattr__(self, name, value):
        own = self.__dict__
        if isinstance(value, (Parameter, ModuleTree)):
            if "_parameters" not in own:
                raise AttributeError(f"{name}: cannot be assigned yet; " + _NO_INIT.format(type(self).__name__))
            table = own["_parameters" if isinstance(value, Parameter) else "_modules"]
            if name not in table:
                self._check_name(name, table, type(self))
                self._forget(name)
            table[name] = value
            return
        for table, kind in (("_parameters", Parameter), ("_modules", ModuleTree), ("_buffers", Tensor)):
            if name in own.get(table, ()):
                if value is not None and not isinstance(value, kind):
                    raise TypeError(
                        f"{type(self).__name__}: {name!r} is a {_KINDS[table]}, cannot assign a "
                        f"{type(value).__name__} to it" + ("; wrap it in nn.Parameter" if kind is Parameter else "")
                    )
                own[table][name] = value
                return
        object.__setattr__(self, name, value)

    def __getattr__(self, name):  # called only where the usual way finds nothing
        own = self.__dict__
        for table in ("_parameters", "_buffers", "_modules"):
            if name in own.get(table, ()):
                return own[table][name]
        hint = "" if "_parameters" in own else "; " + _NO_INIT.format(type(self).__name__)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def __delattr__(self, name):
        if not self._forget(name):
            object.__delattr__(self, name)

    def __dir__(self):
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})

    def _forget(self, name):
        """Take a name out of wherever it is; False if it is nowhere."""
        own, found = self.__dict__, False
        for table in (own, own["_parameters"], own["_buffers"], own["_modules"]):
            if name in table:
                del table[name]
                found = True
        own["_non_persistent"].discard(name)
        return found

    def _check_name(self, name, table, holder):
        """Raise unless the name is free for the table: new to `holder`, the module or its class."""
        owner = type(self).__name__
        if not isinstance(name, str):
            raise TypeError(f"{owner}: a name must be a string, got {type(name).__name__}")
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"{name}: cannot be registered yet; " + _NO_INIT.format(owner))
        if not name or "." in name:
            raise KeyError(f"{owner}: a name must not be empty or hold a dot, got {name!r}")
        if name not in table and hasattr(holder, name):
            raise KeyError(f"{owner}: attribute {name!r} exists already")

    def register_parameter(self, name, param):
        """Add a parameter under a name; None keeps the name for one that may come.

        Raises:
            TypeError: not a Parameter.
            KeyError: a name that is empty, holds a dot or is taken.
        """
        self._check_name(name, self.__dict__.get("_parameters", ()), self)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"register_parameter: {name!r} must be an nn.Parameter or None, got {type(param).__name__}")
        self._parameters[name] = param

    def register_buffer(self, name, tensor, persistent=True):
        """Add a tensor that belongs to the state but is not trained, such as a running mean.

        Args:
            persistent: whether `state_dict` holds it.

        Raises:
            TypeError: not a tensor.
            KeyError: a name that is empty, holds a dot or is taken.
        """
        self._check_name(name, self.__dict__.get("_buffers", ()), self)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"register_buffer: {name!r} must be a tensor or None, got {type(tensor).__name__}")
        self._buffers[name] = tensor
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

    def add_module(self, name, module):
        """Add a module under a name. Raises as `register_parameter`."""
        self._check_name(name, self.__dict__.get("_modules", ()), self)
        if module is not None and not isinstance(module, ModuleTree):
            raise TypeError(f"add_module: {name!r} must be an nn.Module or None, got {type_text(module)}")
        self._modules[name] = module

    register_module = add_module

    # Walks through the tree.

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """Yield (path, module) of this module (path ``""``) and of all below it, parents first."""
        memo = set() if memo is None else memo
        if id(self) in memo:
            return
        if remove_duplicate:
            memo.add(id(self))
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self):
        """Yield this module and all below it, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self):
        """Yield (name, module) of the modules right below this one, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self):
        """Yield the modules right below this one, each once."""
        for _, module in self.named_children():
            yield module

    def _named_members(self, table, prefix, recurse, remove_duplicate):
        seen = set()
        walk = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in walk:
            for name, member in module.__dict__[table].items():
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield f"{path}.{name}" if path else name, member

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """Yield (path, parameter), in the order of assignment; a shared parameter comes once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse=True):
        """Yield the parameters, for an optimizer; a shared parameter comes once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """Yield (path, buffer), in the order of registration."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """Yield the buffers."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target):
        """The module at a path such as ``"features.0"``; ``""`` is this one. Raises AttributeError if there is none."""
        module = self
        for name in target.split(".") if target else ():
            found = module._modules.get(name)
            if found is None:
                raise AttributeError(f"get_submodule: {type(module).__name__} has no module {name!r} (path {target!r})")
            module = found
        return module

    def _member(self, table, target):
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if module.__dict__[table].get(name) is None:
            kind = table[1:-1]
            raise AttributeError(f"get_{kind}: {type(module).__name__} has no {kind} {name!r} (path {target!r})")
        return module.__dict__[table][name]

    def get_parameter(self, target):
        """The parameter at a path such as ``"features.0.weight"``. Raises AttributeError if there is none."""
        return self._member("_parameters", target)

    def get_buffer(self, target):
        """The buffer at a path such as ``"norm.running_mean"``. Raises AttributeError if there is none."""
        return self._member("_buffers", target)


def type_text(value):
    """The name of a value's type for an error message; of a class, with the slip that this is."""
    hint = " (the class itself; make an instance with parentheses)" if isinstance(value, type) else ""
    return (value.__name__ if isinstance(value, type) else type(value).__name__) + hint
