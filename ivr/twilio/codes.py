"""Twilio's error codes for texts, in words for an adviser.

Twilio adds codes and splits old ones. For a code that is not listed here, its number is shown.
"""

from __future__ import annotations

_NO_SENDER = "The line's number for texts cannot send them. An operator must look at it"
_TOO_MANY = "Too many texts were waiting to be sent"
_MEANINGS = {
    "20003": "Twilio rejected our credentials. An operator must look at it",
    "20429": _TOO_MANY,
    "21211": "That is not a complete phone number",
    "21212": _NO_SENDER,
    "21266": "That is the line's own number for texts",
    "21408": "Twilio is not set to send texts to that country. An operator can change that",
    "21601": _NO_SENDER,
    "21603": _NO_SENDER,
    "21606": _NO_SENDER,
    "21608": "Our account at Twilio is on trial, and texts only numbers that were checked there. An operator must look "
    "at it",
    "21610": "Somebody with that phone has sent STOP to us, so no text of ours reaches it until they send START",
    "21611": _TOO_MANY,
    "21612": "No network carries a text from our number to that phone",
    "21614": "That is not a mobile phone",
    "21635": "That is a landline, which takes no texts",
    "21659": _NO_SENDER,
    "21660": _NO_SENDER,
    "21661": _NO_SENDER,
    "21701": _NO_SENDER,
    "21704": _NO_SENDER,
    "21705": _NO_SENDER,
    "30001": _TOO_MANY,
    "30002": "Our account at Twilio is suspended. An operator must look at it",
    "30003": "The phone was off or out of reach, or does not accept texts",
    "30004": "The phone, or its network, blocks texts from us",
    "30005": "That number does not exist, or is no longer in use",
    "30006": "That is a landline, or a network that does not accept texts",
    "30007": "The network, or Twilio, took the text for spam",
    "30008": "The network did not say why",
}
#: Codes that mean that no texts can be sent at all, whoever the receiver is: the sender's number cannot, our
#: credentials are rejected, or our account is suspended.
NO_SENDER = frozenset(code for code, meaning in _MEANINGS.items() if meaning == _NO_SENDER) | {"20003", "30002"}


def in_words(code: str, why: str = "") -> str:
    """Why a text failed, as a sentence: from Twilio's code, otherwise from `why`."""
    code = code or (why if why.isdecimal() else "")  # earlier versions stored the code as the reason
    if meaning := _MEANINGS.get(code):
        return f"{meaning} (Twilio's code {code})."
    if why and why != code:
        return f"{why.rstrip('.')}."
    return f"Twilio's code {code}: see twilio.com/docs/api/errors/{code}." if code else "Twilio did not say why."
