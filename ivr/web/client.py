"""Where a request comes from: the client's address behind trusted proxies, and whether it is this machine."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import request

from ivr.machine.config import Settings

#: Beginnings of headers that only proxies and tunnels add, and no program on this machine.
_PASSED_ON = (
    "HTTP_FORWARDED", "HTTP_X_FORWARDED_", "HTTP_X_REAL_IP", "HTTP_VIA", "HTTP_CF_", "HTTP_TRUE_CLIENT_IP",
    "HTTP_X_CLIENT_IP", "HTTP_X_ORIGINAL_", "HTTP_X_AMZN_", "HTTP_X_CLOUD_TRACE_",
)  # fmt: skip
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_from_here(settings: Settings) -> bool:
    """Whether the request comes directly from a browser on this machine.

    Any sign of a public address counts against it: a public PUBLIC_URL, the requested host name, the client's address,
    and headers of a proxy or tunnel.
    """
    return (
        _is_loopback(urlsplit(settings.public_url).hostname)
        and _is_loopback(_host(request.environ))
        and is_local(request.environ)
    )


def is_local(environ: Mapping[str, Any]) -> bool:
    """Whether the client is a program on this machine, and no header of a proxy and no other host name shows that the
    request was forwarded.

    A proxy on this machine that adds no header and asks for 127.0.0.1 looks the same as such a program.
    """
    host = _host(environ)
    if any(header.startswith(_PASSED_ON) for header in environ):
        return False
    return _is_loopback(environ.get("REMOTE_ADDR")) and (not host or _is_loopback(host))


def _host(environ: Mapping[str, Any]) -> str:
    """The name of the host that was asked for, without its port; empty if the request names none."""
    try:
        return urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname or ""
    except ValueError:
        return "not a name"


def address(environ: Mapping[str, Any], settings: Settings) -> str:
    """The client's address, for counting; for IPv6 its /64 network, because one household can use any address in it.

    X-Forwarded-For is read from the right, as long as each address is one of TRUSTED_PROXIES. What stands to the left
    of the first other address can be forged.
    """
    asks = _read(environ.get("REMOTE_ADDR"))
    passed_on = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    while asks is not None and passed_on and any(asks in network for network in settings.trusted_proxies):
        before = _read(passed_on.pop())
        if before is None:
            break
        asks = before
    if asks is None:
        return "unknown"
    return str(ipaddress.ip_network((asks, 64), strict=False)) if asks.version == 6 else str(asks)


def _read(text: object) -> _Address | None:
    """Parse an address as proxies write it: with a port, or IPv4 in the form of IPv6."""
    bare = str(text or "").strip()
    with_port = re.fullmatch(r"\[(.+)\](?::\d+)?|([^:]+):\d+", bare)
    try:
        found = ipaddress.ip_address(with_port[1] or with_port[2] if with_port else bare)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _is_loopback(host: object) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(host or "")).is_loopback
    except ValueError:
        return False
