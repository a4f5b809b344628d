"""Taking files out of a tar archive that is not trusted."""

import lzma
import os
import secrets
import tarfile
import zlib
from pathlib import Path, PurePosixPath

CHUNK = 2**20


def extract_files(archive, names, folder, max_bytes=2**30):
    """Write the files `names` of a tar archive into a folder, each under its last name: all of them, or none.

    Nothing else is taken from the archive, so that no path in it, no link and no device can lead out of the folder.
    It is read to its end, where the checksum of a compressed one is.

    Args:
        archive: a .tar file, compressed or not.
        names: paths in the archive, as ``"cifar-10-batches-py/test_batch"``.
        folder: made if it is missing.
        max_bytes: the largest size of a file.

    Raises:
        ValueError: the archive is damaged, lacks a file, or holds under its name something else or too large.
        OSError: the archive or the folder cannot be used.
    """
    folder, written = Path(folder), {}
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = str(PurePosixPath(member.name))
                if name in names and name not in written:
                    _check(archive, member, max_bytes)
                    path = folder / PurePosixPath(name).name
                    written[name] = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
                    _write(tar.extractfile(member), member.size, written[name])
            while tar.fileobj.read(CHUNK):
                pass
        missing = sorted(set(names) - set(written))
        if missing:
            raise ValueError(f"{archive}: the archive lacks {', '.join(missing)}")
        for name, temporary in written.items():
            os.replace(temporary, folder / PurePosixPath(name).name)
    except (tarfile.TarError, EOFError, OverflowError, lzma.LZMAError, zlib.error) as error:
        raise ValueError(f"{archive}: the archive is damaged: {error}") from error
    except OSError as error:
        if error.errno is None:  # from a decompressor, not from the system
            raise ValueError(f"{archive}: the archive is damaged: {error}") from error
        raise
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)


def _check(archive, member, max_bytes):
    if not member.isreg():
        raise ValueError(f"{archive}: {member.name} is not a plain file")
    if member.size > max_bytes:
        raise ValueError(f"{archive}: {member.name} is oversized: {member.size} bytes, expected at most {max_bytes}")


def _write(source, size, path):
    with open(path, "xb") as file:
        while chunk := source.read(min(CHUNK, size)):
            file.write(chunk)
            size -= len(chunk)
        if size:
            raise EOFError("it ends within a file")
        file.flush()
        os.fsync(file.fileno())
