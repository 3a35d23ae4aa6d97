"""Asking for a call back: a caller's wish as it is saved, joined with what their phone has asked for already.

A wish is saved after every answer, so all of this is safe to repeat. What follows for the request stands in
`callback.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from ivr.callbacks.callback import REFERENCE_DIGITS, changed, in_words, waits_for
from ivr.callbacks.request import Asker, CallbackRequest


def saved(first: CallbackRequest | None, wish: CallbackRequest, reference: str) -> CallbackRequest:
    """What to store: the wish, or the open request of the same number (`first`) joined with the wish.

    A wish is a request with one asker. `reference`: the call number for an asker who has none yet. Saving the same wish
    twice changes nothing more, and a finished wish never becomes unfinished again. A wish is finished once its number
    and its urgency are known; later answers of its caller are added while the request is open.
    """
    (asker,) = wish.askers
    asker = replace(asker, urgent=asker.urgent or asker.today)
    if first and is_settled(first, asker):
        return first
    if first is None:
        return replace(wish, askers=(replace(asker, reference=asker.reference or reference),))
    known = first.asker(asker.id)
    if known and first.moved(asker.id):  # what they allow on the earlier phone says nothing of the new one
        asker = replace(asker, message_ok=known.message_ok, say_who=known.say_who, keyed=known.keyed)
    if [known.id for known in first.askers] != [asker.id]:
        return _joined(first, asker, reference)
    (known,) = first.askers
    if known.finished and not (asker.finished and first.open):
        return first
    if first.state != "claimed":  # else an adviser claimed it before the caller had finished
        first = replace(first, state=wish.state, claimed_by="", claim_ends=0.0, end=None)
    number = first.number if first.number_by else wish.number
    return replace(first, number=number, askers=(_again(known, asker),))


def _joined(first: CallbackRequest, asker: Asker, reference: str) -> CallbackRequest:
    """Join two wishes from one number into one request, with the more careful answer to each question.

    Phones are shared and caller IDs can be forged, so a second caller can make the call earlier or the answers more
    careful, but never allow more to be said to the person who picks up. The second caller gets their own call number,
    and learns nothing about the first. A caller who has answered all questions then gets three tries. Earlier
    unfinished wishes from this phone were promised nothing, and are treated as this caller's own.
    """
    known = first.asker(asker.id)
    if known and known.finished and not (asker.finished and first.open):
        return first
    asker = _again(known, asker) if known else replace(asker, reference=_untaken(first, asker.reference or reference))
    others = (other for other in first.askers if other.id != asker.id and (other.finished or not asker.finished))
    both = waits_for(first, (*others, asker))
    if known and known.finished:
        return both
    now, state = asker.last_heard, "waiting" if asker.finished else "unfinished"
    if not first.open:
        both = replace(both, state=state, end=None)
    if asker.finished:
        both = replace(both, state="claimed" if first.state == "claimed" else "waiting", tries=0)
        return changed(both, now, "caller", "asked again", in_words(asker.promise))
    return both if known else changed(both, now, "caller", "rang again")


def belongs_to(known: Iterable[CallbackRequest], asker: Asker) -> CallbackRequest | None:
    """The request that a wish stays with, whatever was asked from its phone since. None: the one of its phone, or a new
    one. `known`: the requests in which its caller waits or waited.

    A wish stays on the phone that its caller gave an adviser. And a wish that is settled stays where it was. Joined
    with a newer request of the same phone, it would bring its earlier promise along: its caller would be rung again
    about what they were helped with, perhaps before the safe time that they agreed since.
    """
    waits = [each for each in known if each.asker(asker.id)]
    moved = next((each for each in waits if each.moved(asker.id)), None)
    if moved or any(each.open for each in waits):
        return moved
    return next((each for each in known if is_settled(each, asker)), None)


def is_settled(request: CallbackRequest, asker: Asker) -> bool:
    """Whether the caller of a wish was helped, given up or cancelled in this request, so that it rings nobody any more.

    Such a wish comes once more if it waited in a spool, or its webhook is late. One that its caller had not finished is
    not settled: what they finished later was promised to them. Nor is one more message of the same phone call.
    """
    known = request.wished(asker.id)
    if known is None or not known.finished or (request.open and request.asker(asker.id)):
        return False
    return not (asker.message_only and asker.last_heard > known.last_heard)


def is_outdated(first: CallbackRequest | None, wish: CallbackRequest) -> bool:
    """Whether a newer version of this wish is stored already. This one waited in the spool of another machine."""
    known = first.wished(wish.id) if first else None
    return known is not None and wish.last_heard < known.last_heard


def _again(known: Asker, asker: Asker) -> Asker:
    """The caller's present answers. The time at which they began to ask stays, and so does a call number they heard.

    The number they heard may differ from the stored one: Redis may have saved one, but answered too late, so that the
    line gave them another.
    """
    reference = asker.reference or known.reference
    return replace(asker, reference=reference, asked_at=known.asked_at, heard_from=asker.last_heard)


def _untaken(first: CallbackRequest, reference: str) -> str:
    """This call number, or the next one that no other caller of the request has."""
    while first.caller(reference):
        reference = str(max(10 ** (REFERENCE_DIGITS - 1), (int(reference) + 1) % 10**REFERENCE_DIGITS))
    return reference
