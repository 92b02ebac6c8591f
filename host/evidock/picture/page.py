"""The HTML page: the picture, then findings, recorders and limits as text to search, copy and read aloud."""

from evidock import vouched
from evidock.report import Finding, Report

from . import gaps
from .blocks import describe_head, in_force, made
from .drawing import Drawing, located
from .markup import Markup, element
from .sheet import FONTS, draw

# The second lock on the door: even markup that slipped through could load nothing and run nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = f"""
body {{ margin: 0 auto; max-width: 1200px; padding: 0 0 2rem; color: #111; background: #fff; font: 15px/1.45 {FONTS}; }}
svg {{ display: block; width: 100%; height: auto; }}
section {{ padding: 0 28px; }}
h2 {{ font-size: 1.15rem; margin: 1.6rem 0 .5rem; }}
table {{ border-collapse: collapse; width: 100%; font-size: .9rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .6rem; border-top: 1px solid #bbb; }}
th, td {{ overflow-wrap: anywhere; }}
code {{ font-size: .9em; overflow-wrap: anywhere; }}
td code {{ white-space: nowrap; }}
td:last-child {{ min-width: 19em; }}
@media print {{ tr, li {{ break-inside: avoid; }} svg {{ break-inside: auto; }} }}
"""


def draw_html(report: Report, lang: str = "en") -> str:
    """The timeline of `report` as a complete HTML page in `lang` (`en` or `zh`). Raises KeyError for another one."""
    drawing = Drawing.of(report, lang)
    verdict = drawing.call("verdict", report.headline)
    simulated = f" – {drawing.say('simulated')}" if report.simulated else ""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", drawing.say("pair", name=drawing.say("title"), value=verdict) + simulated),
        element("style", Markup(STYLE)),
    )
    body = element(
        "body",
        draw(drawing, whole=False),
        _gaps(drawing),
        _owed(drawing),
        _findings(drawing),
        _recorders(drawing),
        _limits(drawing),
        _footer(drawing),
    )
    tongue = "zh-Hans" if lang == "zh" else "en"
    return "<!DOCTYPE html>\n" + element("html", head, body, lang=tongue, xmlns="http://www.w3.org/1999/xhtml") + "\n"


def _gaps(drawing: Drawing) -> Markup:
    rows = [[gaps.when(drawing, gap), drawing.call("gap", gap.verdict.value), gap.text] for gap in drawing.report.gaps]
    return _table(drawing, "gaps", ("when", "verdict", "what"), rows)


def _owed(drawing: Drawing) -> Markup:
    rows = [[drawing.call("duty", one.what.value), gaps.since(drawing, one), one.text] for one in drawing.report.owed]
    return _table(drawing, "owed", ("owed", "when", "what"), rows)


def _table(drawing: Drawing, title: str, names: tuple[str, ...], rows: list[list[str]]) -> Markup:
    """A section with a table, or nothing when there is nothing to say."""
    if not rows:
        return Markup()
    head = element("thead", element("tr", *(element("th", drawing.say(name), scope="col") for name in names)))
    body = element("tbody", *(element("tr", *(element("td", cell) for cell in row)) for row in rows))
    return element("section", element("h2", drawing.say(title)), element("table", head, body))


def _findings(drawing: Drawing) -> Markup:
    title = element("h2", drawing.say("findings"))
    if not drawing.findings:
        return element("section", title, element("p", drawing.say("findings.none")))
    names = ["#", *(drawing.say(key) for key in ("code", "severity", "finding", "location"))]
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in names)))
    rows = [_row(drawing, number, finding) for number, finding in enumerate(drawing.findings, 1)]
    return element("section", title, element("table", head, element("tbody", *rows)))


def _row(drawing: Drawing, number: int, finding: Finding) -> Markup:
    attack = [Markup("<br/>"), f"AT-{finding.attack}"] if finding.attack is not None else []
    forced = [Markup("<br/>"), drawing.call("verdict", finding.verdict.value)] if finding.verdict is not None else []
    return element(
        "tr",
        element("td", str(number)),
        element("td", element("code", finding.code), *attack),
        element("td", drawing.call("severity", finding.severity.value), *forced),
        element("td", element("strong", drawing.call("finding", finding.code)), Markup("<br/>"), finding.text),
        element("td", *(element("div", part) for part in located(drawing, finding))),
    )


def _recorders(drawing: Drawing) -> Markup:
    items: list[Markup] = []
    for device in drawing.devices:
        words = [device.model, device.serial, drawing.call("protection", device.protection)]
        words += [drawing.say("simulated")] if device.simulated else []
        lines = [" · ".join(word for word in words if word), describe_head(drawing, device)]
        lines += vouched.lines(drawing.report, device, drawing.moment, drawing.lang)
        lines += [in_force(drawing, device)] if device.settings else []
        items.append(
            element("li", element("code", device.id), *(part for line in lines for part in (Markup("<br/>"), line)))
        )
    words = " · ".join(made(drawing, list(drawing.report.trusted)))
    told = [element("p", words)] if words else []
    return (
        element("section", element("h2", drawing.say("devices")), element("ul", *items), *told) if items else Markup()
    )


def _limits(drawing: Drawing) -> Markup:
    items = [element("li", sentence) for sentence in drawing.report.unproven]
    return element("section", element("h2", drawing.say("unproven")), element("ul", *items)) if items else Markup()


def _footer(drawing: Drawing) -> Markup:
    return element("section", element("p", element("small", drawing.say("footer"))))
