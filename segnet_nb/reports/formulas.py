r"""TeX formulas as images inside the page, rendered by matplotlib: no script and no network.

matplotlib supports most of TeX's mathematics. Formulas that it does not support (matrices, ``cases``)
appear in the page as their TeX source.
"""

from __future__ import annotations

import base64
import html
import io
import re
from functools import cache

import matplotlib
from matplotlib import mathtext
from matplotlib.font_manager import FontProperties

EM_POINTS = 12.0  # formulas are rendered at this size and scaled in em, so they follow the text size

_ALIGNED = re.compile(r"\\begin\{((?:align|gather|equation|split)(?:ed|at)?\*?)\}(.*)\\end\{\1\}", re.S)
_SPELLINGS = (
    (re.compile(r"\\tfrac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\frac\s*(\w)\s*(\w)"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\(le|ge|ne)(?![a-zA-Z])"), r"\\\1q"),
    (re.compile(r"\\[lr]vert(?![a-zA-Z])"), "|"),
    (re.compile(r"\\[lr]Vert(?![a-zA-Z])"), r"\\|"),
    (re.compile(r"\\(?:nonumber|notag|displaystyle|limits|!)(?![a-zA-Z])"), ""),
    (re.compile(r"\\(?:label|tag)\{[^}]*\}"), ""),
    (re.compile(r"\s+"), " "),
)


def formula(tex: str, *, display: bool) -> str:
    r"""Render a formula as an image element with its TeX source as the alternative text.

    Args:
        tex: the source, without the dollar signs around it.
        display: whether it is on a line of its own; rows of ``aligned`` become lines.

    Returns:
        HTML; the escaped source in a ``code`` element if matplotlib cannot render it.

    Example:
        >>> formula(r"\frac{1}{2}", display=False)[:29]
        '<img class="formula" alt="\\fr'
    """
    try:
        # In display formulas fractions are full size.
        rows = [row.replace(r"\frac", r"\dfrac") if display else row for row in _rows(tex)]
        images = [_image(row) for row in rows]
    except ValueError:
        images = [f'<code class="formula">{html.escape(tex.strip())}</code>']
    if not display:
        return images[0] if len(images) == 1 else " ".join(images)
    # Spans, since a formula may be inside a paragraph, where a div is not allowed.
    return "".join(f'<span class="formula-row">{image}</span>' for image in images)


def _rows(tex: str) -> list[str]:
    aligned = _ALIGNED.fullmatch(tex.strip())
    rows = [tex] if aligned is None else re.split(r"\\\\(?:\[[^\]]*\])?", aligned[2])
    rows = [row if aligned is None else re.sub(r"(?<!\\)&", "", row) for row in rows]
    for pattern, replacement in _SPELLINGS:
        rows = [pattern.sub(replacement, row) for row in rows]
    return [row.strip() for row in rows if row.strip()]


@cache
def _image(tex: str) -> str:
    # TeX's fonts, like MathJax in the notebook.
    font = FontProperties(size=EM_POINTS, math_fontfamily="cm")
    buffer, dollars = io.BytesIO(), f"${tex}$"
    with matplotlib.rc_context({"svg.fonttype": "path", "savefig.facecolor": "none"}):
        parsed = mathtext.MathTextParser("path").parse(dollars, dpi=72, prop=font)
        mathtext.math_to_image(dollars, buffer, prop=font, format="svg", color="black")
    height, depth = parsed.height / EM_POINTS, parsed.depth / EM_POINTS
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<img class="formula" alt="{html.escape(tex)}" '
        f'style="height:{height:.3f}em;vertical-align:{-depth:.3f}em" '
        f'src="data:image/svg+xml;base64,{data}"/>'
    )
