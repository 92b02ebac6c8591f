"""How each state looks on a lane. Shape tells states apart and colour only repeats it: a print in grey is enough.

Colours are those of Okabe and Ito, "Color Universal Design" (2008), which colour-blind readers can tell apart.
"""

from collections.abc import Callable

from evidock.report import Span, State

from .markup import Markup, element, join

BLUE, SKY, GREEN, ORANGE, VERMILION, PURPLE = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7"
INK, GREY, SILVER, PALE, FAINT = "#111111", "#595959", "#8A8A8A", "#D9D9D9", "#F3F3F0"
IDLE = "idle"
IDLE_CAUSES = ("standby", "off")
UNPLACED = "unplaced"
UNPLACED_CAUSES = ("clock_lost", "clock_unset")
LOOKS = tuple(
    look for state in State for look in ((state.value, IDLE, UNPLACED) if state is State.DECLARED else (state.value,))
)
TALL = 20.0  # a lane with room for signs inside its shapes
NARROWEST = 7.0  # a second in a day must still be seen
WIDTH, MARGIN = 1200.0, 28.0
LEFT, RIGHT = 186.0, WIDTH - MARGIN  # the lanes, right of the names of the recorders


def look_of(span: Span) -> str:
    """The look of a span: its state, except that standby and off between recordings are `idle` and drawn quietly, and
    time in whose place starts of the recorder lie that have none is `unplaced`: nobody declared it.
    """
    if span.state is not State.DECLARED:
        return span.state.value
    return IDLE if span.cause in IDLE_CAUSES else UNPLACED if span.cause in UNPLACED_CAUSES else span.state.value


def draw(look: str, x: float, y: float, width: float, height: float) -> Markup:
    """A span `width` long on a lane of `height` whose top is at `y`."""
    if look not in (IDLE, State.RECORDED.value) and width < NARROWEST:
        x, width = x - (NARROWEST - width) / 2, NARROWEST
    return _SHAPES[look](x, y, width, height)


def definitions() -> Markup:
    """The hatchings that the shapes use."""
    rising = "M-1,1l2,-2M0,7l7,-7M6,8l2,-2"
    falling = "M-2,-2l14,14M-2,8l4,4M8,-2l4,4"
    return element(
        "defs",
        _hatching("recovered", 7, SKY, element("path", d=rising, stroke=INK, stroke_width=1.3)),
        _hatching("post-close", 7, "#FFFFFF", element("circle", cx=3.5, cy=3.5, r=1.5, fill=BLUE)),
        _hatching("exempt", 6, "#FFFFFF", element("path", d="M3,0v6", stroke=GREEN, stroke_width=1.2)),
        _hatching("disposed", 6, "#FFFFFF", element("path", d="M0,3h6", stroke=SILVER, stroke_width=1.2)),
        _hatching("unplaced", 8, "#FFFFFF", element("path", d="M0,4h4M4,0v4", stroke=GREY, stroke_width=1.2)),
        _hatching("unexplained", 10, "#FFFFFF", element("path", d=falling, stroke=VERMILION, stroke_width=2.4)),
        element("clipPath", element("rect", x=LEFT, y=0, width=RIGHT - LEFT, height=100000), id="evidock-lanes"),
        _hatching("simulated", 7, "#FFFFFF", element("path", d=rising, stroke=PALE, stroke_width=2)),
    )


def _hatching(name: str, size: float, ground: str, *lines: Markup) -> Markup:
    base = element("rect", width=size, height=size, fill=ground)
    return element(
        "pattern", base, *lines, id=f"evidock-{name}", width=size, height=size, patternUnits="userSpaceOnUse"
    )


def _recorded(x: float, y: float, width: float, height: float) -> Markup:
    return element("rect", x=x, y=y, width=max(width, 1.5), height=height, fill=BLUE)


def _recovered(x: float, y: float, width: float, height: float) -> Markup:
    top = y + height * 0.35
    pen = {"fill": "url(#evidock-recovered)", "stroke": INK, "stroke_width": 1}
    return element("rect", x=x, y=top, width=width, height=height * 0.65, **pen)


def _post_close(x: float, y: float, width: float, height: float) -> Markup:
    pen = {"fill": "url(#evidock-post-close)", "stroke": BLUE, "stroke_width": 1.8}
    return element("rect", x=x, y=y + height * 0.2, width=width, height=height * 0.8, **pen)


def _declared(x: float, y: float, width: float, height: float) -> Markup:
    middle, cap = y + height / 2, height * 0.32
    caps = f"M{x + 0.8:.2f},{middle - cap:.2f}v{cap * 2:.2f}M{x + width - 0.8:.2f},{middle - cap:.2f}v{cap * 2:.2f}"
    return join(
        element("rect", x=x, y=middle - 2.5, width=width, height=5, fill=ORANGE),
        element("path", d=caps, stroke=INK, stroke_width=1.6),
    )


def _idle(x: float, y: float, width: float, height: float) -> Markup:
    return element("path", d=f"M{x:.2f},{y + height / 2:.2f}h{width:.2f}", stroke=SILVER, stroke_width=1.6)


def _unplaced(x: float, y: float, width: float, height: float) -> Markup:
    pen = {"fill": "url(#evidock-unplaced)", "stroke": GREY, "stroke_width": 1.6, "stroke_dasharray": "2 3"}
    box = element("rect", x=x, y=y + height * 0.12, width=width, height=height * 0.76, **pen)
    if width <= 26 or height <= TALL:
        return box
    middle, centre, r = x + width / 2, y + height / 2, height * 0.28
    face = element("circle", cx=middle, cy=centre, r=r, fill="#FFFFFF", stroke=GREY, stroke_width=1.6)
    hands = f"M{middle:.2f},{centre - r * 0.6:.2f}V{centre:.2f}h{r * 0.5:.2f}"
    return join(box, face, element("path", d=hands, fill="none", stroke=INK, stroke_width=1.4))


