"""A notebook as one HTML file that needs no network.

nbconvert's page loads require.js, MathJax, mermaid and the widget manager from other hosts. Here
the blocks that do so are empty, formulas are rendered beforehand, and a content security policy
keeps the browser from fetching anything that an output may still refer to. Scripts of the notebook do not
run, unless it is trusted: a script could leave for another page, and take with it what this one shows.
"""

from __future__ import annotations

import contextlib
import html
import logging
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from traitlets import default

from segnet_nb._shared.errors import UserError
from segnet_nb.reports import sanitizing
from segnet_nb.reports.formulas import formula
from segnet_nb.reports.notebook_files import read_notebook
from segnet_nb.reports.notebook_parameters import TAG, Parameter, parse_parameters
from segnet_nb.reports.widget_views import OWN, KeepWidgets, starter

_log = logging.getLogger("segnet_nb.reports.runner.html")
_log.addHandler(logging.NullHandler())

# Of scripts, only the one that starts a widget runs; `blob:` lets it load the widget's module. A live network
# runs as WebAssembly in a worker.
CONTENT_POLICY = (
    "default-src 'none'; img-src data: blob:; font-src data:; media-src data: blob:; "
    f"style-src 'unsafe-inline'; script-src {sanitizing.source_hash(starter())} blob: 'wasm-unsafe-eval'; "
    "worker-src blob:; form-action 'none'; base-uri 'none'"
)
# For a notebook whose own scripts are trusted: they run, and still nothing is fetched.
TRUSTING_POLICY = (
    "default-src 'none'; img-src data: blob:; font-src data:; media-src data: blob:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline' data: blob: 'wasm-unsafe-eval'; worker-src blob:; "
    "form-action 'none'; base-uri 'none'"
)

TEMPLATE = """\
{%- extends 'index.html.j2' -%}
{%- block html_head -%}
<meta http-equiv="Content-Security-Policy" content="{{ resources.content_policy }}"/>
{{ super() }}
{%- endblock -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}<style>{{ resources.report_style }}</style>{%- endblock -%}
{%- block body_header -%}{{ super() }}{{ resources.report_header }}{%- endblock -%}
"""

STYLE = """\
.report-header { font: 13px/1.5 system-ui, sans-serif; margin: 1em 0 1.5em; padding: .6em 1em;
  border: 1px solid #cfd8dc; border-radius: 4px; background: #f7f9fa; color: #263238; }
.report-header table { border-collapse: collapse; margin: .5em 0; }
.report-header th, .report-header td { text-align: left; padding: .1em 1.2em .1em 0;
  vertical-align: top; }
.report-header .quiet { color: #607d8b; }
.report-header.failed { border-color: #c62828; background: #fdecea; color: #7f1d1d; }
.report-header pre { white-space: pre-wrap; margin: .3em 0; }
.jp-RenderedHTMLCommon img.formula { display: inline; margin: 0; max-width: 100%; }
.formula-row { display: block; text-align: center; margin: .6em 0; }
"""


class DropWidgetState(Preprocessor):
    """Drops the saved state of widgets, since no widget manager in the page reads it.

    Comes last, so that a preprocessor that builds a widget into the page still finds the state.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook without ``metadata.widgets``."""
        nb.metadata.pop("widgets", None)
        return nb, resources


class ReportRenderer(IPythonRenderer):
    """Markdown with rendered formulas; an image on another host becomes a link to it."""

    def block_math(self, body: str) -> str:
        """Render ``$$...$$``."""
        return formula(body, display=True)

    def inline_math(self, body: str) -> str:
        """Render ``$...$``."""
        return formula(body, display=False)

    def latex_environment(self, name: str, body: str) -> str:
        r"""Render ``\begin{...}...\end{...}``."""
        return formula(rf"\begin{{{name}}}{body}\end{{{name}}}", display=True)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Embed a local image."""
        if url.startswith(("http://", "https://", "//")):
            return self.link(text or "image", url, title)
        return super().image(text, url, title)


class ReportExporter(HTMLExporter):
    """nbconvert's page without external resources.

    Args:
        preprocessors: run before the state of the widgets is dropped, for example to replace the output
            of a widget by HTML that works without a kernel.
        trusted: keep scripts, forms and styles of the notebook, instead of removing them.
        **options: traits of nbconvert's exporter.
    """

    def __init__(self, *, preprocessors: tuple[Any, ...] = (), trusted: bool = False, **options: Any) -> None:
        # Otherwise it warns on the terminal about figures without alternative text.
        super().__init__(**{"log": _log, **options})
        self.trusted = trusted
        if not trusted:
            preprocessors = (sanitizing.DrawingsAsImages(), *preprocessors)
        for preprocessor in (*preprocessors, DropWidgetState()):
            self.register_preprocessor(preprocessor, enabled=True)

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Convert a notebook; its body has only markup that shows something, unless it is trusted."""
        text, found = super().from_notebook_node(nb, resources, **kw)
        if self.trusted:
            return text, found
        head, opening, body = text.partition("<body")
        return head + opening + sanitizing.safe_body(body, found.get(OWN)), found

    @default("raw_template")
    def _raw_template_default(self) -> str:
        return TEMPLATE

    @default("embed_images")
    def _embed_images_default(self) -> bool:
        return True

    @jinja2.pass_context
    def markdown2html(self, context: jinja2.runtime.Context, source: str) -> str:
        """Convert Markdown to HTML, as nbconvert does, with the renderer of this module."""
        renderer = ReportRenderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            embed_images=self.embed_images,
            path=context.get("resources", {}).get("metadata", {}).get("path", ""),
            anchor_link_text=self.anchor_link_text,
            exclude_anchor_links=self.exclude_anchor_links,
        )
        return MarkdownWithMath(renderer=renderer).render(source)


