"""Our replies to Twilio: a Turn as TwiML.

Documents are assembled from pieces that are made once per revision; `ivr/hot/__init__.py` has what that saves. Twilio's
own builder makes the frame of each document. What stands inside, such as Play, Pause and the marks of words, is written
here and escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from xml.sax.saxutils import escape, quoteattr

from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Pause, Say, VoiceResponse

from ivr import dialling, spoken
from ivr.hot.template import Template
from ivr.language import DIGIT_SECONDS
from ivr.script import Script, session
from ivr.script.session import Record, Transfer
from ivr.spoken import Piece, Speech

#: Characters in one Say. A reply may have 64 kB; Twilio's voices accept 3,000 characters at a time.
MOST_SAID_AT_ONCE = 2500
#: How many phrases, marked up for Twilio's voice, are kept. A script has some hundreds, and numbers.
MOST_MARKED = 2000
#: Seconds for which the helpline rings after the apology, and for which an adviser may press a key.
APOLOGY_RINGS_SECONDS, WHISPER_SECONDS = 60, 8
#: The voice of the documents that must work when everything else fails.
FALLBACK_VOICE = "Polly.Amy"

_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class SayVoice:
    """How words become sound: our own files, and Twilio's voice and its pace for words without one."""

    name: str
    rate: str
    slow_rate: str
    #: Returns what is said at a pace in pieces, each with the address of its file; None to use Twilio's voice.
    play: Callable[[Speech, bool], Iterable[tuple[Speech, str | None]]] = lambda said, slow: [(said, None)]
    #: Returns the address of a file with this many seconds of silence, if files are used.
    silence: Callable[[float], str | None] = lambda seconds: None
    #: Called with words that have no file, each time they are said. None if files are not used at all.
    missed: Callable[[str, bool], None] | None = None
    #: Respellings for words that Twilio's voice would mispronounce.
    respelt: Mapping[str, str] = field(default_factory=dict)
    #: Twilio's language for it.
    language: str = "en-GB"
    #: The voices of other languages, each with Twilio's language for it, by the tag of the language.
    foreign: Mapping[str, tuple[str, str]] = field(default_factory=dict)


