"""Checks the environment variables of the line. Each fault says what to do.

Text in, text out, without any I/O. `config.py` reads the variables and checks their folders.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from email.errors import MessageError
from email.policy import default as mail_policy
from urllib.parse import SplitResult, urlsplit

from ivr import dialling
from ivr.problems import Kind, Problem, Where, kind

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Shorter secrets can be found by trying.
SHORTEST_SECRET = 16
#: The most web processes: each takes memory, and a typing mistake must not use up all of it.
MOST_WEB_PROCESSES = 64
#: How the key for names begins in IVR_KEYS; see `keys.py`.
NAMES = "names:"
#: Names that only a local network knows.
_AT_HOME = (
    "localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "home.arpa", "corp", "private", "test",
    "example", "invalid", "onion",
)  # fmt: skip
#: Placeholders that people write in place of a secret. After removing these, more is left of a real one.
_PLACEHOLDERS = re.compile(
    r"change|replace|secret|password|passwort|passphrase|twilio|token|auth|api|key|your|here|goes|this|please|todo|fixme|"
    r"default|example|sample|dummy|demo|test|none|null|insert|enter|value|admin|letmein|welcome|qwerty|asdf|"
    r"0123456789|1234567890|123456789|12345678|abcdefgh|the|some|very|long|my|me|in|an?\b|[\W_]",
    re.IGNORECASE,
)

#: What is wrong, and what to do about it.
_Told = tuple[str, str]
#: The kind of each variable's faults.
_KINDS: Mapping[str, Kind] = {
    name: kind(f"environment-{name.lower().replace('_', '-')}")
    for name in (
        "PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_NUMBER", "TWILIO_TEXT_FROM", "TWILIO_API_URL",
        "TWILIO_REGION", "TWILIO_EDGE", "REDIS_URL", "IVR_CONFIG", "IVR_DATA", "IVR_AUDIO", "IVR_SPEECH", "SECRET_KEY",
        "SMTP_URL", "SMTP_FROM", "IVR_WEB_PROCESSES", "TRUSTED_PROXIES", "METRICS_TOKEN",
        "IVR_KEYS",
    )
}  # fmt: skip


def wrong(variable: str, words: str, remedy: str) -> Problem:
    """A fault of an environment variable."""
    return _KINDS[variable].told(words, remedy).at(Where("environment"))


def faults(value: Mapping[str, str]) -> Iterator[Problem]:
    """Faults of these variables that would otherwise appear later, when nobody could tell why. Empty: not set."""
    yield from _public_url_faults(value["PUBLIC_URL"], has_account=bool(value["TWILIO_ACCOUNT_SID"]))
    yield from _twilio_faults(value)
    yield from _api_url_faults(value["TWILIO_API_URL"])
    if value["REDIS_URL"]:
        yield from _redis_faults(value["REDIS_URL"])
    if value["IVR_SPEECH"] not in ("", "audio", "say"):
        yield wrong("IVR_SPEECH", f"IVR_SPEECH is '{value['IVR_SPEECH']}'.", "Make it audio or say, or leave it out.")
    if value["SECRET_KEY"] and (why := _too_weak(value["SECRET_KEY"])):
        remedy = f"{_MAKE_ONE}, or leave it out: then one is made and kept."
        yield wrong("SECRET_KEY", f"SECRET_KEY {why}, so sign-ins could be forged.", remedy)
    yield from _mail_faults(value["SMTP_URL"], value["SMTP_FROM"])
    if value["IVR_KEYS"]:
        yield from (wrong("IVR_KEYS", *told) for told in key_faults(value["IVR_KEYS"].split(","), "IVR_KEYS"))
    yield from _proxy_faults(value["TRUSTED_PROXIES"])
    if value["METRICS_TOKEN"] and (why := _too_weak(value["METRICS_TOKEN"])):
        remedy = f"{_MAKE_ONE}, or leave it out: then only this machine reads the metrics."
        yield wrong("METRICS_TOKEN", f"METRICS_TOKEN {why}.", remedy)
    processes = value["IVR_WEB_PROCESSES"]
    if processes and not (re.fullmatch(r"[0-9]{1,2}", processes) and 1 <= int(processes) <= MOST_WEB_PROCESSES):
        remedy = f"Make it a number from 1 to {MOST_WEB_PROCESSES}, or leave it out."
        yield wrong("IVR_WEB_PROCESSES", f"IVR_WEB_PROCESSES is '{processes}'.", remedy)


def key_faults(words: Sequence[str], where: str) -> Iterator[_Told]:
    """Faults of the keys that encrypt, which are never shown. `where` is the variable or file that has them."""
    found = [word.strip() for word in words if word.strip()]
    if any(not _is_key(word.removeprefix(NAMES)) for word in found):
        yield f"{where} has a key that is incomplete or mistyped.", _KEYS_AGAIN
        return
    names = sum(word.startswith(NAMES) for word in found)
    if names != 1:
        many = f"has {names} keys that begin" if names else "has no key that begins"
        yield f"{where} {many} with names: and needs exactly one.", _KEYS_AGAIN
    if len(found) == names:
        yield f"{where} has no key that encrypts, which is a word without names: before it.", _KEYS_AGAIN


#: What to do, for a line that has keys, and for one that is new.
_KEYS_AGAIN = "Copy the keys of this line again. A line that has none yet: use the output of ivr keys new"


def _is_key(word: str) -> bool:
    try:
        return len(base64.b64decode(word, validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def tokens(text: str) -> tuple[str, ...]:
    """The auth tokens in TWILIO_AUTH_TOKEN."""
    return tuple(token.strip() for token in text.split(",") if token.strip())


def without_default_port(url: str) -> str:
    """A URL without its scheme's default port, as Twilio signs it."""
    return re.sub(r"^(https://[^/]+):443$|^(http://[^/]+):80$", r"\1\2", url.rstrip("/"), flags=re.IGNORECASE)


