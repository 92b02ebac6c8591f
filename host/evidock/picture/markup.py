"""Building XML so that text can never turn into markup, and fitting text into a width without font metrics.

Grammar of what may stand in a document: XML 1.0 (Fifth Edition), "Characters".
"""

import re
import unicodedata
from html import escape

# What XML forbids, and the marks that reorder or hide text on screen (Unicode UAX #9, "Directional Formatting
# Characters"): a file name must not be able to read as another one.
_UNFIT = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
_HIDING = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


class Markup(str):
    """Text that is markup already. Everything else is escaped on its way into an element."""

    __slots__ = ()


def visible(text: str) -> str:
    """`text` with each character that XML forbids, or that would hide or reorder text, replaced by U+FFFD."""
    return _HIDING.sub("\ufffd", _UNFIT.sub("\ufffd", text))


def element(tag: str, *content: str, **attributes: str | float | None) -> Markup:
    """One element. In attribute names `_` stands for `-`; None leaves the attribute out."""
    written = "".join(
        f' {key.replace("_", "-")}="{_value(value)}"' for key, value in attributes.items() if value is not None
    )
    inside = "".join(part if isinstance(part, Markup) else escape(visible(part)) for part in content)
    return Markup(f"<{tag}{written}>{inside}</{tag}>" if inside else f"<{tag}{written}/>")


def join(*parts: Markup) -> Markup:
    """Elements one after the other, a line each."""
    return Markup("\n".join(part for part in parts if part))


def write(
    x: float,
    y: float,
    text: str,
    *,
    size: float = 13,
    weight: str | None = None,
    fill: str = "#111",
    anchor: str | None = None,
    family: str | None = None,
) -> Markup:
    """One line of text on the baseline (x, y), which it begins, or with `anchor` has as its `middle` or `end`."""
    pen = {"fill": fill, "font_weight": weight, "text_anchor": anchor, "font_family": family}
    return element("text", text, x=x, y=y, font_size=size, **pen)


def width_of(text: str, size: float = 13, weight: str | None = None) -> float:
    """About how wide `text` is in units of the drawing; a little too wide rather than too narrow."""
    total = sum(_width_of_character(character) for character in text)
    return total * size * (1.08 if weight == "bold" else 1.0)


def wrap(text: str, width: float, size: float = 13, limit: int = 6) -> list[str]:
    """`text` in lines no wider than `width`, at most `limit` of them; an ellipsis stands for what does not fit."""
    lines, line = [""], ""
    for piece in re.findall(r"\s+|[\u2e80-\uffef]|[^\s\u2e80-\uffef]{1,24}", visible(text)):
        blank = piece.isspace()
        if line and width_of(line + piece, size) > width and not blank:
            lines.append("")
            line = ""
        line = line + piece if line or not blank else line
        lines[-1] = line.rstrip()
        if len(lines) > limit:
            return [*lines[: limit - 1], lines[limit - 1] + " …"]
    return lines


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return escape(visible(value))
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _width_of_character(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in "iljtfrI.,:;|'!()[]- ·":
        return 0.31
    if character in "mwMW@%—…→":
        return 0.9
    return 0.68 if character.isupper() else 0.56
