"""Who vouches for a recorder, said as far as it is known, without a name that somebody might have made up."""

import pytest

from evidock import language, vouched
from evidock.report import Answer, Authenticity, Completeness, DeviceReport, Provenance, Report, Stamp, Verdict
from evidock_protocol import names

ORGANISATION = "5e2190ac" * 8
HOST = "9b04" * 16


def said(device: dict[str, object], trusted: tuple[str, ...] = (), lang: str = "en") -> list[str]:
    made = DeviceReport("3f" * 32, 1, None, "none", **device)  # type: ignore[arg-type]
    report = Report(
        Verdict.VERIFIED,
        Answer(Authenticity.INTACT, ""),
        Answer(Provenance.TRUSTED, ""),
        Answer(Completeness.COMPLETE, ""),
        (0.0, 1.0),
        (made,),
        trusted=trusted,
    )
    return vouched.lines(report, made, lambda time: f"<{time}>", lang)


def test_nothing_known_says_nothing() -> None:
    assert said({}) == []


def test_a_trusted_organisation_is_told_from_one_that_is_claimed() -> None:
    assert said({"organisation": ORGANISATION}, (ORGANISATION,)) == ["organisation 5e21 90ac 5e21 90ac, trusted here"]
    assert said({"organisation": ORGANISATION}, (HOST,)) == ["claims organisation 5e21 90ac 5e21 90ac"]


def test_who_enrolled_it() -> None:
    assert said({"enrolled_by": HOST}) == ["enrolled by host 9b04 9b04 9b04 9b04"]
    assert said({"enrolled_by": HOST, "enroller": "front desk"}) == [
        "enrolled by front desk (host 9b04 9b04 9b04 9b04)"
    ]


@pytest.mark.parametrize("lang", language.LANGUAGES)
@pytest.mark.parametrize("state", [name for _number, name in names.REGISTRY_STATES])
def test_every_state_of_the_registry_has_a_word(state: str, lang: str) -> None:
    (line,) = said({"registry": state}, lang=lang)
    assert language.name("registry", state, lang) in line
    assert f"registry.{state}" in language._catalogue(lang)  # pyright: ignore[reportPrivateUsage]


def test_the_largest_stamp_that_was_checked_speaks() -> None:
    stamps = (Stamp(9, 5.0, "mallory", False), Stamp(7, 3.2, "CN=Clocktower", True), Stamp(2, 1.0, "x", True))
    assert said({"stamps": stamps}) == [
        "time stamps: 3; the first 7 entries existed at <4> at the latest, says CN=Clocktower"
    ]


def test_who_signed_an_unchecked_stamp_is_not_named() -> None:
    for stamp in (Stamp(9, 5.0, "mallory", False), Stamp(9, None, "", False)):
        assert said({"stamps": (stamp,)}) == ["time stamps: 1, not checked; the newest is over the first 9 entries"]


def test_names_cannot_move_the_cursor_nor_fill_the_page() -> None:
    (line,) = said({"enrolled_by": HOST, "enroller": "\x1b[2J\n\u202e" + "a" * 10_000})
    assert line.isprintable()
    assert len(line) < 200