def networks(text: str) -> tuple[Network, ...]:
    """The addresses and networks in TRUSTED_PROXIES. Raises ValueError for what is neither."""
    return tuple(ipaddress.ip_network(each.strip(), strict=False) for each in text.split(",") if each.strip())


def _proxy_faults(text: str) -> Iterator[Problem]:
    for each in filter(None, (part.strip() for part in text.split(","))):
        try:
            network = ipaddress.ip_network(each, strict=False)
        except ValueError:
            words = f"TRUSTED_PROXIES has '{each}', which is no address."
            yield wrong("TRUSTED_PROXIES", words, "Write some, like 127.0.0.1,10.0.0.0/8")
            continue
        if network.prefixlen == 0:
            words = f"TRUSTED_PROXIES has '{each}', so anybody could claim any address."
            yield wrong("TRUSTED_PROXIES", words, "Name the proxy's address.")


# --- the address of the line ------------------------------------------------------------------


def _public_url_faults(url: str, *, has_account: bool) -> Iterator[Problem]:
    parts = _parts(url)
    found: _Told | None = None
    if not url:
        if has_account:
            found = "is not set, so Twilio cannot reach the line.", "Set it, like https://line.example.org"
    elif not (parts and parts.scheme in ("http", "https") and parts.hostname):
        found = f"is '{url}'.", "Make it a whole address, like https://line.example.org"
    elif parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        found = "has more than https:// and a host name.", "Remove the rest: the line needs its own host name."
    elif "_" in (parts.hostname or ""):
        found = "has an underscore in its host name.", "Choose another name: Twilio does not call such names."
    elif why := _badly_spelt(url, parts) or (_out_of_reach(parts.hostname) if has_account else None):
        found = f"is '{url}'. {why[0]}", why[1]
    if found:
        yield wrong("PUBLIC_URL", f"PUBLIC_URL {found[0]}", found[1])


def _badly_spelt(url: str, parts: SplitResult) -> _Told | None:
    """Why Twilio would sign a different address, with the right one; None if it would sign this one."""
    host = parts.hostname or ""
    if not host.isascii():
        return "Twilio signs the ASCII form of a name.", f"Write {_plain(parts.scheme, host)}"
    name = f"[{host}]" if ":" in host else host.rstrip(".")
    right = f"{parts.scheme}://{name}{f':{parts.port}' if parts.port else ''}"
    if url.rstrip("/") != right:
        return "Twilio's signature covers every character of the address.", f"Write it like this: {right}"
    if not _is_address(host) and not re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z][a-z0-9-]*", host):
        return "That is not a valid host name.", "Write it like https://line.example.org"
    return None


def _plain(scheme: str, host: str) -> str:
    """The ASCII form (IDNA) of a URL.

    If two IDNA versions give different names, it tells the reader where to find it.
    """
    try:
        plain = host.encode("idna").decode()
        is_the_same = plain.encode().decode("idna") == host.lower()
    except UnicodeError:
        is_the_same = False
    return f"{scheme}://{plain}" if is_the_same else "the name that begins with xn--, as your registrar shows it."


