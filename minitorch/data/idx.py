"""Reading and writing IDX files, the format of MNIST and its relatives.

A file is a four-byte magic (two zero bytes, the element type, the number of dimensions), one big-endian 32-bit
size for each dimension, and the elements in row-major order, big-endian. It may be compressed with gzip. Source:
the format's description on the MNIST page, http://yann.lecun.com/exdb/mnist/.
"""

import gzip
import math
import os
import struct
import zlib

import numpy as np

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"
DEFLATE_MAX_RATIO = 1032  # no deflate stream grows by more than this (zlib's technical details)
MAX_DIMENSIONS = 32  # what every NumPy can hold


def read_idx(path, dtype=None, ndim=None, max_bytes=2**30):
    """Read an IDX file, compressed with gzip or not (its first bytes tell, not its name).

    Args:
        path: the file.
        dtype, ndim: refuse a file of another element type or number of dimensions.
        max_bytes: refuse a file whose header asks for more.
    Returns:
        A read-only array in the machine's byte order.
    Raises:
        ValueError: the file is not IDX, is truncated, has bytes left over, is a broken gzip stream, or its header
            asks for more than the file can hold. Nothing is allocated on the word of the header alone.
        OSError: the file cannot be opened.
    """
    with open(path, "rb") as raw:
        compressed = raw.read(2) == GZIP_MAGIC
        stored = os.fstat(raw.fileno()).st_size
        raw.seek(0)
        if not compressed:
            return _parse(raw, path, dtype, ndim, stored, max_bytes)
        with gzip.GzipFile(fileobj=raw) as stream:
            try:
                return _parse(stream, path, dtype, ndim, stored * DEFLATE_MAX_RATIO, max_bytes)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise ValueError(f"read_idx: {path}: broken gzip stream ({error}); delete the file and fetch it "
                                 "again") from error


def _parse(stream, path, dtype, ndim, available, max_bytes):
    file_dtype, shape, header = _header(stream, path)
    if ndim is not None and len(shape) != ndim:
        raise ValueError(f"read_idx: {path}: expected {ndim} dimensions, the header gives {len(shape)}: {shape}; "
                         "are the image file and the label file swapped?")
    if dtype is not None and file_dtype.newbyteorder("=") != np.dtype(dtype):
        raise ValueError(f"read_idx: {path}: expected elements of {np.dtype(dtype)}, got "
                         f"{file_dtype.newbyteorder('=')}")
    size = math.prod(shape) * file_dtype.itemsize
    # A zero among the sizes must not let the others pass: NumPy refuses such shapes too, less clearly.
    if math.prod(max(length, 1) for length in shape) * file_dtype.itemsize > max_bytes:
        raise ValueError(f"read_idx: {path}: oversized: the header asks for shape {shape} of {file_dtype.name} "
                         f"elements, more than the limit max_bytes={max_bytes}")
    if header + size > available:
        raise ValueError(f"read_idx: {path}: truncated: the header asks for {size} bytes (shape {shape}), more than "
                         "the file can hold; delete it and fetch it again")
    # One byte more than needed: it shows left-over bytes, brings gzip to its checksum, and stops a gzip bomb.
    data = stream.read(size + 1)
    if len(data) != size:
        state, count = ("truncated", len(data)) if len(data) < size else ("oversized", "more")
        raise ValueError(f"read_idx: {path}: {state}: the header asks for {size} bytes (shape {shape}), the file "
                         f"holds {count}; delete it and fetch it again")
    array = np.frombuffer(data, dtype=file_dtype).reshape(shape).astype(file_dtype.newbyteorder("="), copy=False)
    array.flags.writeable = False
    return array


def _header(stream, path):
    magic = stream.read(4)
    if len(magic) < 4:
        raise ValueError(f"read_idx: {path}: truncated: {len(magic)} bytes, not even the four of the magic")
    zeros, code, ndim = struct.unpack(">HBB", magic)
    if zeros != 0 or code not in TYPES or not 1 <= ndim <= MAX_DIMENSIONS:
        raise ValueError(f"read_idx: {path}: wrong magic {magic.hex(' ')}; an IDX file starts with 00 00, an element "
                         f"type ({', '.join(f'{known:02x}' for known in TYPES)}) and the number of dimensions "
                         "(a web page saved under this name?)")
    sizes = stream.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise ValueError(f"read_idx: {path}: truncated: the header ends before its {ndim} sizes")
    return np.dtype(TYPES[code]), struct.unpack(f">{ndim}I", sizes), 4 + 4 * ndim


def encode_idx(array):
    """The bytes of an IDX file that holds `array` (uint8, int8, int16, int32, float32 or float64; 1 to 32 dims)."""
    array = np.asarray(array)
    codes = {np.dtype(name).newbyteorder("="): code for code, name in TYPES.items()}
    if array.dtype.newbyteorder("=") not in codes or not 1 <= array.ndim <= MAX_DIMENSIONS:
        raise TypeError(f"encode_idx: cannot store {array.dtype} with {array.ndim} dimensions; IDX holds "
                        f"{', '.join(str(dtype) for dtype in codes)} with 1 to {MAX_DIMENSIONS}")
    code = codes[array.dtype.newbyteorder("=")]
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + np.ascontiguousarray(array, dtype=TYPES[code]).tobytes()


def write_idx(path, array):
    """Write `array` as an IDX file, compressed if the name ends in `.gz`: the same bytes each time, with one zlib."""
    content = encode_idx(array)
    if str(path).endswith(".gz"):
        # By hand, because the header that the gzip module writes differs between Python's versions.
        compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        header = GZIP_MAGIC + bytes([8, 0, 0, 0, 0, 0, 2, 255])  # deflate, no name, no time, best, system unknown
        trailer = struct.pack("<II", zlib.crc32(content), len(content) % 2**32)
        content = header + compressor.compress(content) + compressor.flush() + trailer
    with open(path, "wb") as file:
        file.write(content)
