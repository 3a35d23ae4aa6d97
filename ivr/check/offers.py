"""Checks that offers of texts are marked, so that nobody is promised a text that cannot be sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ivr import spoken
from ivr.check import english
from ivr.check.context import Context, Finding, rule

#: Words that look like an offer of a text: "We can text you", "to get it by text", "for a text, or a call". A text
#: relay is none. They decide nothing in a call.
_LOOKS_LIKE = re.compile(r"\b(?:text (?:you|it|this|that|them)|(?:by|a) text)\b(?! relay)", re.IGNORECASE)
#: Choices that lead here are left out completely.
_SENDS = "send_text"


@rule("offers", "The line must not offer texts that it cannot send.", level="warning")
def offers(context: Context) -> Iterator[Finding]:
    """In nodes, offers of texts must be in square brackets: whole sentences, or a whole choice."""
    to_a_text = {
        ("nodes", node_id, "choices", key)
        for node_id, node in context.authored.items()
        for key, choice in getattr(node, "choices", {}).items()
        if choice.goto == _SENDS
    }
    for text in context.texts:
        if not text.node or text.path[:4] in to_a_text or text.kind == "said back":
            continue
        outside = spoken.OFFER.sub("", text.written)
        if found := _LOOKS_LIKE.search(outside):
            said = next((s for s in english.sentences(outside) if found[0] in s), outside)
            words = "This offers a text, and is said even while no text can be sent."
            yield text.finding(words, f"Put it in square brackets: '[{said}]'", word=found[0])
        for offer in spoken.OFFER.finditer(text.written):
            before, after = text.written[: offer.start()].rstrip(), text.written[offer.end() :].strip()
            is_whole = (not before or before[-1] in ".?!]") and (not after or offer[1].rstrip()[-1:] in tuple(".?!"))
            if not is_whole:
                words = f"Without '{offer[1]}', what is left makes no sense."
                yield text.finding(words, "Put the whole sentence in the brackets.", "error", word=offer[1])
