"""A server on this machine that misbehaves on purpose, in one way at a time."""

from __future__ import annotations

import gzip
import random
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from data_fetch.transport import Patience

CONTENT = random.Random(0).randbytes(40_000) + b"end"
QUICK = Patience(connect=2, silence=0.5, total=20, tries=3, pause=0.01)


class Server:
    """Serves ``content`` at every path; ``fault`` names what goes wrong, ``times`` how often before it stops."""

    def __init__(self, content: bytes):
        self.content, self.fault, self.times, self.etag = content, "", 10**9, '"one"'
        self.asked: list[dict] = []
        self.gate = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.asked.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
                fault, outer.times = (outer.fault if outer.times > 0 else ""), outer.times - 1
                self.close_connection = True
                with suppress(BrokenPipeError, ConnectionResetError):
                    getattr(outer, f"_{fault}" if fault else "_well")(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/a/set.npz?token=secret"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.gate.set()
        self.http.shutdown()
        self.http.server_close()

    def _send(self, to, status, body, **headers):
        to.send_response(status)
        headers = {"Content-Length": str(len(body)), "Connection": "close", **headers}
        for name, value in headers.items():
            if value is not None:
                to.send_header(name, value)
        to.end_headers()
        to.wfile.write(body)
        to.wfile.flush()

    def _well(self, to, upto=None, **headers):
        headers = {"ETag": self.etag, **headers}
        start = 0
        wanted = to.headers.get("Range", "")
        if wanted.startswith("bytes=") and to.headers.get("If-Range", self.etag) == self.etag:
            start = int(wanted[6:].rstrip("-"))
            if start >= len(self.content):
                self._send(to, 416, b"", **{"Content-Range": f"bytes */{len(self.content)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        headers.setdefault("Content-Length", str(len(self.content) - start))
        self._send(to, 206 if start else 200, self.content[start:upto], **headers)

    def _half(self, to):  # says the full length and stops half-way
        self._well(to, upto=len(self.content) // 2)

    def _half_silent(self, to):  # gives no length and stops half-way: looks like the end
        self._send(to, 200, self.content[: len(self.content) // 2], **{"Content-Length": None, "ETag": self.etag})

    def _drip(self, to):  # a little more with every request
        start = int(to.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
        self._well(to, upto=start + len(self.content) // 8)

    def _portal(self, to):
        self._send(to, 200, b"<html><title>Sign in</title></html>", **{"Content-Type": "text/html"})

    def _portal_untold(self, to):
        self._send(to, 200, b"<html>please sign in</html>", **{"Content-Type": "application/octet-stream"})

    def _flipped(self, to):
        body = bytearray(self.content)
        body[len(body) // 2] ^= 1
        self._send(to, 200, bytes(body), ETag=self.etag)

    def _short_length(self, to):
        self._send(to, 200, self.content, **{"Content-Length": str(len(self.content) // 2), "ETag": self.etag})

    def _endless(self, to):
        self._send(to, 200, b"", **{"Content-Length": None})
        while not self.gate.is_set():
            to.wfile.write(b"x" * 65536)

    def _huge_length(self, to):
        self._send(to, 200, b"", **{"Content-Length": str(10**15)})

    def _stall(self, to):
        self._well(to, upto=len(self.content) // 4)
        self.gate.wait(30)

    def _trickle(self, to):
        self._well(to, upto=1)
        for byte in self.content[1:]:
            if self.gate.wait(0.05):
                return
            to.wfile.write(bytes([byte]))
            to.wfile.flush()

    def _wrong_range(self, to):
        n = len(self.content)
        if "Range" not in to.headers:
            self._half(to)
        else:
            self._send(to, 206, self.content[: n // 2], **{"Content-Range": f"bytes 0-{n // 2 - 1}/{n}"})

    def _wrong_range_total(self, to):
        n = len(self.content)
        if "Range" not in to.headers:
            self._half(to)
        else:
            body = self.content[n // 2 :]
            self._send(to, 206, body, **{"Content-Range": f"bytes {n // 2}-{n - 1}/{n + 5}"})

    def _no_ranges(self, to):
        if "Range" not in to.headers:
            self._half(to)
        else:
            self._send(to, 200, self.content, ETag=self.etag)

    def _refuses_ranges(self, to):
        if "Range" not in to.headers and len(self.asked) == 1:
            self._half(to)
        elif "Range" in to.headers:
            self._send(to, 416, b"", **{"Content-Range": f"bytes */{len(self.content) // 4}"})
        else:
            self._well(to)

    def _changed(self, to):  # another version of the file, between two requests
        if len(self.asked) == 1:
            self._half(to)
            self.etag = '"two"'
        else:
            self._well(to)

    def _to_http(self, to):
        self._send(to, 302, b"", Location="http://example.org/set.npz?token=secret")

    def _round(self, to):
        self._send(to, 302, b"", Location=self.url)

    def _elsewhere(self, to):
        if to.path.startswith("/moved"):
            self._well(to)
        else:
            self._send(to, 302, b"", Location="/moved/set.npz")

    def _zipped(self, to):
        self._send(to, 200, gzip.compress(self.content), **{"Content-Encoding": "gzip", "ETag": self.etag})

    def _zipped_half(self, to):
        body = gzip.compress(self.content)
        self._send(to, 200, body[: len(body) // 2], **{"Content-Encoding": "gzip", "Content-Length": str(len(body))})

    def _busy(self, to):
        self._send(to, 503, b"busy")

    def _missing(self, to):
        self._send(to, 404, b"no such file")

    def _slow(self, to):  # time for others to ask as well
        time.sleep(0.5)
        self._well(to)
