"""Real reverse proxies in front of a line that runs, set up in the ways that people do."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from ivr.machine import config
from tests.needed import needs
from tests.ports import free_port
from tests.redis_server import soon

#: What Twilio calls: the proxy's name in the world, with a certificate that is not the matter here.
PUBLIC = "https://line.example.org"

TWICE, CADDY = "nginx, which asks twice", "Caddy as delivered"
#: What an operator copies.
DELIVERED = config.ROOT / "scripts" / "deploy"
#: Ways in which nginx is set up.
NGINX = {
    # As docs/operators.md writes it: whole requests are passed on by HTTP/1.0, each by a connection of its own.
    "nginx as documented": "proxy_pass http://line;",
    # As they come in, by connections that are kept, with all that proxies tell of themselves.
    "nginx, which passes on as it comes": """
      proxy_pass http://line; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;
      proxy_buffering off; proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Real-IP $remote_addr; proxy_set_header Forwarded for=_x;""",
    # What got no answer is sent once more, to the same line: a webhook may come twice so.
    TWICE: "proxy_pass http://twice; proxy_next_upstream error timeout http_502 non_idempotent;",
}
NGINX_DELIVERED, BALANCER = "nginx as delivered", "nginx as delivered, in front of two machines"
ALL = (*NGINX, NGINX_DELIVERED, CADDY)

_NGINX = """
daemon off; worker_processes 1; pid nginx.pid; error_log error.log; %(user)s
events { worker_connections 512; }
http {
  access_log off; large_client_header_buffers 4 16k; client_header_timeout 60s; client_body_timeout 60s;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  upstream line { server 127.0.0.1:%(line)d; keepalive 8; }
  upstream twice { server 127.0.0.1:%(line)d max_fails=0; server 127.0.0.1:%(line)d max_fails=0; }
  server { listen 127.0.0.1:%(port)d; server_name _; merge_slashes off; location / { %(location)s } }
}
"""


#: The files of both, and the addresses in them.
_UPSTREAMS = {
    NGINX_DELIVERED: ("nginx.conf", "127.0.0.1:8000 ", "127.0.0.1:8001 "),
    BALANCER: ("balancer.conf", "10.0.0.11:8000 ", "10.0.0.12:8000 "),
}


def _nginx_as_delivered(kind: str, port: int, line: int, user: str, second: int) -> str:
    """The file for an operator, at ports of the test and without a certificate."""
    file, one, other = _UPSTREAMS[kind]
    server = (DELIVERED / file).read_text()
    server = re.sub(r"server \{\s+listen 80;.*?\n\}\n", "", server, count=1, flags=re.DOTALL)
    server = re.sub(r"^ *(listen \[.*|ssl_.*)\n", "", server, flags=re.MULTILINE)
    for its, ours in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port}"),
        (one, f"127.0.0.1:{line} "),
        (other, f"127.0.0.1:{second} "),
    ):
        assert its in server
        server = server.replace(its, ours)
    before, _, after = _NGINX.partition("  upstream line")
    return (before % {"user": user}) + server + after[after.index("\n}") :]


def _caddy_as_delivered(port: int, line: int) -> str:
    delivered = (DELIVERED / "Caddyfile").read_text()
    assert "127.0.0.1:8000" in delivered
    site = delivered.replace("line.example.org {", f"http://:{port} {{\n\tbind 127.0.0.1", 1)
    return "{\n\tadmin off\n\tauto_https off\n}\n" + site.replace(":8000", f":{line}")


@dataclass
class Proxy:
    """A proxy that runs, and the token of the line behind it."""

    port: int
    token: str

    def signed(self, path: str, form: dict[str, str], *headers: str, chunks: int = 0, keep: bool = False) -> bytes:
        """A webhook as Twilio sends it, in one piece or in `chunks`."""
        signature = RequestValidator(self.token).compute_signature(PUBLIC + path, form)
        body = urlencode(form).encode()
        length, sent = (f"Content-Length: {len(body)}", body) if not chunks else _in_chunks(body, chunks)
        lines = [
            f"POST {path} HTTP/1.1", "Host: line.example.org", f"X-Twilio-Signature: {signature}", length,
            "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
            f"Connection: {'keep-alive' if keep else 'close'}", *headers,
        ]  # fmt: skip
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + sent

    def ask(self, request: bytes) -> bytes:
        """The whole answer; empty where the connection ended without one."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as connection:
            connection.sendall(request)
            return answer_on(connection)

    def post(self, path: str, form: dict[str, str], *headers: str, chunks: int = 0) -> bytes:
        return self.ask(self.signed(path, form, *headers, chunks=chunks))


def answer_on(connection: socket.socket) -> bytes:
    """All that comes until the connection ends. A proxy that answers before it has read all may reset it afterwards."""
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            answer += part
    return answer


def _in_chunks(body: bytes, size: int) -> tuple[str, bytes]:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return "Transfer-Encoding: chunked", b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


@contextlib.contextmanager
def proxy(kind: str, folder: Path, line: int, token: str, second: int = 1) -> Iterator[Proxy]:
    """This kind of proxy, in front of the line at this port; one as delivered may have a second."""
    port = free_port()
    program = shutil.which(
        "caddy" if kind == CADDY else "nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin"
    )
    needs(program, f"{'Caddy' if kind == CADDY else 'nginx'} is needed to stand in front of the line")
    file = folder / "proxy.conf"
    if kind == CADDY:
        file.write_text(_caddy_as_delivered(port, line))
        command = [program, "run", "--config", file, "--adapter", "caddyfile"]
    else:
        user = "user root;" if os.geteuid() == 0 else ""  # it gives its rights away, and could not write here
        if kind in _UPSTREAMS:
            file.write_text(_nginx_as_delivered(kind, port, line, user, second))
        else:
            file.write_text(_NGINX % {"port": port, "line": line, "location": NGINX[kind], "user": user})
        command = [program, "-p", folder, "-c", file, "-e", folder / "error.log"]
    with (folder / "told").open("wb") as told:
        process = subprocess.Popen(command, env={"HOME": str(folder)}, stdout=told, stderr=told)
    try:
        assert soon(lambda: _listens(port)), (folder / "told").read_text()
        yield Proxy(port, token)
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False