def _out_of_reach(host: str) -> _Told | None:
    """Why Twilio cannot reach this host; None if it can."""
    if _is_address(host):
        address = ipaddress.ip_address(host)
        if address.version == 6:
            remedy = "Give the line a host name, like https://line.example.org"
            return "Twilio does not call addresses of this kind.", remedy
        if not address.is_global or address.is_multicast:
            words = "That is an address of this machine or its network, so Twilio cannot reach it."
            return words, "Use a public name."
        return None
    if "." not in host or any(f".{host}".endswith(f".{home}") for home in _AT_HOME):
        words = "Only this machine or its network knows that name, so Twilio cannot reach it."
        return words, "Use a public name."
    return None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


# --- Twilio -----------------------------------------------------------------------------------

_MAKE_ONE = "Use the output of: openssl rand -hex 32"


def _twilio_faults(value: Mapping[str, str]) -> Iterator[Problem]:
    account, token, number = value["TWILIO_ACCOUNT_SID"], value["TWILIO_AUTH_TOKEN"], value["TWILIO_NUMBER"]
    if account and not re.fullmatch(r"AC[0-9a-f]{32}", account):
        words = "TWILIO_ACCOUNT_SID is not the SID of an account."
        yield wrong("TWILIO_ACCOUNT_SID", words, "Copy it from Twilio: AC and 32 digits and letters.")
    if account and not token:
        words = "TWILIO_ACCOUNT_SID is set but TWILIO_AUTH_TOKEN is not."
        yield wrong("TWILIO_AUTH_TOKEN", words, "Set both, or neither.")
    if token and not tokens(token):
        words = "TWILIO_AUTH_TOKEN has commas but no token."
        yield wrong("TWILIO_AUTH_TOKEN", words, "Set one, or leave it out.")
    for nth, each in enumerate(tokens(token), 1):
        yield from _token_faults(each, f"TWILIO_AUTH_TOKEN, number {nth}," if "," in token else "TWILIO_AUTH_TOKEN")
    if account and not number:
        words = "TWILIO_ACCOUNT_SID is set but TWILIO_NUMBER is not."
        yield wrong("TWILIO_NUMBER", words, "Set it to the line's number, like +441164960000")
    if number and not _is_number(number):
        right = dialling.judge(number).e164
        how = f"Write it like this: {right}" if right else "Write it with plus and country code, like +441164960000"
        yield wrong("TWILIO_NUMBER", f"TWILIO_NUMBER is '{number}'.", how)
    yield from _text_from_faults(value["TWILIO_TEXT_FROM"], has_account=bool(account))


def _text_from_faults(sender: str, *, has_account: bool) -> Iterator[Problem]:
    if not sender:
        return
    if not _is_number(sender) and not re.fullmatch(r"MG[0-9a-f]{32}", sender):
        right = dialling.judge(sender).e164
        how = f"Write it like this: {right}" if right else (
            "Write a number with plus and country code, like +447700900000, or the SID of a Messaging Service: MG "
            "and 32 digits and letters."
        )  # fmt: skip
        yield wrong("TWILIO_TEXT_FROM", f"TWILIO_TEXT_FROM is '{sender}'.", how)
    elif not has_account:
        words = "TWILIO_TEXT_FROM is set but TWILIO_ACCOUNT_SID is not."
        yield wrong("TWILIO_TEXT_FROM", words, "Set both, or unset TWILIO_TEXT_FROM.")


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\+[1-9]\d{6,14}", text, re.ASCII))


def _token_faults(token: str, name: str) -> Iterator[Problem]:
    remedy = "Copy the auth token of the account from Twilio."
    if re.fullmatch(r"(AC|SK)[0-9a-f]{32}", token):
        yield wrong("TWILIO_AUTH_TOKEN", f"{name} is a SID, which is not secret.", remedy)
    elif why := _too_weak(token):
        yield wrong("TWILIO_AUTH_TOKEN", f"{name} {why}, so anybody could impersonate Twilio.", remedy)


def _too_weak(secret: str) -> str:
    """Why a secret is too weak, to follow its name; empty if it is strong enough."""
    if not re.fullmatch(r"[!-~]+", secret):
        return "contains a space or a non-ASCII character"
    if len(secret) < SHORTEST_SECRET:
        return f"has fewer than {SHORTEST_SECRET} characters"
    if len(set(secret)) < 6 or re.fullmatch(r"(.{1,5})\1+.{0,4}", secret):
        return "repeats the same few characters"
    if len(_PLACEHOLDERS.sub("", secret)) < 8:
        return "is a placeholder"
    return ""


