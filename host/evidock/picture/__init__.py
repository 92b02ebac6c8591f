"""The picture of a verification report: a timeline as SVG, alone or inside an HTML page.

Pure functions from a report to text. The result has no scripts and no references to anything outside itself, and text
from the evidence cannot become markup in it.
"""

from .page import draw_html
from .sheet import draw_svg

__all__ = ["draw_html", "draw_svg"]
