"""Modules that hold parameters under numbers or names; what is no tensor may stand among them and is only kept."""

import operator

from minitorch.nn.containers import named_pairs
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.tensor import Tensor


def _as_parameter(value):
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _text(key, value):
    if not isinstance(value, Tensor):
        return f"  ({key}): Object of type: {type(value).__name__}"
    size = "x".join(str(n) for n in value.shape)
    place = f" ({value.device})" if value.is_cuda else ""
    return f"  ({key}): Parameter containing: [{value.dtype} of size {size}{place}]"


class ParameterList(Module):
    """A list of parameters that count as the module's; tensors become parameters. It has no forward.

    Args:
        values: tensors, parameters or other objects.
    """

    def __init__(self, values=None):
        super().__init__()
        self._length = 0
        self.extend(() if values is None else values)

    def _name(self, index):
        index = operator.index(index)
        if not -self._length <= index < self._length:
            raise IndexError(f"ParameterList: index {index} is out of range for {self._length} values")
        return str(index % self._length)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index, value):
        setattr(self, self._name(index), _as_parameter(value))

    def __len__(self):
        return self._length

    def __iter__(self):
        return iter([self[i] for i in range(self._length)])

    def __iadd__(self, values):
        return self.extend(values)

    def __dir__(self):
        return [name for name in super().__dir__() if not name.isdigit()]

    def append(self, value):
        """Add a value at the end. Returns the list."""
        setattr(self, str(self._length), _as_parameter(value))
        self._length += 1
        return self

    def extend(self, values):
        """Add values at the end. Returns the list. Raises TypeError for a single tensor."""
        if isinstance(values, Tensor) or not hasattr(values, "__iter__"):
            raise TypeError(f"extend: expected a sequence of values, got {type(values).__name__}; use append for one")
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self):
        return "\n".join(_text(i, value) for i, value in enumerate(self))


class ParameterDict(Module):
    """A dictionary of parameters that count as the module's; tensors become parameters. It has no forward.

    Args:
        parameters: a mapping of names to values, or pairs of them; a plain dictionary is taken in the order of its
            sorted names.
    """

    def __init__(self, parameters=None):
        super().__init__()
        self._names = {}  # in the order in which they came
        if parameters is not None:
            self.update(parameters)

    def _check(self, key):
        if not isinstance(key, str):
            raise TypeError(f"ParameterDict: a name must be a string, got {type(key).__name__}")
        if key not in self._names:
            raise KeyError(key)

    def __getitem__(self, key):
        self._check(key)
        return getattr(self, key)

    def __setitem__(self, key, value):
        if not isinstance(key, str):
            raise TypeError(f"ParameterDict: a name must be a string, got {type(key).__name__}")
        if key not in self._names and hasattr(self, key):
            raise KeyError(f"ParameterDict: {key!r} is an attribute of the container and cannot be a name in it")
        setattr(self, key, _as_parameter(value))
        self._names[key] = None

    def __delitem__(self, key):
        self._check(key)
        delattr(self, key)
        del self._names[key]

    def __len__(self):
        return len(self._names)

    def __iter__(self):
        return iter(self._names)

    def __reversed__(self):
        return reversed(self._names)

    def __contains__(self, key):
        return key in self._names

    def copy(self):
        """Another container of the same parameters."""
        return type(self)(list(self.items()))

    def clear(self):
        """Take everything out."""
        for key in list(self._names):
            del self[key]

    def pop(self, key):
        """Take a value out and return it. Raises KeyError if there is none."""
        value = self[key]
        del self[key]
        return value

    def popitem(self):
        """Take out and return the last (name, value). Raises KeyError if there is none."""
        if not self._names:
            raise KeyError("popitem: the ParameterDict is empty")
        key = next(reversed(self._names))
        return key, self.pop(key)

    def get(self, key, default=None):
        """The value of a name, or the default."""
        if key not in self:
            return default
        return self[key]

    def setdefault(self, key, default=None):
        """The value of a name, which first takes the default if it is new."""
        if key not in self:
            self[key] = default
        return self[key]

    def keys(self):
        """The names."""
        return self._names.keys()

    def items(self):
        """(name, value) of each."""
        return [(key, self[key]) for key in self._names]

    def values(self):
        """The values."""
        return [self[key] for key in self._names]

    def update(self, parameters):
        """Add values from a mapping or from (name, value) pairs; the same name is replaced."""
        pairs = named_pairs("update", parameters)
        for key, value in sorted(pairs, key=lambda pair: pair[0]) if type(parameters) is dict else pairs:
            self[key] = value

    def extra_repr(self):
        return "\n".join(_text(key, value) for key, value in self.items())
