"""Checks at each start whether Redis could lose data, because callers rely on what it stores.

`CONFIG` reports the most, but hosted services often disable it. `INFO` reports much of the same, and is rarely
disabled. What neither reports is printed as unknown, which is not the same as safe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import redis

from ivr.store.connection import Client, Redis

#: The names in CONFIG of the settings to check.
_ASKED = ("appendonly", "appendfsync", "maxmemory-policy")


def risks(server: Redis) -> list[str]:
    """How this server could lose data, and what to do about it. Raises StoreDown."""
    told = {**_by_info(server), **_by_config(server)}
    return list(_faults(told))


def _faults(told: Mapping[str, str]) -> Iterator[str]:
    unknown = []
    match told.get("appendonly"):
        case "no":
            yield "It has no append-only file, so it loses what it was told since its last copy: set appendonly yes."
        case None:
            unknown.append("whether it has an append-only file (appendonly yes)")
    match told.get("appendfsync"):
        case "everysec" if told.get("appendonly") != "no":
            yield "A power cut costs it what it was told in the last second or two: set appendfsync always."
        case "no" if told.get("appendonly") != "no":
            yield "A power cut costs it half a minute or more of what it was told: set appendfsync always."
        case None if told.get("appendonly") != "no":
            unknown.append("when its append-only file is on the disk (appendfsync always)")
    policy = told.get("maxmemory-policy")
    if policy is None:
        unknown.append("whether it throws keys away when it is full (maxmemory-policy noeviction)")
    elif policy != "noeviction":
        yield f"It throws keys away when it is full ({policy}): set maxmemory-policy noeviction."
    if told.get("role") == "replica":
        yield "It is a replica, and takes nothing that callers ask for: name the master in REDIS_URL."
    if unknown:
        yield f"It does not say {', or '.join(unknown)}. Ask whoever runs it."


def _by_config(server: Redis) -> dict[str, str]:
    def ask(client: Client) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in _ASKED:
            found.update(client.config_get(name))
        return found

    return _if_it_says(server, ask)


def _by_info(server: Redis) -> dict[str, str]:
    def ask(client: Client) -> dict[str, str]:
        told = {**client.info("persistence"), **client.info("memory"), **client.info("replication")}
        found = {}
        if "aof_enabled" in told:
            found["appendonly"] = "yes" if told["aof_enabled"] else "no"
        if "maxmemory_policy" in told:
            found["maxmemory-policy"] = str(told["maxmemory_policy"])
        if told.get("role") == "slave":
            found["role"] = "replica"
        return found

    return _if_it_says(server, ask)


def _if_it_says(server: Redis, ask: Callable[[Client], dict[str, str]]) -> dict[str, str]:
    try:
        return server.do(ask)
    except redis.ResponseError:  # the command is disabled
        return {}
