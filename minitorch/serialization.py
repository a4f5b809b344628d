"""Files of tensors: `save` and `load`, in the safetensors format (https://github.com/huggingface/safetensors).

A safetensors file is a JSON header, which names the tensors, and their bytes. Reading one runs no code, unlike
unpickling. Of a nested state the tensors become entries with path-like names, and everything else a JSON text in the
header's metadata, beside a checksum of the whole file. Any program that reads safetensors can read the tensors, and
`load` reads any such file: one of another program has neither entry, and no checksum is asked of it. A file of `save`
has both, so that one damaged byte cannot make it pass for a foreign one: where one of the entries has lost its name,
the other tells. Only damage to both names at once would go unseen.
"""

import collections
import contextlib
import json
import math
import os
import secrets
import zlib

import numpy as np
import safetensors
import safetensors.numpy

from minitorch import dtype as dtypes
from minitorch.autograd import Variable
from minitorch.device import device as Device
from minitorch.device import to_device, to_numpy
from minitorch.tensor import Tensor

_STRUCTURE = "minitorch.structure"  # the metadata entry that holds everything but the tensors
_CHECKSUM = "minitorch.checksum"  # the one that holds the CRC-32 of the file in which it is itself zeros
_NO_CHECKSUM = "0" * 8
_DEEPEST = 100
_LARGEST_HEADER = 100_000_000  # bytes, the limit of the safetensors library
_DTYPES = {"F16", "F32", "F64", "I8", "I16", "I32", "I64", "U8", "BOOL"}
_OTHER_FILES = (
    (b"PK\x03\x04", "looks like a PyTorch file (.pt, .pth): a zip archive with a pickle in it, which could run code"),
    (b"\x80\x02", "looks like a pickle (an old PyTorch .pt or .pth file), which could run code"),
    (b"\x80\x03", "looks like a pickle, which could run code"),
    (b"\x80\x04", "looks like a pickle, which could run code"),
    (b"\x80\x05", "looks like a pickle, which could run code"),
    (b"\x93NUMPY", "looks like a NumPy file; use numpy.load"),
    (b"\x1f\x8b", "looks like a gzip archive; unpack it first"),
    (b"<", "looks like a web page; did a download fail?"),
    (b"version https://git-lfs", "is a Git LFS pointer, not the file itself; run git lfs pull"),
)
_CONVERT = "; load it in PyTorch and write its state_dict with safetensors.torch.save_file"


def save(state, path, metadata=None, previous=None):
    """Write a state to a file, all of it or nothing: an older file at that place stays until the new one is complete.

    Args:
        state: a dictionary of tensors or NumPy arrays, such as ``model.state_dict()``; or a nested one, of
            dictionaries (keys: strings or integers), lists, tuples (they come back as lists), tensors, arrays,
            numbers, strings, booleans and None, such as
            ``{"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}``.
        path: where to write; by custom the name ends in ``.safetensors``.
        metadata: string -> string, for notes; `load_metadata` reads them.
        previous: a second name in the same folder, under which the older file stays; none is kept unless given.

    Raises:
        TypeError, ValueError: something that cannot be stored; the message names its place in the state.
        OSError: the folder is missing or not writable, the disk is full, ...; no half-written file is left.
    """
    if not isinstance(state, collections.abc.Mapping):
        raise TypeError(f"save: state must be a dictionary, got {type(state).__name__}{_state_hint(state)}")
    for key, value in (metadata or {}).items():
        if not isinstance(key, str) or not isinstance(value, str) or key in (_STRUCTURE, _CHECKSUM):
            raise ValueError(f"save: metadata must map strings to strings, got {key!r}: {value!r}")
    arrays = {}
    structure = json.dumps(_pack(state, (), arrays))
    try:
        data = safetensors.numpy.save(arrays, {**(metadata or {}), _STRUCTURE: structure, _CHECKSUM: _NO_CHECKSUM})
    except (safetensors.SafetensorError, UnicodeError) as error:
        raise ValueError(f"save: the state cannot be stored as safetensors ({error})") from error
    place = _checksum_place(data)
    data = b"".join([data[:place], _digits(zlib.crc32(data)), data[place + len(_NO_CHECKSUM) :]])
    write_atomically(path, data, previous)


