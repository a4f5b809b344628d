"""Modules that hold modules."""

import itertools
import operator

from minitorch.nn.fusion import apply_layers
from minitorch.nn.module import Module


class _Indexed(Module):
    """What `Sequential` and `ModuleList` share: places by number and by slice."""

    def _key(self, index):
        """The name of the module at a place."""
        index, n = operator.index(index), len(self)
        if not -n <= index < n:
            raise IndexError(f"{type(self).__name__}: index {index} is out of range for {n} modules")
        return list(self._modules)[index]

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __dir__(self):
        return [name for name in super().__dir__() if not name.isdigit()]

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self._part(list(self._modules.items())[index])
        return self._modules[self._key(index)]

    def __setitem__(self, index, module):
        self.add_module(self._key(index), module)

    def __delitem__(self, index):
        keys = list(self._modules)[index] if isinstance(index, slice) else [self._key(index)]
        for key in keys:
            del self._modules[key]
        self._renumber(list(self._modules.items()))

    def _renumber(self, items):
        """Put the modules in this order; names that are numbers count anew, others stay."""
        self._modules.clear()
        for i, (name, module) in enumerate(items):
            self._modules[str(i) if name.isdigit() else name] = module

    def append(self, module):
        """Add a module at the end. Returns the container."""
        number = len(self)
        while str(number) in self._modules:  # a slice keeps the names, which then run ahead
            number += 1
        self.add_module(str(number), module)
        return self

    def extend(self, modules):
        """Add modules at the end. Returns the container."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index, module):
        """Add a module before a place.

        Raises:
            TypeError: not a module.
            IndexError: no such place.
        """
        n = len(self)
        if not isinstance(module, Module):
            raise TypeError(f"insert: expected an nn.Module, got {type(module).__name__}")
        if not -n <= index <= n:
            raise IndexError(f"insert: index {index} is out of range for {n} modules")
        items = list(self._modules.items())
        items.insert(index, ("0", module))
        self._renumber(items)
        return self

    def pop(self, key):
        """Take a module out and return it."""
        module = self[key]
        del self[key]
        return module


class Sequential(_Indexed):
    """Modules one after the other: the output of each is the input of the next.

    Args:
        args: modules, named "0", "1", ...; or one dictionary of name -> module.
    """

    def __init__(self, *args):
        super().__init__()
        if len(args) == 1 and isinstance(args[0], dict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            hint = "; unpack it: Sequential(*layers)" if args and isinstance(args[0], (list, tuple)) else ""
            for i, module in enumerate(args):
                if not isinstance(module, Module) and hint:
                    raise TypeError(f"Sequential: argument {i} must be an nn.Module, got {type(module).__name__}{hint}")
                self.add_module(str(i), module)

    def forward(self, input):
        return apply_layers(input, *self)

    def _part(self, items):
        return type(self)(dict(items))


class ModuleList(_Indexed):
    """A list of modules whose parameters count, unlike those in a plain Python list. It has no forward."""

    def __init__(self, modules=None):
        super().__init__()
        self.extend(() if modules is None else modules)

    def _part(self, items):
        return type(self)(module for _, module in items)

    def __iadd__(self, modules):
        return self.extend(modules)

    def _child_texts(self):
        """Equal neighbours as one line, ``(0-2): 3 x Linear(...)``."""
        texts, first = [], 0
        for text, group in itertools.groupby(repr(module) for module in self):
            n = len(list(group))
            texts.append(f"({first}): {text}" if n == 1 else f"({first}-{first + n - 1}): {n} x {text}")
            first += n
        return texts


class ModuleDict(Module):
    """A dictionary of modules whose parameters count, unlike those in a plain Python dictionary. It has no forward.

    Args:
        modules: a mapping of names to modules, or pairs of them.
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key):
        return self._modules[key]

    def __setitem__(self, key, module):
        self.add_module(key, module)

    def __delitem__(self, key):
        del self._modules[key]

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)

    def __contains__(self, key):
        return key in self._modules

    def clear(self):
        """Take all modules out."""
        self._modules.clear()

    def pop(self, key):
        """Take a module out and return it. Raises KeyError if there is none."""
        return self._modules.pop(key)

    def keys(self):
        """The names."""
        return self._modules.keys()

    def items(self):
        """(name, module) of each."""
        return self._modules.items()

    def values(self):
        """The modules."""
        return self._modules.values()

    def update(self, modules):
        """Add modules from a mapping or from (name, module) pairs; the same name is replaced.

        Raises:
            TypeError: neither of the two.
        """
        for key, module in named_pairs("update", modules):
            self[key] = module


def named_pairs(name, given):
    """The (key, value) pairs of a mapping, of a container with `items`, or of a sequence of pairs."""
    if hasattr(given, "items"):
        return list(given.items())
    try:
        pairs = [tuple(pair) for pair in given]
    except TypeError as error:
        raise TypeError(f"{name}: expected a mapping or (name, value) pairs, got {type(given).__name__}") from error
    for i, pair in enumerate(pairs):
        if len(pair) != 2:
            raise ValueError(f"{name}: element {i} must be a (name, value) pair, got {len(pair)} values")
    return pairs