def _api_url_faults(url: str) -> Iterator[Problem]:
    api = _parts(url)
    if not url:
        return
    if not (api and api.scheme in ("http", "https") and api.hostname):
        yield wrong("TWILIO_API_URL", f"TWILIO_API_URL is '{url}'.", "Make it a complete URL, or leave it out.")
    elif api.query or api.fragment or "@" in api.netloc:
        words = "TWILIO_API_URL has more than an address."
        yield wrong("TWILIO_API_URL", words, "Remove what is before the @, or after ? or #.")
    elif api.scheme == "http" and not _out_of_reach(api.hostname):
        words = "TWILIO_API_URL begins with http://, which would send the auth token unencrypted."
        yield wrong("TWILIO_API_URL", words, "Make it https://")


# --- Redis and mail ---------------------------------------------------------------------------


#: The allowed query of a URL: the certificate authority of a server, the number of a database, and the password of the
#: sentinels.
_ITS, _THEIR = r"ssl_ca_certs=/[^&?]+", r"sentinel_password=[^&?]+"
_BEHIND = {
    "rediss": _ITS, "unix": r"db=\d+", "sentinel": _THEIR,
    "sentinels": f"{_ITS}|{_THEIR}|{_ITS}&{_THEIR}|{_THEIR}&{_ITS}",
}  # fmt: skip


def _redis_faults(url: str) -> Iterator[Problem]:
    for words, remedy in _about_redis(url):
        yield wrong("REDIS_URL", f"REDIS_URL {words}", remedy)


def _about_redis(url: str) -> Iterator[_Told]:
    """What is wrong with the URL of Redis, to follow its name. The URL is not shown: it may contain a password."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("redis", "rediss", "unix", "sentinel", "sentinels"):
        yield "is of no kind that is known here.", "Begin it with redis://, rediss://, unix:// or sentinel://"
    elif "?" in rest and not re.fullmatch(_BEHIND.get(scheme, ""), rest.partition("?")[2]):
        remedy = (
            "Only ssl_ca_certs=/its.pem (with TLS), sentinel_password=… or db=1 (with unix://) can be there. "
            "Remove the rest."
        )
        yield "has more after its ? than the line knows.", remedy
    elif scheme in ("sentinel", "sentinels"):
        hosts, _, name = rest.partition("?")[0].rpartition("@")[2].partition("/")
        if not all(re.fullmatch(r"[^:]+:\d{1,5}", host) for host in hosts.split(",")):
            yield "does not name its sentinels.", "Write each as host:port, with commas between them."
        if not name or "/" in name:
            yield "does not end with the service's name.", "Write it after the sentinels, like /the-name."
    elif scheme == "unix":
        if not rest.rpartition("@")[2].startswith("/"):
            yield "does not have the full path of the socket.", "Write it like unix:///run/redis.sock"
    elif not (parts := _parts(url)) or not parts.hostname or not re.fullmatch(r"(/\d*)?", parts.path):
        remedy = f"Write {scheme}://host:port/database, where port and database are numbers."
        yield "has no host, or a port or database that is not a number.", remedy


def _mail_faults(url: str, sender: str) -> Iterator[Problem]:
    if bool(url) != bool(sender):
        yield wrong("SMTP_URL", "Only one of SMTP_URL and SMTP_FROM is set.", "Set both, or neither.")
    if sender and not _is_sender(sender):
        words = f"SMTP_FROM is '{sender}', which is not an e-mail address."
        yield wrong("SMTP_FROM", words, "Write one, like line@example.org")
    mail = _parts(url)
    if not url:
        return
    if not (mail and mail.scheme in ("smtp", "smtps") and mail.hostname and _is_host(mail.hostname)):
        remedy = "Write smtp:// or smtps:// with a host and, optionally, a port number."
        yield wrong("SMTP_URL", "SMTP_URL is not the address of a mail server.", remedy)
    elif mail.path.strip("/") or mail.query or mail.fragment:
        remedy = "Remove the rest, or escape special characters, like %2F."
        yield wrong("SMTP_URL", "SMTP_URL does not end after the host and its port.", remedy)
    elif "@" in mail.netloc and not (mail.username and mail.password):
        words = "SMTP_URL has a user without a password, or a password without a user."
        yield wrong("SMTP_URL", words, "Write both, as user:password@host")


def _is_host(host: str) -> bool:
    return _is_address(host) or bool(re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?", host))


def _is_sender(text: str) -> bool:
    """Whether this is one e-mail address, optionally with a name before it."""
    try:
        found = mail_policy.header_factory("from", text)
    except (MessageError, ValueError, IndexError):
        return False
    if found.defects or len(found.addresses) != 1:
        return False
    (one,) = found.addresses
    return bool(one.username) and one.addr_spec.isascii() and _is_host(one.domain or "")


def _parts(address: str) -> SplitResult | None:
    """A parsed URL; None if it cannot be parsed, or its port is invalid."""
    try:
        parts = urlsplit(address)
        return parts if parts.port != 0 else None
    except ValueError:
        return None
