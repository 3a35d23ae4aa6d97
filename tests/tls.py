"""Real TLS for tests: a certificate, and a TLS proxy for a server without TLS."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.needed import needs


def certificate(folder: Path, host: str = "127.0.0.1") -> Path:
    """A self-signed certificate for this host, with its key, in one file."""
    openssl = shutil.which("openssl")
    needs(openssl, "openssl is needed to make a certificate")
    path = folder / "certificate.pem"
    made = subprocess.run(
        [
            str(openssl), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tests",
            "-addext", f"subjectAltName=IP:{host}", "-keyout", "-", "-out", "-",
        ],
        capture_output=True, check=True,
    )  # fmt: skip
    path.write_bytes(made.stdout)
    return path


def context(certificate: Path) -> ssl.SSLContext:
    """The TLS context of a server with this certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


@contextlib.contextmanager
def door(certificate: Path, connect: Callable[[], socket.socket]) -> Iterator[int]:
    """A port that speaks TLS and passes everything on to the server that `connect` leads to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        speaks = context(certificate)
        threading.Thread(target=_let_in, args=(listener, speaks, connect), daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def _let_in(listener: socket.socket, speaks: ssl.SSLContext, connect: Callable[[], socket.socket]) -> None:
    with contextlib.suppress(OSError):  # the door is closed
        while True:
            caller, _ = listener.accept()
            caller, server = speaks.wrap_socket(caller, server_side=True), connect()
            for one, other in ((caller, server), (server, caller)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)
    one.close()
