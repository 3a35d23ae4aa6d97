"""Blocked numbers: blocking from a card, the list, and lifting a block.

Any adviser may block a phone that left a message without pressing a key, with a reason. Only a supervisor or an
administrator can lift a block. What a blocked caller still gets is in `ivr.script.session.Session.blocked`.
"""

from __future__ import annotations

from flask import Flask, abort, flash, render_template
from werkzeug.wrappers import Response

from ivr.web.console.common import Console, Pages, add_pages, go, written

LONGEST_WHY = 200


def add_to(app: Flask, console: Console) -> None:
    """The pages of this part."""
    pages = _Pages(console)
    add_pages(
        app,
        ("/blocked", pages.blocked, "GET"),
        ("/request/<request_id>/block", pages.block, "POST"),
        needs="callers",
    )
    add_pages(app, ("/blocked/<block_id>/lift", pages.lift, "POST"), needs="desk")


class _Pages(Pages):
    def blocked(self) -> str:
        return render_template("blocked.html", blocks=self._console.store.blocked.all(self._now), now=self._now)

    def block(self, request_id: str) -> Response:
        """Block the phone of this request."""
        found, why = self._found(request_id), written("why", LONGEST_WHY)
        if not found.may_be_blocked:
            flash("Only a phone that left a message without pressing a key can be blocked.", "danger")
        elif not why:
            flash("Nothing was blocked. Write why first.", "danger")
        else:
            self._console.store.blocked.add(found.number, self._me, self._now, why)
            self._console.note("blocked the phone", request_id)
            flash("The phone is blocked. Callers who ring from it and press a key still get help.", "success")
        return go("card", request_id=request_id)

    def lift(self, block_id: str) -> Response:
        block = self._console.store.blocked.lift(block_id, self._now)
        if block is None:
            abort(404)
        self._console.note(f"lifted the block of a phone that {block.who} had blocked")
        flash("The block is lifted.", "success")
        return go("blocked")
