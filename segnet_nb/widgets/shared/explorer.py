"""What all explorers share: traits hold the state, pure functions make the picture, the view is thin."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

import anywidget
import ipywidgets
import traitlets
from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserRuntimeError
from segnet_nb.widgets.shared import renewed

VIEW = "application/vnd.jupyter.widget-view+json"


def guarded(method: Callable[..., None]) -> Callable[..., None]:
    """Make an observer show its error in the widget instead of losing it; success clears the line."""

    @functools.wraps(method)
    def observer(self: Explorer, *arguments: Any) -> None:
        try:
            method(self, *arguments)
        except Exception as error:
            self.error = _message(error)
        else:
            self.error = ""

    return observer


def _message(error: Exception) -> str:
    return str(error) or type(error).__name__


class Explorer(anywidget.AnyWidget):
    """A widget whose whole state are validated traits.

    Set a trait from Python or move a control in the browser: the same observers run, so everything can
    be driven and tested without a browser. Where there is no front end, ``figure()`` gives the same
    picture, and it is stored beside the widget in an executed notebook.

    Attributes:
        error: what went wrong last, shown above the view; empty when all is well.
        busy: whether the kernel is computing, shown as a sign.
        standalone: whether the view lives on in an HTML file without a kernel.
        renewed: whether it replaces one that a reader had changed, because its cell was run again; shown as a
            line, since the earlier settings are gone.
    """

    error = traitlets.Unicode("").tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    standalone = traitlets.Bool(False).tag(sync=True)
    renewed = traitlets.Bool(False, read_only=True).tag(sync=True)
    # Grows when another network is looked at: the view is built anew.
    _edition = traitlets.Int(0).tag(sync=True)

    _open = False

    def __init__(self, **state: Any) -> None:
        self._seen = False
        super().__init__(**state)
        self._place = renewed.place_of(type(self).__name__)
        self.set_trait("renewed", renewed.take(self._place))
        self._open = True
        self.on_msg(self._receive)

    @property
    def seen(self) -> bool:
        """Whether a browser has drawn this widget."""
        return self._seen

    def figure(self) -> Figure:
        """The present state as a matplotlib figure."""
        raise NotImplementedError

    def received(self, content: dict[str, Any]) -> None:
        """Answer a message of the view; explorers that speak with theirs override this."""

    def _build_anew(self) -> None:
        """Have the view built again, as what it is built from has changed."""
        self.set_trait("_edition", 1 + cast("int", self._edition))

    def _refuse_when_closed(self) -> None:
        if not self._open:
            raise UserRuntimeError("this explorer is closed. Make a new one.")

    def release(self) -> None:
        """Release what the widget holds, once its views are closed; explorers override this."""

    def close(self) -> None:
        """Close the views and release what the widget holds."""
        if not self._open:  # closed already, or refused while it was made
            return
        self._open = False
        super().close()
        _close_layout(self)
        self.unobserve_all()
        self.release()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the view sends; what is not valid is shown as an error and taken back there."""
        try:
            super().set_state(sync_data)
            renewed.mark(self._place)
        except Exception as error:
            self.error = _message(error)
            self.send_state([name for name in sync_data if name in self.keys])

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        if not isinstance(content, dict):
            return
        if content.get("kind") == "seen":
            self._seen = True
            return
        try:
            self._handle(content)
        except Exception as error:
            self.error = _message(error)

    def _handle(self, content: dict[str, Any]) -> None:
        self.received(content)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        figure = self.figure()
        for kind in ("png", "jpeg"):
            picture = getattr(figure, f"_repr_{kind}_", lambda: None)()
            if picture is not None:
                data[f"image/{kind}"], metadata[f"image/{kind}"] = picture
        return data, metadata


def _close_layout(widget: Explorer) -> None:
    """Close the layout of a closed widget, which a kernel would keep, unless another widget has it."""
    layout = widget._trait_values.get("layout")
    others = ipywidgets.widgets.widget._instances.values()
    if layout is not None and not any(each._trait_values.get("layout") is layout for each in [*others]):
        layout.close()
