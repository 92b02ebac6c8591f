"""The catalogue of sentences that people read, in English and Chinese, and the choice between the two.

The data is `languages/en.json` and `languages/zh.json`: one flat object, key to sentence, `{name}` for a value. A key
begins with who uses it (`picture.`, `cli.`) or with the family it names (`state.`, `cause.`, `finding.`). Codes are
never translated.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "zh")


def choose(option: str | None, environment: Mapping[str, str]) -> str:
    """The language to speak: `option` if the user gave one, else what the locale in `environment` says, else English.

    Raises ValueError for an option that is not in LANGUAGES.
    """
    if option is not None:
        if option not in LANGUAGES:
            raise ValueError(f"language {option!r} is not one of {', '.join(LANGUAGES)}")
        return option
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):  # POSIX: the first one that is set decides
        if environment.get(name):
            return "zh" if environment[name].lower().startswith("zh") else "en"
    return "en"


def text(key: str, lang: str, **values: object) -> str:
    """The sentence for `key` in `lang`, with `values` filled in. Raises KeyError for an unknown key, language or
    missing value."""
    return _catalogue(lang)[key].format(**values)


def name(family: str, code: str, lang: str) -> str:
    """What `lang` calls `code` of a family (`cause`, `state`, `finding` …); the code itself when the catalogue has
    none, because private-use codes reach a report too."""
    return _catalogue(lang).get(f"{family}.{code}", code)


@cache
def _catalogue(lang: str) -> dict[str, str]:
    if lang not in LANGUAGES:
        raise KeyError(lang)
    folder = files("evidock") / "languages"
    sentences: dict[str, str] = {}
    for name in (f"{lang}.json", f"verification.{lang}.json"):  # the second: one sentence for each finding
        sentences |= json.loads((folder / name).read_text(encoding="utf-8"))
    return sentences
