"""Which numbers may be rung or texted."""

from __future__ import annotations

import pytest

from ivr import dialling
from ivr.dialling import Number


@pytest.mark.parametrize(
    "raw",
    [
        "", "anonymous", "Anonymous", "RESTRICTED", "unknown", "unavailable", "private", "blocked", "withheld",
        "+266696687", "266696687", "+1266696687", "+7378742833", "+2562533", "+8656696", "+86282452253",
        "sip:anonymous@anonymous.invalid", "+448979000001",
    ],
)  # fmt: skip
def test_a_hidden_number_is_known_in_every_form(raw: str) -> None:
    """Words for 'hidden', the numbers that spell them on a keypad, and carriers' placeholders."""
    assert dialling.judge(raw) == Number("hidden")


@pytest.mark.parametrize(
    ("raw", "verdict"),
    [
        ("999", "emergency"),
        ("112", "emergency"),
        ("12", "malformed"),
        ("07700900", "malformed"),
        ("12345678901", "malformed"),
        ("0116 496 012", "malformed"),
        ("0909 879 0123", "premium"),
        ("0844 579 0123", "premium"),
        ("070 1234 5678", "premium"),
        ("0800 013 0014", "freephone"),
        ("0300 123 3393", "body"),
        ("+44 300 123 1110", "body"),
        ("+353861234567", "foreign"),
        ("00353861234567", "foreign"),
        ("abc", "malformed"),
        # An extension that is left out would ring a switchboard, and letters would become other digits.
        ("0116 496 0123 ext 12", "more"),
        ("0116 496 0123 x12", "more"),
        ("0116 496 0123,12", "more"),
        ("0116 496 0123#12", "more"),
        ("0116 FLOWERS", "more"),
        ("07700 9OO123", "malformed"),
        ("07700 900123 or 0116 496 0123", "malformed"),
    ],
)
def test_a_number_we_cannot_ring_is_known_by_its_reason(raw: str, verdict: str) -> None:
    assert dialling.judge(raw).verdict == verdict


@pytest.mark.parametrize(
    ("raw", "e164", "mobile"),
    [
        ("0116 496 0123", "+441164960123", False),
        ("+441164960123", "+441164960123", False),
        ("07700900123", "+447700900123", True),
        ("00447700900123", "+447700900123", True),
        ("0333 234 5678", "+443332345678", False),
        ("+44 (0)116 496 0123", "+441164960123", False),
        ("0116.496.0123", "+441164960123", False),
        ("(0116) 496-0123", "+441164960123", False),
        ("Mobile: 07700 900123", "+447700900123", True),
        ("\u202a07700\u00a0900123\u202c", "+447700900123", True),
        ("\u200b07700 900\u2011123", "+447700900123", True),
        ("０７７００ ９００１２３", "+447700900123", True),
        ("૦૭૭૦૦ ૯૦૦૧૨૩", "+447700900123", True),
        ("٠٧٧٠٠٩٠٠١٢٣", "+447700900123", True),
    ],
)
def test_a_number_here_is_fine_and_known_to_be_mobile_or_not(raw: str, e164: str, mobile: bool) -> None:
    assert dialling.judge(raw) == Number("fine", e164, mobile)


def test_a_number_is_written_as_people_here_write_it() -> None:
    assert dialling.national("+441164960123") == "0116 496 0123"
    assert dialling.national("+447700900123") == "07700 900123"


@pytest.mark.parametrize("phone", ["0116 496 0123", "0044 116 496 0123", "+44 116 496 0123"])
def test_a_number_is_dialled_alike_however_it_is_written(phone: str) -> None:
    assert dialling.international(phone) == "+441164960123"
    assert dialling.same("+441164960123", [phone])


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("07700 900123", "+447700900123"),
        ("0800 1111", "+448001111"),
        ("0808 802 0008", "+448088020008"),
        ("0909 879 0001", "+449098790001"),
        ("+33 1 23 45 67 89", "+33123456789"),
        ("+44770090012", "+44770090012"),
        ("0770090012", ""),
        ("12", ""),
        ("999", ""),
        ("anonymous", ""),
        ("+266696687", ""),
        ("a person", ""),
    ],
)
def test_a_phone_is_known_by_its_number_also_where_we_would_not_ring_it(written: str, known: str) -> None:
    """To block it, or to delete what is kept of it. A slip of the pen is no number."""
    assert dialling.written(written) == known


def test_a_hidden_caller_is_none_of_the_phones_that_are_known() -> None:
    assert not dialling.same("", ["07700 900123", "x"])
    assert not dialling.same("anonymous", ["07700 900123", "x"])
    assert not dialling.same("+447700900124", ["07700 900123"])


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("07700900456", "+447700900456"),
        ("7700900456", "+447700900456"),
        ("00447700900456", "+447700900456"),
        ("004407700900456", "+447700900456"),
        ("447700900456", "+447700900456"),
        ("2575027", "+441162575027"),
    ],
)
def test_a_keyed_number_is_understood_however_people_here_give_it(digits: str, number: str) -> None:
    """Without the area's code it is the area of our own number."""
    assert dialling.keyed(digits, "0116 496 0123").e164 == number


@pytest.mark.parametrize(
    ("digits", "verdict"),
    [
        ("12", "short"),
        ("0770090045", "short"),
        ("257502", "short"),
        ("077009004567", "long"),
        ("004477009004567", "long"),
        ("01110000000", "malformed"),
        ("0035312345678", "foreign"),
        ("999", "emergency"),
    ],
)
def test_what_is_no_number_is_told_apart(digits: str, verdict: str) -> None:
    assert dialling.keyed(digits, "0116 496 0123").verdict == verdict


def test_without_an_area_of_ours_a_local_number_is_too_short() -> None:
    assert dialling.keyed("2575027", "07700 900123").verdict == "short"
