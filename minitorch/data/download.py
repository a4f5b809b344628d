"""Fetching a file from one of several mirrors, so that a file under its name is always whole and the right one."""

import hashlib
import http.client
import os
import secrets
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

CHUNK = 2**16


class Resource(NamedTuple):
    """A file to fetch: its name, its size in bytes and its checksum, `("sha256", digits)` or `("md5", digits)`."""

    filename: str
    size: int
    checksum: tuple


class DownloadError(RuntimeError):
    """No mirror gave the file. The message holds every mirror's reason."""


def download(resource, mirrors, folder, timeout=30, total_timeout=3600):
    """Fetch `resource` into `folder` from the first of `mirrors` that gives it whole, and return its path.

    The bytes go to a temporary file in `folder`; only when their number and checksum are right is it flushed and
    renamed. What is not right is removed.

    Args:
        resource: the `Resource`.
        mirrors: addresses, http or https, to which the file name is appended.
        folder: made if it is missing.
        timeout: seconds that a mirror may be silent.
        total_timeout: seconds that a mirror may take in all.
    Raises:
        DownloadError: no mirror gave the file.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    reasons = []
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{resource.filename}"
        # Not tempfile: its files can be read by their owner alone, and a data folder is often shared.
        temporary = folder / f".{resource.filename}.{secrets.token_hex(8)}.part"
        try:
            _fetch(url, resource, temporary, timeout, time.monotonic() + total_timeout)
            path = folder / resource.filename
            os.replace(temporary, path)
            return path
        except (OSError, http.client.HTTPException, ValueError) as error:
            reasons.append(f"  {url}: {str(error) or type(error).__name__}")
        finally:
            temporary.unlink(missing_ok=True)
    raise DownloadError(f"download: no mirror gave {resource.filename}:\n" + "\n".join(reasons))


def _fetch(url, resource, temporary, timeout, deadline):
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address is neither http nor https")
    algorithm, expected = resource.checksum
    digest, received = hashlib.new(algorithm, usedforsecurity=False), 0
    request = urllib.request.Request(url, headers={"User-Agent": "minitorch"})
    with urllib.request.urlopen(request, timeout=timeout) as response, open(temporary, "xb") as file:
        while chunk := response.read(CHUNK):
            received += len(chunk)
            if received > resource.size:
                raise ValueError(f"oversized: more than the {resource.size} bytes of the file")
            if time.monotonic() >= deadline:
                raise ValueError(f"too slow: {received} of {resource.size} bytes when the time was over")
            digest.update(chunk)
            file.write(chunk)
        if received < resource.size:
            raise ValueError(f"truncated: {received} of {resource.size} bytes")
        if digest.hexdigest() != expected:
            raise ValueError(f"wrong checksum: {resource.filename} has {algorithm} {digest.hexdigest()}, expected "
                             f"{expected}; the file was not kept")
        file.flush()
        os.fsync(file.fileno())
