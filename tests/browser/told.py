"""For the kernel of any home: shows in the page what an explorer answers in Python, for tests to read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

ANSWERS: dict[str, Callable[[Any], Any]] = {
    "playground": lambda one: [one.grid, one.result["errors"]],
    "microscope": lambda one: [one.channel, one.zero_share],
    "ablation": lambda one: [one.modes, one.result.get("mean_iou")],
    "inspector": lambda one: [one.pixel, one.answer],
    "lens": lambda one: [one.kept, one.answer.get("kept_accuracy")],
    "lab": lambda one: [one.shift, one.losses],
    "monitor": lambda one: [one.shown, one.opacity],
    "photo": lambda one: None if one.image is None else list(one.image.shape),
}


class Told(anywidget.AnyWidget):
    """The answer of an explorer as JSON, kept up to date by the kernel.

    Args:
        name: a key of ``ANSWERS``.
        explorer: the explorer.
    """

    _esm = """export default { render({ model, el }) {
      const shown = document.createElement("pre");
      shown.dataset.told = model.get("name");
      shown.style.whiteSpace = "pre-wrap";
      const show = () => { shown.textContent = model.get("text"); };
      model.on("change:text", show);
      show();
      el.append(shown);
    } };"""

    name = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)

    def __init__(self, name: str, explorer: Any) -> None:
        super().__init__(name=name)
        self._explorer = explorer
        explorer.observe(self._tell)
        self._tell()

    def _tell(self, _: Any = None) -> None:
        self.text = json.dumps(ANSWERS[self.name](self._explorer))
