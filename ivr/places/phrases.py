"""Words of the line that belong to no place: short phrases between staff's words, and replies to errors."""

from __future__ import annotations

from ivr.script.lines import Line, Words, label


class Phrases(Words):
    """The short phrases that the line puts between staff's words."""

    id = ""
    press = Line("key")
    zero, star, hash = Line(), Line(), Line()
    where_zero, where_star, where_hash = Line(), Line(), Line()
    to_person, to_hear_again, to_go_back, to_get_help = label(), label(), label(), label()
    if_yes, if_no, if_not_sure = label(), label(), label()
    more_label, more_label_no_text = label(), label()
    words_back, words_all, words_text, words_next = label(), label(), label(), label()
    one_at_a_time = label()
    pen, pen_ready, press_or_wait, at_the_start = Line(), label(), Line(), Line()
    hours = Line("hours")
    open_again = Line("day", "time")
    in_the_morning, in_the_afternoon, at_any_time = Line(), Line(), Line()
    whisper, whisper_heard, whisper_pressed_nothing = Line(), Line(), Line()
    whisper_me, whisper_other = Line(), Line()
    whisper_slow, whisper_urgent, whisper_today, whisper_language = Line(), Line(), Line(), Line()
    whisper_accept, whisper_accepted = label(), Line()
    ring_out, ring_out_accept = Line(), label()
    ring_out_unanswered, ring_out_busy, ring_out_failed = Line(), Line(), Line()


class MoreTime(Words):
    """The setting 'more time', and what is said during the longer waits."""

    id = "more_time"
    say, still_here = Line(), Line()


class NoKeyFirst(Words):
    """The first silence of a caller who has not pressed a key yet."""

    id = "no_key_1"
    say, or_stay = Line(), Line()


class NoKeyAgain(Words):
    id = "no_key_2"
    say = Line()


class UnusedKeyFirst(Words):
    id = "unused_key_1"
    say = Line()


class UnusedKeyAgain(Words):
    id = "unused_key_2"
    say = Line()


class StartAgain(Words):
    """A call whose session was lost starts again."""

    id = "start_again"
    say = Line()


class Trouble(Words):
    """An error in the program."""

    id = "trouble"
    say, ends = Line(), Line()
