"""TensorBoard on localhost, in place of this process."""

import errno
import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import typer

from lrlab.errors import ResourceError, UsageError

HOST = "localhost"  # event files may hold what is nobody else's business


def serve(folder: Path, port: int) -> None:
    """Become TensorBoard on `folder`; Ctrl-C ends it.

    Raises:
        UsageError: there is no such folder.
        ResourceError: the port is taken, or tensorboard is not installed.
    """
    if not folder.is_dir():
        raise UsageError(f"nothing to show: there is no folder {folder}", hint="see: lrlab runs ls")
    if find_spec("tensorboard") is None:
        raise ResourceError("tensorboard is not installed", hint="pip install tensorboard")
    if not port_is_free(port):
        raise ResourceError(f"port {port} on {HOST} is in use", hint=f"choose another: --port {port + 1}")
    typer.echo(f"TensorBoard on {folder}: http://{HOST}:{port}/ (Ctrl-C ends it)", err=True)
    arguments = command(folder, port)
    os.execv(arguments[0], arguments)


def command(folder: Path, port: int) -> list[str]:
    """The command line of TensorBoard."""
    where = ["--logdir", str(folder), "--host", HOST, "--port", str(port)]
    return [sys.executable, "-m", "tensorboard.main", *where]


def port_is_free(port: int) -> bool:
    """Whether a server can listen on `port` at every address of localhost."""
    for family, kind, protocol, _, address in set(socket.getaddrinfo(HOST, port, type=socket.SOCK_STREAM)):
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
    return True