def _exempt(x: float, y: float, width: float, height: float) -> Markup:
    pen = {"fill": "url(#evidock-exempt)", "stroke": GREEN, "stroke_width": 1.8, "rx": 4}
    box = element("rect", x=x, y=y + height * 0.22, width=width, height=height * 0.56, **pen)
    return join(
        box,
        _glyph("§", x + width / 2, y + height / 2, height * 0.26, GREEN) if width > 26 and height > TALL else Markup(),
    )


def _withheld(x: float, y: float, width: float, height: float) -> Markup:
    box = element("rect", x=x, y=y + height * 0.1, width=width, height=height * 0.8, fill="#B5B5B5", stroke=GREY)
    middle, foot = x + width / 2, y + height * 0.52
    lock = join(
        element("rect", x=middle - 6, y=foot - 2, width=12, height=9, rx=1.5, fill=INK),
        element(
            "path",
            d=f"M{middle - 3.5:.2f},{foot - 2:.2f}v-3a3.5,3.5 0 0 1 7,0v3",
            fill="none",
            stroke=INK,
            stroke_width=2,
        ),
    )
    return join(box, lock if width > 18 and height > TALL else Markup())


def _pending(x: float, y: float, width: float, height: float) -> Markup:
    pen = {"fill": "#FFFFFF", "stroke": INK, "stroke_width": 1.5, "stroke_dasharray": "6 4"}
    box = element("rect", x=x, y=y + height * 0.15, width=width, height=height * 0.7, **pen)
    dots = [element("circle", cx=x + width / 2 + shift, cy=y + height / 2, r=2, fill=INK) for shift in (-7, 0, 7)]
    return join(box, *(dots if width > 26 else []))


def _disposed(x: float, y: float, width: float, height: float) -> Markup:
    pen = {"fill": "url(#evidock-disposed)", "stroke": SILVER, "stroke_width": 1.2}
    box = element("rect", x=x, y=y + height * 0.22, width=width, height=height * 0.56, **pen)
    middle, top = x + width / 2, y + height / 2 - 7
    can = f"M{middle - 6:.2f},{top + 3:.2f}h12m-8,0v-3h4v3m-6.5,0l1,11h7l1,-11"
    bin_ = join(
        element("circle", cx=middle, cy=y + height / 2, r=10, fill="#FFFFFF"),
        element("path", d=can, fill="none", stroke=INK, stroke_width=1.5),
    )
    return join(box, bin_ if width > 26 and height > TALL else Markup())


def _unexplained(x: float, y: float, width: float, height: float) -> Markup:
    teeth, bite = 5 if height > TALL else 2, min(5.0, width / 4)
    step = height / (teeth * 2)
    down = "".join(f"l{bite:.2f},{step:.2f}l{-bite:.2f},{step:.2f}" for _ in range(teeth))
    up = "".join(f"l{-bite:.2f},{-step:.2f}l{bite:.2f},{-step:.2f}" for _ in range(teeth))
    torn = f"M{x:.2f},{y:.2f}{down}H{x + width:.2f}{up}z"
    pen = {"fill": "url(#evidock-unexplained)", "stroke": VERMILION, "stroke_width": 1.8, "stroke_linejoin": "round"}
    if width <= 24 or height <= TALL:
        return element("path", d=torn, **pen)
    mark = _glyph("?", x + width / 2, y + height / 2, min(height * 0.33, 11), VERMILION)
    return join(element("path", d=torn, **pen), mark)


def _altered(x: float, y: float, width: float, height: float) -> Markup:
    out = 4 if height > TALL else 1  # stands out of the lane
    top, tall = y - out, height + 2 * out
    pen = {"fill": "#FFFFFF", "stroke": INK, "stroke_width": 2.6 if height > TALL else 1.6}
    box = element("rect", x=x, y=top, width=width, height=tall, **pen)
    count = max(1, round(width / tall))
    part = width / count
    cross = "".join(
        f"M{x + index * part:.2f},{top:.2f}l{part:.2f},{tall:.2f}m0,{-tall:.2f}l{-part:.2f},{tall:.2f}"
        for index in range(count)
    )
    line = element("path", d=cross, stroke=VERMILION, stroke_width=3.4 if width > 12 and height > TALL else 2)
    return join(box, line)


def _glyph(sign: str, x: float, y: float, r: float, colour: str) -> Markup:
    """A sign in a white disc that cuts it out of a hatching."""
    disc = element("circle", cx=x, cy=y, r=r, fill="#FFFFFF", stroke=colour, stroke_width=1.6)
    pen = {"font_size": r * 1.5, "font_weight": "bold", "text_anchor": "middle", "fill": INK}
    return join(disc, element("text", sign, x=x, y=y + r * 0.54, **pen))


_SHAPES: dict[str, Callable[[float, float, float, float], Markup]] = {
    State.RECORDED.value: _recorded,
    State.RECOVERED.value: _recovered,
    State.POST_CLOSE.value: _post_close,
    State.DECLARED.value: _declared,
    IDLE: _idle,
    UNPLACED: _unplaced,
    State.EXEMPT.value: _exempt,
    State.WITHHELD.value: _withheld,
    State.PENDING.value: _pending,
    State.DISPOSED.value: _disposed,
    State.UNEXPLAINED.value: _unexplained,
    State.ALTERED.value: _altered,
}