class TwiMLWriter:
    """Writes the replies of one script revision."""

    def __init__(self, script: Script, public_url: str, voice: SayVoice):
        self._script, self._url, self._voice = script, public_url, voice
        self._slow_pauses = script.line.pace.slow_pauses
        self._marked = lru_cache(MOST_MARKED)(self._mark)
        self._gather = Template(_gather)
        #: One with keys that work while we speak, and one without.
        self._dial = {keys: Template(partial(_dial, keys)) for keys in (False, True)}
        self._record = {keys: Template(partial(_record, keys)) for keys in (False, True)}
        self._say = {slow: Template(partial(_say, voice, slow)) for slow in (False, True)}

    def write(self, turn: session.Turn, action: str, our_number: str = "") -> str:
        """Write one reply. `action`: the path and query for the next webhook.

        `our_number`: the caller ID for advisers.
        """
        s, then = turn.session, turn.then
        pause, speech = self._pause_apart(turn)
        says, action = self.says(speech, s.slow), escape(self._url + action)
        if isinstance(then, session.GatherAfterSound):
            says = f"<Play>{escape(f'{self._url}/audio/{then.sound}')}</Play>{says}"
        match then:
            case session.Gather(seconds, digits):
                finish = "" if digits == 1 else "#"
                return self._gather(
                    PAUSE=pause, SAYS=says, ACTION=action, SECONDS=seconds, DIGITS=digits, FINISH=finish
                )
            case Transfer(number, seconds, keys):
                language = f"&language={s.language}" if s.language != "en" else ""
                whisper = escape(f"{self._url}/voice/whisper?call={s.call}&turn={s.turn}{language}")
                number = dialling.international(self._script.line.phones[number])
                document = self._dial[keys](
                    SAYS=says, ACTION=action, SECONDS=seconds, NUMBER=number, WHISPER=whisper, FROM=escape(our_number)
                )
                return document.replace(' callerId=""', "")
            case Record(seconds, silence, request, keys):
                done = escape(f"{self._url}/voice/recording?request={request}")
                return self._record[keys](
                    PAUSE=pause, SAYS=says, ACTION=action, SECONDS=seconds, SILENCE=silence, DONE=done
                )
            case _:
                return f"{_OPEN}{says}<Hangup /></Response>"

    def _pause_apart(self, turn: session.Turn) -> tuple[str, Speech]:
        """The pause after a key, as a separate verb before the Gather, and the speech after it.

        Twilio accepts keys only within a Gather. So a key that comes during the pause, from a trembling hand or meant
        for what was said before, is ignored, and the new speech does not start again. There is no such pause while a
        number is being entered, so its digits are never lost.
        """
        says, then = turn.says, turn.then
        apart = isinstance(then, Record) or (isinstance(then, session.Gather) and then.digits == 1)
        if not (apart and says and isinstance(says[0], float)):
            return "", says
        stretch = self._slow_pauses if turn.session.slow else 1.0
        url = self._voice.silence(round(says[0] * stretch, 2))
        return f"<Play>{url}</Play>" if url else _PAUSE, says[1:]

    def says(self, said: Speech, slow: bool) -> str:
        """A Speech as Play verbs, with Say for words without a file."""
        verbs: list[str] = []
        pending: list[str] = []  # for Twilio's voice: one Say can contain many words and pauses
        for pieces, url in self._voice.play(said, slow):
            if url and not (pending and _is_pause(pieces)):
                self._flush(pending, verbs, slow)
                verbs.append(f"<Play>{url}</Play>")
                continue
            for piece in pieces:
                if piece in self._script.foreign:
                    self._flush(pending, verbs, slow)
                    verbs += self._in_its_language(str(piece), slow)
                else:
                    pending.append(self._say_piece(piece, slow))
        self._flush(pending, verbs, slow)
        return "".join(verbs)

    def _in_its_language(self, words: str, slow: bool) -> list[str]:
        """Words of another language in a voice of Twilio's that speaks it; nothing if there is none."""
        name, language = self._voice.foreign.get(self._script.foreign[words], ("", ""))
        if not name:
            return []
        say = _say(replace(self._voice, name=name, language=language), slow)
        return [say.replace("@TEXT@", _escaped(words))]

    def _say_piece(self, piece: Piece, slow: bool) -> str:
        """Words or a pause for Twilio's voice."""
        if not isinstance(piece, str):
            seconds = float(piece) * (self._slow_pauses if slow else 1.0)  # type: ignore[arg-type]
            return f'<break time="{round(round(seconds, 2) * 1000)}ms"/>'
        if missed := self._voice.missed:
            missed(piece, slow)
        return self._marked(piece) if self._voice.name else _NOTHING

    def _mark(self, words: str) -> str:
        """Words for Twilio's voice, with marked respellings."""
        marked = spoken.as_said(
            _escaped(words), self._voice.respelt, lambda word, way: f"<sub alias={quoteattr(way)}>{word}</sub>"
        )
        return f"{marked} {_REST_OF_A_DIGIT}" if self._script.grammar.is_digit(words) else marked

    def _flush(self, pending: list[str], verbs: list[str], slow: bool) -> None:
        if any(not piece.startswith("<break") for piece in pending):
            text = ""
            for piece in pending:
                if len(text) + len(piece) > MOST_SAID_AT_ONCE:
                    verbs.append(self._say[slow](TEXT=text))
                    text = ""
                text = f"{text} {piece}" if text else piece
            verbs.append(self._say[slow](TEXT=text))
        pending.clear()


def _is_pause(pieces: Speech) -> bool:
    return len(pieces) == 1 and isinstance(pieces[0], float)


def _escaped(words: str) -> str:
    return escape(_speakable(words))


def _speakable(words: str) -> str:
    """Words without characters that XML does not allow. Twilio would refuse the whole document because of one."""
    return _UNSPEAKABLE.sub("", words)


#: Stands for words that no voice of Twilio's can say: silence is better than an English voice that spells them.
_NOTHING = '<break time="0ms"/>'
#: Twilio's shortest pause.
_PAUSE = str(Pause(length=1).to_xml(xml_declaration=False))
#: The pause after each digit: Twilio's voice says one in about half a second, and ours takes DIGIT_SECONDS.
_REST_OF_A_DIGIT = f'<break time="{round((DIGIT_SECONDS - 0.5) * 1000)}ms"/>'
_OPEN = '<?xml version="1.0" encoding="UTF-8"?><Response>'


def _gather() -> str:
    """Speech inside a Gather, so that a key interrupts it; and a verb after it, so that silence never ends the call."""
    response = VoiceResponse()
    response.append("@PAUSE@")
    gather = response.gather(
        input="dtmf",
        action="@ACTION@",
        method="POST",
        timeout="@SECONDS@",
        num_digits="@DIGITS@",
        finish_on_key="@FINISH@",
        action_on_empty_result=True,
    )
    gather.append("@SAYS@")
    response.redirect("@ACTION@", method="POST")
    return str(response)


