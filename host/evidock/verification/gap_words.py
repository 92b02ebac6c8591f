"""A gap in words: what happened, how long, and what the recorder's figures say of it.

Specification: "Verification of a chain", Gaps and Telemetry. Sentences are in `languages/verification.*.json`.
"""

from __future__ import annotations

from collections.abc import Mapping

from evidock import language
from evidock.report import Gap, GapVerdict

_LACKS = ("coverage_hole", "audio_missing", "picture_missing")


def sentence(gap: Gap, lang: str, may_speak: bool = False) -> str:
    """One sentence, or two: what happened, and what the recorder's figures say of it. `may_speak`: what went on still
    runs, so a voice may come yet.
    """
    key = gap.verdict.value
    if gap.verdict is GapVerdict.UNDECLARED:
        key = f"undeclared.{gap.cause}" if gap.cause in _LACKS else "undeclared.not_known"
    elif gap.verdict is GapVerdict.NON_TECHNICAL and gap.resumed is None:
        key = "non_technical.alone"
    elif gap.verdict is GapVerdict.EXEMPT and gap.recording is None:
        key = "exempt.idle"
    elif gap.verdict is GapVerdict.TECHNICAL_UNEXPLAINED and gap.resumed is None:
        key = "technical_unexplained.alone"
    elif gap.verdict is GapVerdict.TECHNICAL_UNEXPLAINED and may_speak:
        key = "technical_unexplained.yet"
    words = language.text(
        f"verify.gap.{key}",
        lang,
        recording=gap.recording,
        resumed=gap.resumed,
        cause=language.name("cause", gap.cause, lang),
        seconds=length(gap.seconds, lang),
    )
    told, says = telemetry(gap.telemetry, lang), gap.telemetry.get("says")
    if says is None or (gap.verdict is GapVerdict.CONTRADICTED and not told):
        return words
    bare = "" if told else ".bare"
    return words + language.text(f"verify.telemetry.{says}{bare}", lang, told=told)


def telemetry(told: Mapping[str, str | int | None], lang: str) -> str:
    """The figures in words: battery 78 %, room on the card 12 MiB."""
    shown = {name: value for name, value in told.items() if name != "says"}
    parts = [_figure(*one, lang) for one in shown.items() if one[1] is not None or one[0] in ("faults", "reset")]
    return language.text("verify.list", lang).join(parts)


def _figure(name: str, value: str | int | None, lang: str) -> str:
    if name == "temperature" and isinstance(value, int):
        shown = f"{value / 10:.1f}"
    elif name == "storage_free" and isinstance(value, int):
        shown = f"{value / 1024:.1f}"
    elif name == "reset":
        shown = language.name("reset", "none" if value is None else str(value), lang)
    elif name == "faults":
        whats = [] if value is None else str(value).split(", ")
        shown = language.text("verify.list", lang).join(language.name("fault", what, lang) for what in whats)
        shown = shown or language.text("verify.telemetry.none", lang)
    elif name in ("medium", "lost"):
        return language.text(f"verify.telemetry.{name}.{value}", lang)
    else:
        shown = str(value)
    return language.text(f"verify.telemetry.{name}", lang, value=shown)


def length(seconds: tuple[float, float | None], lang: str) -> str:
    """12.0 s; 10–14 s; at least 10 s."""
    least, most = seconds
    if most is None:
        return language.text("verify.seconds.least", lang, least=_number(least))
    if most - least < 0.5:
        return language.text("verify.seconds.exact", lang, least=_number(least))
    return language.text("verify.seconds.between", lang, least=_number(least), most=_number(most))


def _number(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 100 else f"{seconds:.0f}"