def load(path, device=None):
    """Read a state that `save` wrote, or any other safetensors file, which gives a flat dictionary of tensors.

    Args:
        path: the file.
        device: where to put the tensors, the CPU unless given.

    Raises:
        ValueError: the file is cut short, damaged or of another kind; the message says which. Pickles, such as
            PyTorch's .pt and .pth files, are never read.
        OSError: there is no such file, or it cannot be read.
    """
    where = Device("cpu" if device is None else device)
    with _opened(path) as file:
        metadata = file.metadata() or {}
        _check_sum(path, metadata)
        tensors = {name: Tensor(to_device(_read(file, name, path), where)) for name in file.keys()}  # noqa: SIM118
    if _STRUCTURE not in metadata:
        return tensors
    used = set()
    try:
        state = _unpack(json.loads(metadata[_STRUCTURE]), tensors, used)
        if not isinstance(state, dict) or used != tensors.keys():
            raise ValueError("tensors are missing from it")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"load: the record of the structure in {path} is damaged ({error})") from error
    return state


def load_metadata(path):
    """The notes that were given to `save`, or those of any other safetensors file. Raises as `load`."""
    with _opened(path) as file:
        metadata = dict(file.metadata() or {})
        _check_sum(path, metadata)
    return {key: value for key, value in metadata.items() if key not in (_STRUCTURE, _CHECKSUM)}


# A state as JSON with tensors aside, and back. Dictionaries, tensors and odd floats become objects of one key.


def _pack(value, path, arrays):
    """The JSON form of a value; its tensors go to `arrays` under names made of the path."""
    place = "/".join(str(key) for key in path)
    if len(path) > _DEEPEST:
        raise ValueError(f"save: the state is nested more than {_DEEPEST} deep, or holds itself, at {place[:80]!r}...")
    if isinstance(value, (Variable, np.ndarray)):
        name = place
        while name in arrays or name == "__metadata__":
            name += "'"
        arrays[name] = _storable(value, place)
        return {"tensor": name}
    if isinstance(value, collections.abc.Mapping):
        for key in value:
            if isinstance(key, bool) or not isinstance(key, (str, int)):
                raise TypeError(f"save: keys must be strings or integers, got {key!r} in {place or 'the state'!r}")
        packed = [(key, _pack(item, (*path, key), arrays)) for key, item in value.items()]
        if all(isinstance(key, str) for key in value):
            return {"dict": dict(packed)}
        return {"pairs": packed}
    if isinstance(value, (list, tuple)):
        return [_pack(item, (*path, i), arrays) for i, item in enumerate(value)]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"save: cannot store {type(value).__name__} at {place!r}{_state_hint(value)}")


def _storable(value, place):
    array = to_numpy(value.array) if isinstance(value, Variable) else value
    if array.dtype not in dtypes.ALL:
        names = ", ".join(d.name for d in dtypes.ALL)
        raise TypeError(f"save: cannot store an array of {array.dtype} at {place!r}; the engine has {names}")
    return np.asarray(array, order="C")


def _state_hint(value):
    for method in ("state_dict", "get_state"):
        if hasattr(value, method):
            return f"; pass its {method}()"
    return ""


