"""Two people change and publish in every order there is: what one made live, the other does not take back unseen.

They do what the page of publishing does, with the same functions, on a real Redis. Whether the words pass the check
makes no difference here, so each has two small files.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ivr.authoring import drafts, merging
from ivr.store import Published, Store
from ivr.usecases import origin, publishing
from ivr.usecases.publishing import NotPublished

FILES = {
    "line.yaml": "names:\n  service_name: Ours\nphones:\n  desk: one\n  night: two\n",
    "texts.yaml": "texts:\n  us: Hello.\n",
}
#: What each of the two changes: the file, what is there, and what they write.
Change = tuple[str, str, str]
APART = {"ann": ("line.yaml", "desk: one", "desk: ann's"), "bea": ("texts.yaml", "us: Hello.", "us: Bea's.")}
NEAR = {"ann": ("line.yaml", "desk: one", "desk: ann's"), "bea": ("line.yaml", "night: two", "night: bea's")}
SAME = {"ann": ("line.yaml", "desk: one", "desk: ann's"), "bea": ("line.yaml", "desk: one", "desk: bea's")}
STEPS = ("edit", "look", "publish")


@dataclass(frozen=True)
class _Ready:
    files: dict[str, str]

    @property
    def revision(self) -> str:
        return drafts.revision_of(self.files)


@dataclass
class _Person:
    """Somebody with a folder, who publishes what they looked at."""

    name: str
    store: Store
    folder: Path
    change: Change
    #: The draft that they looked at, and what was live then.
    seen: tuple[str, str] = ("", "")
    refused: list[str] = field(default_factory=list)

    @property
    def files(self) -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in self.folder.glob("*.yaml")}

    def edit(self) -> None:
        file, before, after = self.change
        text = (self.folder / file).read_text(encoding="utf-8")
        (self.folder / file).write_text(text.replace(before, after), encoding="utf-8")

    def look(self) -> None:
        self.seen = drafts.revision_of(self.files), self.store.revisions.live() or ""

    @property
    def behind(self) -> origin.Behind | None:
        return origin.behind(self.store, self.folder, self.files, self.name)

    def publish(self) -> None:
        ready = _Ready(self.files)
        if self.behind:
            self.refused.append("behind")
        elif ready.revision != self.seen[0]:
            self.refused.append("not looked at")
        else:
            try:
                publishing.put_live(self.store, ready, self.name, "why", self.seen[1])
            except NotPublished:
                self.refused.append("overtaken")
            else:
                origin.note(self.folder, ready.revision)

    def take_over(self, side: merging.Side = "mine") -> None:
        if behind := self.behind:
            for name, text in origin.caught_up(self.store, self.files, behind.began, lambda _: side).items():
                (self.folder / name).write_text(text, encoding="utf-8")
            origin.note(self.folder, self.store.revisions.live() or "", seen=True)

    def until_published(self, side: merging.Side = "mine") -> None:
        """What somebody does who was refused: look again, take over, and publish."""
        self.take_over(side)
        self.look()
        self.publish()


def _two(store: Store, folder: Path, changes: dict[str, Change], *, share: bool, noted: bool) -> dict[str, _Person]:
    """Two who begin with what is live, each in their own folder, or both in one."""
    for key in ("ivr:live", "ivr:history"):
        store.redis.do(lambda client, key=key: client.delete(key))
    ready = _Ready(FILES)
    store.revisions.publish(Published(ready.revision, 1.0, "cleo", "the first words", ""), FILES)
    found = {}
    for name in ("ann", "bea"):
        at = folder / ("both" if share else name)
        at.mkdir(parents=True, exist_ok=True)
        for file, text in FILES.items():
            (at / file).write_text(text, encoding="utf-8")
        if noted:
            origin.note(at, ready.revision)
        found[name] = _Person(name, store, at, changes[name])
    return found


def _orders() -> Iterator[tuple[tuple[str, str], ...]]:
    """Every order of the steps of two people, in which each takes theirs one after another."""
    for places in itertools.combinations(range(2 * len(STEPS)), len(STEPS)):
        left = {"ann": iter(STEPS), "bea": iter(STEPS)}
        yield tuple((who, next(left[who])) for who in ("ann" if n in places else "bea" for n in range(2 * len(STEPS))))


def _live(store: Store) -> str:
    return "".join((store.revisions.files(store.revisions.live() or "") or {}).values())


@pytest.mark.parametrize("noted", [True, False], ids=["noted", "not noted"])
@pytest.mark.parametrize("share", [True, False], ids=["one folder", "two folders"])
@pytest.mark.parametrize("changes", [APART, NEAR], ids=["two files", "two lines"])
def test_in_every_order_the_changes_of_both_are_live_in_the_end_and_none_is_ever_taken_back(
    store: Store, tmp_path: Path, changes: dict[str, Change], share: bool, noted: bool
) -> None:
    orders = list(_orders())
    assert len(orders) == 20
    for nth, order in enumerate(orders):
        two = _two(store, tmp_path / str(nth), changes, share=share, noted=noted)
        made_live: set[str] = set()
        rest = [(who, step) for _ in range(2) for who in two for step in ("take_over", "look", "publish")]
        for who, step in (*order, *rest):
            getattr(two[who], step)()
            live = _live(store)
            for after in made_live:
                assert after in live, f"{who} took back {after} in {order}"
            made_live |= {after for _, _, after in changes.values() if after in live}
        assert made_live == {after for _, _, after in changes.values()}, order


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_in_every_order_the_same_line_is_what_whoever_saw_both_has_chosen(
    store: Store, tmp_path: Path, side: merging.Side
) -> None:
    for nth, order in enumerate(_orders()):
        two = _two(store, tmp_path / str(nth), SAME, share=False, noted=True)
        for who, step in order:
            getattr(two[who], step)()
        refused = [person for person in two.values() if person.refused]
        assert refused, f"both have published, and one was not asked: {order}"
        first = "bea's" if refused[0].name == "ann" else "ann's"
        assert first in _live(store), order
        refused[0].until_published(side)

        chosen = f"{refused[0].name}'s" if side == "mine" else first
        assert f"desk: {chosen}" in _live(store), order