def _dial(keys: bool) -> str:
    """A Dial: the caller hears ringing while the adviser hears the whisper, and must press 1 to accept the call.

    Star ends it. Twilio documents that for two people who are connected; whether it also works during the ringing has
    to be tried on a live number. If it does not, the ringing ends by itself.
    """
    response = VoiceResponse()
    _says_before(response, keys)
    dial = response.dial(action="@ACTION@", method="POST", timeout="@SECONDS@", caller_id="@FROM@", hangup_on_star=True)
    dial.number("@NUMBER@", url="@WHISPER@", method="POST")
    return str(response)


def _record(keys: bool) -> str:
    """A Record. The verb after it is for silence, after which Twilio does not call the action."""
    response = VoiceResponse()
    response.append("@PAUSE@")
    _says_before(response, keys)
    response.record(
        action="@ACTION@",
        method="POST",
        max_length="@SECONDS@",
        timeout="@SILENCE@",
        finish_on_key="1234567890*#",
        play_beep=True,
        recording_status_callback="@DONE@",
        recording_status_callback_method="POST",
    )
    response.redirect("@ACTION@", method="POST")
    return str(response)


def _says_before(response: VoiceResponse, keys: bool) -> None:
    """Speech before the next verb; with keys, inside a Gather that continues after the shortest possible wait."""
    if not keys:
        response.append("@SAYS@")
        return
    gather = response.gather(
        input="dtmf", action="@ACTION@", method="POST", timeout=1, num_digits=1, finish_on_key="",
        action_on_empty_result=False,
    )  # fmt: skip
    gather.append("@SAYS@")


def _say(voice: SayVoice, slow: bool) -> str:
    say = Say(language=voice.language, voice=voice.name)
    say.prosody("@TEXT@", rate=voice.slow_rate if slow else voice.rate)
    return str(say.to_xml(xml_declaration=False))


# --- documents that need no session ---------------------------------------------------------


def put_through(words: str, phone: str, goodbye: str, our_number: str = "") -> str:
    """Say something, and dial a number if there is one. To work, this reply needs no further webhook or file of ours.

    The dial shows our own number if there is one, because it would fail with a hidden caller ID.
    """
    return put_through_after(_fallback(words), phone, _fallback(goodbye), our_number)


def put_through_after(says: str, phone: str, goodbye: str, our_number: str = "") -> str:
    """The same with verbs instead of words, such as those of a `TwiMLWriter`."""
    response = VoiceResponse()
    response.append("@SAYS@")
    if phone:
        response.dial(dialling.international(phone), timeout=APOLOGY_RINGS_SECONDS, caller_id=our_number or None)
    response.append("@ENDS@")
    return str(response).replace("@SAYS@", says).replace("@ENDS@", goodbye)


def _fallback(words: str) -> str:
    said = Say(_speakable(words), voice=FALLBACK_VOICE, language="en-GB")
    return str(said.to_xml(xml_declaration=False))


def whisper(says: str, action: str) -> str:
    """What an adviser hears before accepting a call by key. Silence, as from a voicemail, declines it."""
    response = VoiceResponse()
    gather = response.gather(
        input="dtmf",
        action=action,
        method="POST",
        timeout=WHISPER_SECONDS,
        num_digits=1,
        finish_on_key="",
        action_on_empty_result=True,
    )
    gather.append("@SAYS@")
    response.hangup()
    return str(response).replace("@SAYS@", says)


def accepted(words: str) -> str:
    """Ends the whisper, which connects the adviser to the caller."""
    response = VoiceResponse()
    response.say(_speakable(words), voice=FALLBACK_VOICE, language="en-GB")
    return str(response)


def ring_out(number: str, our_number: str, action: str, seconds: int) -> str:
    """Ring a caller for an adviser who is on the phone, showing the line's own number."""
    response = VoiceResponse()
    response.dial(number, action=_speakable(action), method="POST", timeout=seconds, caller_id=_speakable(our_number))
    return str(response)


def say_and_end(words: str) -> str:
    response = VoiceResponse()
    response.say(_speakable(words), voice=FALLBACK_VOICE, language="en-GB")
    response.hangup()
    return str(response)


def text_back(words: str) -> str:
    """The reply to an incoming text: a text with these words, or none."""
    response = MessagingResponse()
    if words:
        response.message(_speakable(words))
    return str(response)


def hang_up() -> str:
    response = VoiceResponse()
    response.hangup()
    return str(response)