def _unpack(value, tensors, used):
    """The value of a JSON form."""
    if isinstance(value, list):
        return [_unpack(item, tensors, used) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "tensor":
        used.add(content)
        return tensors[content]
    if kind == "float":
        return float(content)
    if kind == "dict":
        return {key: _unpack(item, tensors, used) for key, item in content.items()}
    if kind == "pairs":
        return {key: _unpack(item, tensors, used) for key, item in content}
    raise ValueError(f"unknown entry {kind!r}")


# Files.


@contextlib.contextmanager
def _opened(path):
    """The file, opened by the safetensors library; raises ValueError that says what is wrong with it."""
    path = os.fsdecode(path)
    with open(path, "rb") as raw:  # for Python's own errors where there is no such file
        head, size = raw.read(32), os.fstat(raw.fileno()).st_size
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            yield file
    except safetensors.SafetensorError as error:
        raise ValueError(f"load: {path} {_diagnosis(path, head, size, error)}") from error


def _diagnosis(path, head, size, error):
    for start, text in _OTHER_FILES:
        if head.startswith(start):
            return text + (_CONVERT if "pickle" in text else "")
    header = int.from_bytes(head[:8], "little")
    if size < 8:
        return f"is no safetensors file: it has only {size} bytes"
    if header > _LARGEST_HEADER:
        return f"is no safetensors file, or damaged: it claims a header of {header} bytes"
    if header > size - 8:
        return f"is cut short: its header alone should have {header} bytes, the whole file has {size}"
    expected = _size_by_header(path, header)
    if expected not in (size, None):
        return f"is {'cut short' if size < expected else 'damaged'}: it should have {expected} bytes, and has {size}"
    return f"is no safetensors file, or damaged: {error}"


def _size_by_header(path, header):
    """How many bytes a file should have by its own header; None where that says nothing."""
    try:
        with open(path, "rb") as raw:
            entries = json.loads(raw.read(8 + header)[8:])
        ends = [int(entry["data_offsets"][1]) for name, entry in entries.items() if name != "__metadata__"]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
    return 8 + header + max(ends, default=0)


def _read(file, name, path):
    """One tensor of an open file, as an array with memory of its own."""
    kind = file.get_slice(name).get_dtype()
    if kind not in _DTYPES:
        raise ValueError(f"load: {name!r} in {path} is of type {kind}, which the engine does not have; convert to F32")
    try:
        return np.array(file.get_tensor(name))
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"load: {name!r} in {path} is damaged ({error})") from error


def _checksum_place(head):
    """Where the digits of the checksum stand in a file that begins so; -1 where there are none."""
    mark = f'"{_CHECKSUM}":"'.encode()  # inside another entry the quotation marks would be escaped
    place = head.find(mark, 0, 8 + int.from_bytes(head[:8], "little"))
    return place if place < 0 else place + len(mark)


def _digits(checksum):
    return f"{checksum:08x}".encode()


def _check_sum(path, metadata):
    """Raise ValueError where a file of `save` holds other bytes than were written."""
    if _CHECKSUM not in metadata:
        if _STRUCTURE in metadata:
            raise ValueError(f"load: {path} is damaged: it was written with a checksum, which is missing")
        return
    with open(path, "rb") as raw:
        head = raw.read(8)
        head += raw.read(int.from_bytes(head, "little"))
        place = _checksum_place(head)
        end = place + len(_NO_CHECKSUM)
        checksum = zlib.crc32(head[:place] + _NO_CHECKSUM.encode() + head[end:])
        while chunk := raw.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    if place < 0 or head[place:end] != _digits(checksum):
        raise ValueError(f"load: {path} is damaged: its checksum does not fit its contents")


def write_atomically(path, data, previous=None):
    """Write bytes to a file in such a way that it is complete or, after any failure, as it was before.

    Args:
        previous: a second name in the same folder, under which the older file stays.

    Raises:
        OSError: names the path; the part that was written is removed.
    """
    target = os.path.realpath(os.fsdecode(path))
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise IsADirectoryError(f"save: {path} is a folder; give the name of a file in it")
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"save: cannot write {path}: there is no folder {folder}; make it first")
    temporary = os.path.join(folder, f"{_temporary_prefix(target)}{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if previous is not None and os.path.exists(target):
            _keep(target, os.fsdecode(previous), f"{temporary[:-4]}-older.tmp")
        os.replace(temporary, target)
    except OSError as error:
        raise OSError(error.errno, f"save: cannot write {path} ({error.strerror})") from error
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)
    with contextlib.suppress(OSError):  # the new name itself, where the system can flush a folder
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _keep(target, previous, temporary):
    """Give a file a second name, in the place of the file that has it now; there is a whole file under each always."""
    try:
        os.link(target, temporary)
    except OSError:  # not every file system has second names
        os.replace(target, previous)
        return
    try:
        os.replace(temporary, previous)
    finally:
        with contextlib.suppress(OSError):  # it stays where both names were of one file already
            os.remove(temporary)


def _temporary_prefix(target):
    return f".minitorch-{os.path.basename(target)[:50]}-"


def remove_leftovers(path):
    """Remove what a killed `write_atomically` to a path has left beside it. No other process may be writing there."""
    target = os.path.realpath(os.fsdecode(path))
    folder, prefix = os.path.dirname(target), _temporary_prefix(target)
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(prefix) and name.endswith(".tmp"):
                os.remove(os.path.join(folder, name))
