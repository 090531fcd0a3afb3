"""Settings of Sphinx for the website; tools/site puts the pages together."""

from __future__ import annotations

import importlib
from typing import Any

from segnet_nb import __version__
from segnet_nb.reports.formulas import formula

project = "segnet-nb"
author = "the authors of segnet-nb"
version = release = __version__
extensions = ["myst_nb", "sphinx_design", "sphinx_copybutton", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "segnet-nb"
html_static_path = ["static"]
html_favicon = "static/icon.svg"
html_css_files = ["site.css"]
html_js_files = ["explorers.js"]
html_use_index = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
exclude_patterns = ["**/.ipynb_checkpoints", "notebooks/files", "explorers"]

nb_execution_mode = "off"
nb_render_image_options = {"align": "left"}
nb_merge_streams = True
nb_number_source_lines = False
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "html_image"]
myst_heading_anchors = 4
myst_dmath_double_inline = True
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]

napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Call arguments", "params_style")]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autodoc_inherit_docstrings = False
toc_object_entries_show_parents = "hide"
copybutton_selector = "div.cell_input pre, div.highlight pre"
copybutton_exclude = ".linenos, .gp, .go"

# Formulas are images in the page, as in reports: no script and no font of another host.
html_math_renderer = "pictures"


def _inline(translator: Any, node: Any) -> None:
    translator.body.append(formula(node.astext(), display=False))
    raise importlib.import_module("docutils.nodes").SkipNode


def _block(translator: Any, node: Any) -> None:
    translator.body.append(f'<div class="math">{formula(node.astext(), display=True)}</div>')
    raise importlib.import_module("docutils.nodes").SkipNode


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.add_html_math_renderer("pictures", (_inline, None), (_block, None))
