"""A web server on this machine for the tests of the download, and a tiny set for it to serve."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from segnet_nb.datasets.download import DownloadError, download_camvid

TOP = "Tutorial-bb68b64/CamVid"


@dataclass
class Answer:
    """How the server treats one request."""

    status: int = 200
    body: bytes | None = None  # other bytes than the server's
    ranges: bool = True  # answer a Range request with 206
    etag: str | None = '"one"'
    content_range: str | None = None  # instead of the true one
    cut: int | None = None  # drop the connection after that many bytes of the body
    says_length: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0  # seconds after each 16 KiB


@dataclass
class Server:
    """Answers in turn, the last one for ever, and remembers what was asked and sent."""

    body: bytes
    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    url: str = ""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = len(server.asked)
            answer = server.answers[min(number, len(server.answers) - 1)]
            server.asked.append(dict(self.headers))
            server.sent.append(0)
            body, status, start = server.body, answer.status, 0
            if answer.body is not None:
                body = answer.body
            asked = self.headers.get("Range")
            same = self.headers.get("If-Range") == answer.etag
            if status == 200 and asked and answer.ranges and same:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
                status = 206 if start < len(body) else 416
            self.send_response(status)
            if status == 206:
                true_range = f"bytes {start}-{len(body) - 1}/{len(body)}"
                self.send_header("Content-Range", answer.content_range or true_range)
            piece = b"" if status == 416 else body[start:]
            if answer.etag is not None:
                self.send_header("ETag", answer.etag)
            if answer.says_length:
                self.send_header("Content-Length", str(len(piece)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            piece = piece[: answer.cut]
            with contextlib.suppress(ConnectionError):
                for begin in range(0, len(piece), 1 << 14):
                    self.wfile.write(piece[begin : begin + (1 << 14)])
                    server.sent[number] += len(piece[begin : begin + (1 << 14)])
                    time.sleep(answer.pause)

        def log_message(self, *_: object) -> None:
            pass  # The log would end up between pytest's dots.

    return Handler


@contextlib.contextmanager
def serving(body: bytes, *answers: Answer) -> Iterator[Server]:
    """Serve bytes from a free port until the block ends."""
    server = Server(body, list(answers) or [Answer()])
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(server)) as web:
        web.daemon_threads = True
        server.url = f"http://127.0.0.1:{web.server_port}/archive.tar.gz"
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            web.shutdown()
            thread.join()


def tiny_set() -> dict[str, bytes]:
    """Files laid out like the real set, of noise, so that compressing does not shrink them."""
    generator = np.random.default_rng(0)
    files = {}
    for split in ("train", "val"):
        files[f"{split}.txt"] = f"{split}/a.png {split}annot/a.png\n".encode()
        for folder in (split, f"{split}annot"):
            for stem in "ab":
                files[f"{folder}/{stem}.png"] = generator.bytes(50_000)
    return files


def sums_of(files: dict[str, bytes]) -> dict[str, str]:
    """SHA-256 by file name."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def member(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """An entry of an archive; ``fields`` (type, linkname) are set on its header."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def packed(files: dict[str, bytes], *before: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A ``.tar.gz`` as a code host makes them, other entries going before those of the set."""
    buffer = io.BytesIO()
    entries = [member(f"{TOP}/{name}", data) for name, data in files.items()]
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for info, data in (*before, member("Tutorial-bb68b64/README.md", b"hello"), *entries):
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


FILES = tiny_set()
SUMS = sums_of(FILES)
ARCHIVE = packed(FILES)


def fetch(root: Path | None, server: Server, **options: object) -> Path:
    """Download the tiny set."""
    options = {"sums": SUMS, **options}
    return download_camvid(root, url=server.url, progress=False, **options)


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a directory, by its relative name."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def assert_fails(root, server, *patterns, error=DownloadError, **options):
    """The download must raise ``error`` with all the patterns in its text."""
    with pytest.raises(error) as caught:
        fetch(root, server, **options)
    for pattern in patterns:
        assert str(pattern) in str(caught.value)
    return caught.value
