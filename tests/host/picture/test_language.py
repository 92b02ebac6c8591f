"""Both catalogues say the same things, and everything that the code says is in them."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import evidock.language
from evidock import language
from evidock.picture.shapes import LOOKS
from evidock.report import Authenticity, Completeness, Duty, GapVerdict, Provenance, Severity, Verdict
from evidock_protocol import names

PACKAGE = Path(evidock.language.__file__).parent


def pairs(lang: str) -> list[tuple[str, str]]:
    """Every key and sentence of a language, from both of its files."""
    folder = PACKAGE / "languages"
    texts = [(folder / name).read_text(encoding="utf-8") for name in (f"{lang}.json", f"verification.{lang}.json")]
    return [pair for text in texts for pair in json.loads(text, object_pairs_hook=list)]


CATALOGUES = {lang: dict(pairs(lang)) for lang in language.LANGUAGES}
# Every code of the attack catalogue.
# fmt: off
FINDINGS = (
    "CONTENT_MISMATCH", "BAD_SIGNATURE", "UNSIGNED_CONTENT", "UNCOVERED_TAIL", "SEGMENT_MISSING", "CHAIN_BREAK",
    "JOURNAL", "MEDIA_LOST", "ORDER", "REPLAY", "HEAD_MISSING", "TAIL_OPEN", "GAP_DECLARED", "RECORDING_MISSING",
    "FORK", "ROLLBACK", "STALE_HEAD", "EQUIVOCATION", "WRONG_DEVICE", "KEY_CHANGE", "EPOCH_VIOLATION", "REVOKED",
    "CLOCK_STEP", "COVERAGE_HOLE", "REASON_CONFLICT", "UNACKED_DELETE", "FIRMWARE_CHANGE", "MALFORMED", "WRONG_TYPE",
    "CUSTODY_BREAK", "STORE_MISMATCH", "INSERTED", "BACKFILL", "RECOVERED_EXCESS", "RECEIPT_UNBACKED", "NO_PIN",
    "UNKNOWN_FORMAT",
)
# fmt: on


def placeholders(sentence: str) -> set[str]:
    return set(re.findall(r"{(\w*)}", sentence))


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    english, chinese = CATALOGUES["en"], CATALOGUES["zh"]
    assert english.keys() == chinese.keys()
    assert {key: placeholders(english[key]) for key in english} == {key: placeholders(chinese[key]) for key in chinese}
    assert all(sentence.strip() for catalogue in CATALOGUES.values() for sentence in catalogue.values())


def test_no_key_is_written_twice() -> None:
    for lang in language.LANGUAGES:
        assert len(pairs(lang)) == len(CATALOGUES[lang])


def used() -> Iterator[str]:
    """Every key that the package asks for by a literal: `text("key", …)`, and `say("key")` of the picture."""
    for source in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            holder = node.func.value if isinstance(node.func, ast.Attribute) else None
            if called == "text" and (holder is None or (isinstance(holder, ast.Name) and holder.id == "language")):
                yield str(node.args[0].value)
            elif called == "say" and source.parent.name == "picture":
                yield f"picture.{node.args[0].value}"


def test_every_key_used_is_defined() -> None:
    keys = set(used())
    assert "picture.overview" in keys  # the search finds something
    assert keys <= CATALOGUES["en"].keys()


@pytest.mark.parametrize(
    ("family", "members"),
    [
        ("state", LOOKS),
        ("verdict", Verdict),
        ("severity", Severity),
        ("gap", GapVerdict),
        ("duty", Duty),
        ("answer", [*Authenticity, *Provenance, *Completeness]),
        ("finding", FINDINGS),
        ("cause", [*(row[1] for row in names.CAUSES), *(row[1] for row in names.EXEMPT_CLASSES), "standby", "off"]),
        ("protection", [row[1] for row in names.PROTECTIONS]),
        ("mark", [row[1] for row in names.MARK_TYPES]),
    ],
)
def test_every_member_of_a_family_has_a_name(family: str, members: list[str]) -> None:
    for member in members:
        assert f"{family}.{member}" in CATALOGUES["en"]


def test_states_and_verdicts_are_explained() -> None:
    for key in [*(f"state.{look}" for look in LOOKS), *(f"verdict.{verdict}" for verdict in Verdict)]:
        assert f"{key}.explanation" in CATALOGUES["en"]


def test_text_fills_in_values_and_refuses_what_it_does_not_know() -> None:
    assert language.text("picture.bytes", "en", start=1, end=2) == "bytes 1–2"
    assert language.text("picture.bytes", "zh", start="{end}", end=2) == "字节 {end}–2"
    for key, lang, values in [("picture.nothing", "en", {}), ("picture.bytes", "fr", {}), ("picture.bytes", "en", {})]:
        with pytest.raises(KeyError):
            language.text(key, lang, **values)


def test_a_code_without_a_name_is_shown_as_it_is() -> None:
    assert language.name("cause", "power_lost", "en") == "power lost"
    assert language.name("cause", "1234", "zh") == "1234"


@pytest.mark.parametrize(
    ("option", "environment", "chosen"),
    [
        ("zh", {"LANG": "en_US.UTF-8"}, "zh"),
        ("en", {"LC_ALL": "zh_CN.UTF-8"}, "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        (None, {"LANG": "en_GB", "LC_ALL": "", "LC_MESSAGES": "zh_TW"}, "zh"),
        (None, {"LANG": "de_DE"}, "en"),
        (None, {}, "en"),
    ],
)
def test_choice_of_language(option: str | None, environment: dict[str, str], chosen: str) -> None:
    assert language.choose(option, environment) == chosen


def test_an_option_that_is_no_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'fr' is not one of en, zh"):
        language.choose("fr", {})


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("violation", "own voice", "somebody spoke", "nobody signed", "nobody gave")),
        ("zh", ("违规", "有人口述", "没有人签名", "没有人说明", "无人签名")),
    ],
)
def test_no_sentence_says_more_than_a_recorder_can_tell(lang: str, words: tuple[str, ...]) -> None:
    """Neither who spoke, nor whether it was speech; not that nobody signed, where a cause does not count; no guilt."""
    for key, text in CATALOGUES[lang].items():
        assert not any(word in text for word in words), (key, text)


def test_chinese_has_one_word_for_a_recording_and_one_for_an_exemption() -> None:
    for key, text in CATALOGUES["zh"].items():
        assert "录制" not in text, (key, text)
        assert "豁免" not in text, (key, text)
