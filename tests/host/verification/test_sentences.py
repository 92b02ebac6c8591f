"""Every code has its sentence in both languages, with the same values."""

import re
import string
from pathlib import Path

import pytest

from evidock import language
from evidock.verification.codes import CODES, WRITTEN_AS

VERIFICATION = Path("host/evidock/verification")


def names_in(sentence: str) -> set[str]:
    return {name for _text, name, _form, _conversion in string.Formatter().parse(sentence) if name}


def test_both_languages_say_the_same() -> None:
    english, chinese = (language._catalogue(lang) for lang in language.LANGUAGES)  # pyright: ignore[reportPrivateUsage]
    ours = [key for key in english if key.startswith("verify.")]
    assert ours
    for key in ours:
        assert names_in(english[key]) == names_in(chinese[key]), key


def test_every_sentence_that_the_code_asks_for_is_there(repository: Path) -> None:
    for file in (repository / VERIFICATION).glob("*.py"):
        for code, rest in re.findall(r'"([A-Z_]+)(\.[a-z_]+)"', file.read_text(encoding="utf-8")):
            if code in CODES:
                for lang in language.LANGUAGES:
                    assert f"verify.{code}{rest}" in language._catalogue(lang)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("lang", language.LANGUAGES)
def test_every_code_has_a_name(lang: str) -> None:
    for code in {WRITTEN_AS.get(code, code) for code in CODES} - {"MORE"}:
        assert language.name("finding", code, lang) != code, code
