"""Downloads, against a server on this machine: mirrors, checks, and nothing left behind when they fail."""

import hashlib
import http.server
import os
import socket
import stat
import threading
import urllib.request

import pytest

from minitorch.data.download import DownloadError, Resource, download

CONTENT = bytes(range(256)) * 1000
RESOURCE = Resource("file.gz", len(CONTENT), ("sha256", hashlib.sha256(CONTENT).hexdigest()))
WRONG = hashlib.sha256(CONTENT[:-1] + b"?").hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        kind = self.path.split("/")[1]
        if kind == "missing":
            self.send_error(404)
            return
        if kind == "silent":
            self.server.stop.wait(60)
            return
        body = {"good": CONTENT, "wrong": CONTENT[:-1] + b"?", "short": CONTENT[:-1000], "long": CONTENT + b"x",
                "cut": CONTENT[:1000]}[kind]
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT) if kind == "cut" else len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.stop = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.stop.set()
    server.shutdown()
    server.server_close()
    thread.join()


def refused():
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_good_mirror(server, tmp_path):
    path = download(RESOURCE, [f"{server.url}/good/", f"{server.url}/missing"], tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "file.gz"
    assert path.read_bytes() == CONTENT
    assert server.requests == ["/good/file.gz"]
    assert os.listdir(path.parent) == ["file.gz"]


@pytest.mark.parametrize("bad", ["missing", "wrong", "short", "long", "cut"])
def test_good_mirror_after_a_bad_one(server, tmp_path, bad):
    path = download(RESOURCE, [refused(), f"{server.url}/{bad}", f"{server.url}/good"], tmp_path)
    assert path.read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["file.gz"]


@pytest.mark.parametrize("kind, reason", [
    ("missing", "404"),
    ("wrong", f"wrong checksum: file.gz has sha256 {WRONG}, expected {RESOURCE.checksum[1]}"),
    ("short", f"truncated: {len(CONTENT) - 1000} of {len(CONTENT)}"),
    ("cut", "(truncated: 1000 of|IncompleteRead)"),
    ("long", f"oversized: more than the {len(CONTENT)} bytes"),
])
def test_bad_mirror(server, tmp_path, kind, reason):
    with pytest.raises(DownloadError, match=f"{server.url}/{kind}/file.gz: .*{reason}"):
        download(RESOURCE, [f"{server.url}/{kind}"], tmp_path)
    assert os.listdir(tmp_path) == []


def test_every_mirror_is_named_with_its_reason(server, tmp_path):
    nobody = refused()
    with pytest.raises(DownloadError) as caught:
        download(RESOURCE, [nobody, f"{server.url}/missing", "file:///etc"], tmp_path)
    lines = str(caught.value).splitlines()
    assert lines[0] == "download: no mirror gave file.gz:"
    assert nobody in lines[1] and "refused" in lines[1].lower()
    assert "404" in lines[2]
    assert "neither http nor https" in lines[3]


def test_timeout(server, tmp_path):
    with pytest.raises(DownloadError, match="timed out"):
        download(RESOURCE, [f"{server.url}/silent"], tmp_path, timeout=0.1)
    with pytest.raises(DownloadError, match="too slow: .* bytes when the time was over"):
        download(RESOURCE, [f"{server.url}/good"], tmp_path, total_timeout=0)
    assert os.listdir(tmp_path) == []


def test_timeout_is_handed_on(tmp_path, monkeypatch):
    seen = []

    def urlopen(request, timeout):
        seen.append((request.full_url, timeout))
        raise OSError("not here")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(DownloadError, match="not here"):
        download(RESOURCE, ["http://a/", "http://b"], tmp_path, timeout=12)
    assert seen == [("http://a/file.gz", 12), ("http://b/file.gz", 12)]


def test_an_old_file_stays_when_the_new_one_is_wrong(server, tmp_path):
    (tmp_path / "file.gz").write_bytes(b"old")
    with pytest.raises(DownloadError):
        download(RESOURCE, [f"{server.url}/wrong"], tmp_path)
    assert (tmp_path / "file.gz").read_bytes() == b"old"
    download(RESOURCE, [f"{server.url}/good"], tmp_path)
    assert (tmp_path / "file.gz").read_bytes() == CONTENT


def test_interrupt_leaves_nothing(server, tmp_path, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download(RESOURCE, [f"{server.url}/good"], tmp_path)
    assert os.listdir(tmp_path) == []


def test_md5(server, tmp_path):
    good = RESOURCE._replace(checksum=("md5", hashlib.md5(CONTENT).hexdigest()))
    assert download(good, [f"{server.url}/good"], tmp_path / "a").read_bytes() == CONTENT
    with pytest.raises(DownloadError, match="wrong checksum: file.gz has md5"):
        download(good._replace(checksum=("md5", "0" * 32)), [f"{server.url}/good"], tmp_path / "b")


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX's")
def test_others_may_read_the_file(server, tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    path = download(RESOURCE, [f"{server.url}/good"], tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
