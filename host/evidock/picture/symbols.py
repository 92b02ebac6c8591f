"""Signs beside words: verdicts, answers and severities, the flag of a mark, the number of a finding.

Each verdict has an outline of its own (disc, broken ring, lozenge, disc with a quarter missing, triangle, octagon).
"""

from evidock.report import Authenticity, Completeness, Finding, Provenance, Severity, Verdict

from .markup import Markup, element, join, write
from .shapes import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, VERMILION

COLOURS = {
    Verdict.VERIFIED: GREEN,
    Verdict.VERIFIED_DECLARED_GAPS: GREEN,
    Verdict.INDETERMINATE: BLUE,
    Verdict.INCOMPLETE: ORANGE,
    Verdict.UNTRUSTED: PURPLE,
    Verdict.ALTERED: VERMILION,
}
_ANSWERS: dict[Authenticity | Provenance | Completeness, Verdict] = {
    Authenticity.INTACT: Verdict.VERIFIED,
    Authenticity.ALTERED: Verdict.ALTERED,
    Authenticity.UNKNOWN: Verdict.INDETERMINATE,
    Provenance.TRUSTED: Verdict.VERIFIED,
    Provenance.UNPINNED: Verdict.UNTRUSTED,
    Provenance.UNTRUSTED: Verdict.UNTRUSTED,
    Completeness.COMPLETE: Verdict.VERIFIED,
    Completeness.DECLARED_GAPS: Verdict.VERIFIED_DECLARED_GAPS,
    Completeness.UNKNOWN: Verdict.INDETERMINATE,
    Completeness.INCOMPLETE: Verdict.INCOMPLETE,
}


def of_verdict(verdict: Verdict, x: float, y: float, r: float) -> Markup:
    """The sign of a verdict, of radius `r` around (x, y)."""
    colour = COLOURS[verdict]
    tick = f"M{x - r * 0.42:.2f},{y + r * 0.04:.2f}l{r * 0.3:.2f},{r * 0.34:.2f}l{r * 0.56:.2f},{-r * 0.68:.2f}"
    if verdict is Verdict.VERIFIED:
        return join(element("circle", cx=x, cy=y, r=r, fill=colour), _stroke(tick, "#FFFFFF", r * 0.24))
    if verdict is Verdict.VERIFIED_DECLARED_GAPS:
        return join(_ring(x, y, r * 0.88, colour, r * 0.2, r * 1.16), _stroke(tick, colour, r * 0.24))
    if verdict is Verdict.INDETERMINATE:
        half = r * 1.1
        lozenge = f"M{x:.2f},{y - half:.2f}l{half:.2f},{half:.2f}l{-half:.2f},{half:.2f}l{-half:.2f},{-half:.2f}z"
        return join(element("path", d=lozenge, fill=colour), _sign("?", x, y, r * 1.3))
    if verdict is Verdict.INCOMPLETE:
        three_quarters = f"M{x:.2f},{y:.2f}V{y - r:.2f}A{r:.2f},{r:.2f} 0 1 0 {x + r:.2f},{y:.2f}z"
        pen = {"fill": colour, "stroke": INK, "stroke_width": r * 0.07}
        return join(_ring(x, y, r * 0.96, INK, r * 0.07, r * 0.2), element("path", d=three_quarters, **pen))
    if verdict is Verdict.UNTRUSTED:
        triangle = f"M{x:.2f},{y - r:.2f}l{r * 1.1:.2f},{r * 1.9:.2f}h{-r * 2.2:.2f}z"
        return join(
            element("path", d=triangle, fill=colour, stroke=INK, stroke_width=r * 0.07),
            _sign("!", x, y + r * 0.3, r * 1.2, INK),
        )
    cut, arm = r * 0.414, r * 0.4
    corners = [(-cut, -r), (cut, -r), (r, -cut), (r, cut), (cut, r), (-cut, r), (-r, cut), (-r, -cut)]
    octagon = element("polygon", points=" ".join(f"{x + a:.2f},{y + b:.2f}" for a, b in corners), fill=colour)
    cross = f"M{x - arm:.2f},{y - arm:.2f}l{arm * 2:.2f},{arm * 2:.2f}m0,{-arm * 2:.2f}l{-arm * 2:.2f},{arm * 2:.2f}"
    return join(octagon, _stroke(cross, "#FFFFFF", r * 0.26))


def of_answer(answer: Authenticity | Provenance | Completeness, x: float, y: float, r: float) -> Markup:
    """The sign of one of the three answers: that of the verdict it leads to."""
    return of_verdict(_ANSWERS[answer], x, y, r)


def of_finding(finding: Finding, x: float, y: float, r: float) -> Markup:
    """The sign of the verdict that a finding forces, or else of its severity."""
    if finding.verdict is not None:
        return of_verdict(finding.verdict, x, y, r)
    if finding.severity in (Severity.WARNING, Severity.ERROR):
        return of_verdict(Verdict.UNTRUSTED, x, y, r)
    return join(element("circle", cx=x, cy=y, r=r, fill=GREY), _sign("i", x, y, r * 1.4))


def flag(x: float, foot: float, tip: float) -> Markup:
    """A mark: a pole from `foot` up to `tip`, with a pennant."""
    pole = element("path", d=f"M{x:.2f},{foot:.2f}V{tip:.2f}", stroke=INK, stroke_width=1.3)
    return join(pole, element("path", d=f"M{x:.2f},{tip:.2f}l9,4.5l-9,4.5z", fill=INK))


def moment(x: float, y: float) -> Markup:
    """A finding at one moment of a lane: a lozenge."""
    return element("path", d=f"M{x:.2f},{y - 8:.2f}l7,8l-7,8l-7,-8z", fill="#FFFFFF", stroke=INK, stroke_width=2)


def number(x: float, y: float, count: int) -> Markup:
    """The number of a finding, white in a black disc around (x, y)."""
    size = 11.0 if count < 10 else 9.5 if count < 100 else 7.5
    return join(element("circle", cx=x, cy=y, r=8, fill=INK), _sign(str(count), x, y, size))


def _sign(sign: str, x: float, y: float, size: float, fill: str = "#FFFFFF") -> Markup:
    return write(x, y + size * 0.36, sign, size=size, weight="bold", fill=fill, anchor="middle")


def _stroke(path: str, colour: str, width: float) -> Markup:
    pen = {
        "fill": "none",
        "stroke": colour,
        "stroke_width": width,
        "stroke_linecap": "round",
        "stroke_linejoin": "round",
    }
    return element("path", d=path, **pen)


def _ring(x: float, y: float, r: float, colour: str, width: float, dash: float) -> Markup:
    pen = {
        "fill": "#FFFFFF",
        "stroke": colour,
        "stroke_width": width,
        "stroke_dasharray": f"{dash:.2f} {dash * 0.24:.2f}",
    }
    return element("circle", cx=x, cy=y, r=r, **pen)
