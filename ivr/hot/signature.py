"""Verifies that a webhook comes from Twilio, by its signature over the URL and every field of the form."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from hashlib import sha1
from urllib.parse import parse_qsl, urlsplit

#: The most fields of a form. Twilio sends about thirty, and one more for each header of a SIP call.
MOST_FIELDS = 300


class Signature:
    """Verifies signatures, with the same results as the twilio library's validator.

    The signed URL is the public one that we gave Twilio, with the raw query. What a proxy or the server makes of the
    address does not matter. Several tokens are accepted, so that a token can be rotated while calls continue.
    """

    def __init__(self, public_url: str, tokens: Iterable[str]):
        bases = dict.fromkeys(_with_and_without_port(public_url))
        #: A started digest for each token and base URL. The signed text continues after the base URL.
        self._begun = [hmac.new(token.encode(), base, sha1) for token in tokens for base in bases]

    def sign(self, target: str, pairs: Iterable[tuple[str, str]]) -> str:
        """The signature of this path and query with these form fields, by the first token."""
        digest = self._begun[0].copy()
        digest.update(_signed(target, pairs))
        return base64.b64encode(digest.digest()).decode()

    def fits(self, target: str, pairs: Iterable[tuple[str, str]], given: str) -> bool:
        """Whether `given` is the signature of this path and query with these form fields."""
        rest = _signed(target, pairs)
        wanted = given.encode()
        for begun in self._begun:
            digest = begun.copy()
            digest.update(rest)
            if hmac.compare_digest(base64.b64encode(digest.digest()), wanted):
                return True
        return False


def _signed(target: str, pairs: Iterable[tuple[str, str]]) -> bytes:
    """What is signed after the base URL."""
    return (target + "".join([name + value for name, value in sorted(set(pairs))])).encode()


def _with_and_without_port(url: str) -> tuple[bytes, ...]:
    """Twilio includes or omits the port, depending on scheme and product. Both are accepted, as in its library."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    bare = f"{parts.scheme}://{host}{parts.path}"
    return url.encode(), bare.encode(), f"{parts.scheme}://{host}:{port}{parts.path}".encode()


def fields(body: bytes) -> list[tuple[str, str]]:
    """The form fields in a webhook's body, including blank ones, because they are signed too.

    Raises ValueError for more than MOST_FIELDS: anybody may send some, and 30,000 in 64 kB would take a tenth of a
    second to read and to sign.
    """
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