def page(notebook: Path, *, images_from: Path | None = None, trusted: bool = False) -> str:
    """Convert an executed notebook into one self-contained HTML page.

    Args:
        notebook: the executed notebook.
        images_from: the folder that images in its Markdown are relative to; None: that of the notebook.
        trusted: keep scripts, forms and styles of the notebook, instead of removing them.

    Raises:
        FileNotFoundError: if there is no such notebook.
        ValueError: if it is not as the format says.
    """
    nb = read_notebook(notebook)
    try:
        nbformat.validate(nb)
    except nbformat.ValidationError as error:
        reason = str(error).splitlines()[0][:200]
        raise UserError(f"{notebook} is not a valid notebook: {reason}. Save it in Jupyter again.") from None
    title = _title(nb) or notebook.stem
    nb.metadata.setdefault("title", title)
    resources = {
        "metadata": {"name": notebook.stem, "path": str(images_from or notebook.parent)},
        "content_policy": TRUSTING_POLICY if trusted else CONTENT_POLICY,
        "report_style": STYLE,
        "report_header": _header(nb),
    }
    exporter = ReportExporter(preprocessors=(KeepWidgets(trusted=trusted),), trusted=trusted)
    text, _ = exporter.from_notebook_node(nb, resources)
    return text


def page_of(notebook: NotebookNode, *, title: str, style: str = STYLE) -> str:
    """Convert a notebook in memory into one self-contained HTML page.

    Args:
        notebook: with or without outputs; it is not changed.
        title: of the page.
        style: its style sheet, after that of nbconvert.

    Example:
        >>> cell = nbformat.v4.new_markdown_cell("$x^2$ is a square.")
        >>> "is a square" in page_of(nbformat.v4.new_notebook(cells=[cell]), title="Squares")
        True
    """
    copy = nbformat.from_dict({**notebook, "metadata": {**notebook.metadata, "title": title}})
    resources = {
        "metadata": {"name": title, "path": "."},
        "content_policy": CONTENT_POLICY,
        "report_style": style,
        "report_header": "",
    }
    text, _ = ReportExporter().from_notebook_node(copy, resources)
    return text


def _title(nb: NotebookNode) -> str:
    for cell in nb.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.splitlines()[0].removeprefix("# ").strip()
    return ""


def _header(nb: NotebookNode) -> str:
    """The box at the top: date, duration, parameters and versions of the run; why it stopped."""
    record, report = (_object(nb.metadata, key) for key in ("papermill", "segnet_nb_report"))
    if not report:  # not executed by this package
        return ""
    when = str(record.get("start_time", ""))[:16].replace("T", " ")
    facts = [str(report.get("notebook", "")), f"{when} UTC", _duration(record.get("duration"))]
    versions = ", ".join(f"{name} {number}" for name, number in _object(report, "versions").items())
    parts = [
        f"<strong>Report</strong> <span>{html.escape(' · '.join(filter(None, facts)))}</span>",
        _parameter_table(nb),
        f'<div class="quiet">{html.escape(versions)}</div>',
    ]
    box = f'<div class="report-header">{"".join(parts)}</div>'
    return box + _failure_box(nb, _object(report, "failure"))


def _object(metadata: Any, key: str) -> dict[str, Any]:
    """An object in the metadata of a notebook; empty if there is something else."""
    found = metadata.get(key)
    return found if isinstance(found, dict) else {}


def _failure_box(nb: NotebookNode, failure: dict[str, Any]) -> str:
    if not failure:
        return ""
    index = failure.get("cell_index")
    where = "The run stopped"
    if isinstance(index, int) and 0 <= index < len(nb.cells):
        anchor = html.escape(f"#cell-id={nb.cells[index].get('id', '')}")
        where += f' at <a href="{anchor}">cell {index + 1} of {len(nb.cells)}</a>'
    reason = html.escape(str(failure.get("message", "")))
    return f'<div class="report-header failed">{where}:<pre>{reason}</pre></div>'


def _parameter_table(nb: NotebookNode) -> str:
    declared, given = _tagged_values(nb, TAG), _tagged_values(nb, "injected-parameters")
    rows = []
    for name, parameter in declared.items():
        value = parameter.default
        note = parameter.help
        if name in given:
            value = given[name].default
            note = f"{note} (default: {parameter.default})".strip()
        cells = (
            f"<td><code>{html.escape(name)}</code></td>"
            f"<td><code>{html.escape(value)}</code></td>"
            f'<td class="quiet">{html.escape(note)}</td>'
        )
        rows.append(f"<tr>{cells}</tr>")
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _tagged_values(nb: NotebookNode, tag: str) -> dict[str, Parameter]:
    for cell in nb.cells:
        if tag in cell.metadata.get("tags", ()):
            with contextlib.suppress(SyntaxError):
                return parse_parameters(cell.source)
    return {}


def _duration(seconds: Any) -> str:
    if not isinstance(seconds, int | float):
        return ""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
