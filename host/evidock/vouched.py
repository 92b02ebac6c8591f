"""Who vouches for a recorder, in words: its organisation, who enrolled it, its state in the registry, time stamps.

Specification: "Verification of a chain" (provenance, time stamps). The terminal and the picture say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from evidock import language
from evidock.report import DeviceReport, Report, Stamp

_NAME = 64  # characters of a name that a certificate gives


def lines(report: Report, device: DeviceReport, when: Callable[[float], str], lang: str) -> list[str]:
    """One sentence on provenance and one on time stamps, as far as the report knows of either; `when` writes Unix
    seconds as their reader does.
    """
    parts: list[str] = []
    if device.organisation is not None:
        shown = _short(device.organisation)
        if device.organisation in report.trusted:
            parts.append(language.text("vouched.organisation.trusted", lang, fingerprint=shown))
        else:
            parts.append(language.text("vouched.organisation.claimed", lang, fingerprint=shown))
    if device.enrolled_by is not None:
        name = _printable(device.enroller)
        host = _short(device.enrolled_by)
        if name:
            parts.append(language.text("vouched.enrolled.named", lang, name=name, host=host))
        else:
            parts.append(language.text("vouched.enrolled", lang, host=host))
    if device.registry is not None:
        state = language.name("registry", device.registry, lang)
        parts.append(language.text("vouched.registry", lang, state=state))
    told = [" · ".join(parts)] if parts else []
    return [*told, *_stamped(device.stamps, when, lang)]


def _stamped(stamps: tuple[Stamp, ...], when: Callable[[float], str], lang: str) -> list[str]:
    """What the newest stamp proves, and how many there are. Whoever signed an unchecked one is not named."""
    if not stamps:
        return []
    best = next((stamp for stamp in stamps if stamp.checked and stamp.latest is not None), None)
    if best is None or best.latest is None:
        return [language.text("vouched.stamp.unchecked", lang, size=stamps[0].head_size, count=len(stamps))]
    values = {"size": best.head_size, "time": when(ceil(best.latest)), "authority": _printable(best.authority)}
    return [language.text("vouched.stamp", lang, count=len(stamps), **values)]


def _short(fingerprint: str) -> str:
    """The first sixteen digits, in fours; the JSON form has all."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, min(16, len(fingerprint)), 4))


def _printable(text: str) -> str:
    clean = "".join(one if one.isprintable() else "\ufffd" for one in text)
    return clean if len(clean) <= _NAME else clean[: _NAME - 1] + "…"
