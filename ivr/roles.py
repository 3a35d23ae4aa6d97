"""Who may do what on the pages of staff: one table, for the pages, the commands, the tests and docs/security.md.

Each page names the right that it needs, where it is added (`add_pages`). A page without one is open to nobody. A new
role is a new row here; nothing else decides by a role's name.

There are two ladders, and the administrator stands on top of both: who looks after callers (adviser, supervisor), and
who looks after the words (editor, approver). Whoever looks after the words sees no caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["adviser", "supervisor", "editor", "approver", "administrator"]
Right = Literal["account", "callers", "desk", "paper", "hear", "words", "publish", "log", "people", "erase"]

#: What each right allows.
RIGHTS: Mapping[Right, str] = {
    "account": "see their own account: change the password, set up the second factor, end their own sign-ins",
    "callers": "see the list, the cards, the messages and failed texts; search; take, ring, save, note, hand over; "
    "change the number of a caller whom they have; see the week; type in what came back on paper; block a phone; "
    "write a request down; take many requests out of the list together and put them back",
    "desk": "see the team and the report; lower the places of a day; take back what a "
    "colleague has; see a phone's history without having the request; lift a block",
    "paper": "print the callers that they have, with their numbers; supervisors and administrators also those whom "
    "nobody has",
    "hear": "ring the line in the browser, live and as the draft; see its map, and where callers give up",
    "words": "change the draft: words, hours, numbers, topics; record prompts; keep calls as stories; send a link with "
    "which somebody without a sign-in can ring the draft",
    "publish": "make the draft live; agree to what a colleague wants to publish; take a publication back",
    "log": "see who saw and did what, on every card and in the log; download the log",
    "people": "invite people; change their name, role and phone; reset a second factor; end sign-ins; let people leave "
    "and return",
    "erase": "find, export and delete everything that is kept of one phone; delete a request",
}
_ADVISER: frozenset[Right] = frozenset({"account", "callers", "paper"})
_SUPERVISOR: frozenset[Right] = _ADVISER.union(["desk", "hear"])
_EDITOR: frozenset[Right] = frozenset({"account", "hear", "words"})
_APPROVER: frozenset[Right] = _EDITOR.union(["publish"])

#: The rights of each role.
ROLES: Mapping[Role, frozenset[Right]] = {
    "adviser": _ADVISER,
    "supervisor": _SUPERVISOR,
    "editor": _EDITOR,
    "approver": _APPROVER,
    "administrator": frozenset(RIGHTS),
}
#: The roles: those for callers and those for words, each from the fewest rights to the most; and the one with all.
ALL: tuple[Role, ...] = get_args(Role)
#: Rights that ask whoever signed in a while ago to prove again who they are, so that a browser left open is no way in.
CONFIRMED: frozenset[Right] = frozenset({"paper", "publish", "log", "people", "erase"})
#: Rights that need no sign-in in a browser on this machine, because they change nothing and show no caller. So whoever
#: just started the line can ring it, and see how it is built.
HERE: frozenset[Right] = frozenset({"hear"})
#: Roles that must have a second factor, unless the service decides otherwise (`second_factor` in `line.yaml`).
WITH_FACTOR: tuple[Role, ...] = ("supervisor", "approver", "administrator")


def may(role: Role, right: Right) -> bool:
    """Whether somebody with this role may do this."""
    return right in ROLES[role]


def who_may(right: Right) -> str:
    """Who has a right, for somebody who does not: 'a supervisor or an administrator'."""
    *more, last = [f"{'an' if role[0] in 'aeiou' else 'a'} {role}" for role in ALL if may(role, right)]
    return f"{', '.join(more)} or {last}" if more else last
