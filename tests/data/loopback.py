"""A server on this machine that gives files, gives up, or goes silent."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LONGEST = 20.0  # seconds that a silent answer is held


@dataclass
class Loopback:
    """What is served, and what was asked for.

    Attributes:
        files: name -> contents; others are not found.
        cut: name -> bytes after which the connection is closed.
        silent: name -> bytes after which nothing more comes until `release` is set.
        asked: how often each name was asked for. torchvision asks twice for each file: first where it is.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    silent: dict[str, int] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    release: threading.Event = field(default_factory=threading.Event)

    def add(self, folder: Path) -> None:
        self.files.update({file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()})


@contextmanager
def loopback() -> Iterator[Loopback]:
    served = Loopback()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/")
            served.asked[name] += 1
            data = served.files.get(name)
            if data is None:
                self.send_error(404)
                return
            with suppress(ConnectionError):  # the first question is not waited out
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: served.cut.get(name, served.silent.get(name, len(data)))])
                if name in served.silent:
                    self.wfile.flush()
                    served.release.wait(LONGEST)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        served.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            served.release.set()
            server.shutdown()
            thread.join()
