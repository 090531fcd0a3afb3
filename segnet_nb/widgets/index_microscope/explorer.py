"""The index microscope: the path of one pixel through every pooling, and back through every unpooling."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure
from PIL import Image

from segnet_nb._shared.errors import UserError, UserRuntimeError, UserTypeError
from segnet_nb.probes.unpooling import UnpoolingTrace
from segnet_nb.visualizers.feature_maps import (
    OFFSET_NAMES,
    OFFSET_PALETTE,
    PALETTE,
    ZERO_COLOR,
)
from segnet_nb.visualizers.pooling import OFFSET_COLORS
from segnet_nb.visualizers.unpooling import show_unpooling
from segnet_nb.widgets.index_microscope import ahead, questions
from segnet_nb.widgets.index_microscope.ahead import stage_picture
from segnet_nb.widgets.shared import living
from segnet_nb.widgets.shared.assets import script, style
from segnet_nb.widgets.shared.explorer import guarded
from segnet_nb.widgets.shared.predicting import AskingExplorer, Question

_FIX = "Pass segnet_nb.probes.trace_images(model, images)."


def _photo(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def _hex(color: np.ndarray) -> str:
    return "#" + "".join(f"{value:02x}" for value in color)


def _checked_names(traces: Sequence[UnpoolingTrace], names: Sequence[str] | None) -> list[str]:
    """A name for each of the traces, which are a sequence."""
    if isinstance(traces, UnpoolingTrace) or not hasattr(traces, "__getitem__"):
        raise UserTypeError(f"expected a sequence of traces, but got {type(traces).__name__}. {_FIX}")
    if not len(traces):
        raise UserError(f"there are no traces. {_FIX}")
    if names is not None and len(names) != len(traces):
        raise UserError(f"names must have one entry for each of {len(traces)} images, but got {len(names)}.")
    return [*(names or (f"image {number}" for number in range(len(traces))))]


class IndexMicroscope(AskingExplorer):
    """What a pooling remembers and where the decoder puts it.

    Six maps of one channel: the image, the features, their maxima, the indices, the sparse unpooled map and
    the output of the convolution that follows. A pixel's path is drawn on each: squares lead down to the
    bottleneck, a dashed line leads back up to the ring, where the decoder puts the value.

    Args:
        traces: ``segnet_nb.probes.trace_images(model, images)``, or any sequence of traces of one network.
        names: one short name per image; None: ``image 0``, ``image 1`` ...
        state: first values of ``image``, ``stage``, ``channel``, ``pixel`` and ``zoom``.

    Attributes:
        image: which image, from 0.
        stage: which stage; 1 is the outermost.
        channel: which channel of that stage; falls back to the last where a stage has fewer.
        pixel: ``(y, x)`` in the image; moved inside where an image is smaller.
        zoom: magnification of the maps around the pixel: 1, 2, 4 or 8.
        path: the answer, a dict: the path of the pixel, see ``PixelPath.as_dict``.
        zero_share: the answer in numbers: share of exact zeros in the unpooled channel before and after the
            convolution, each in 0..1.
        traces: assign others and they are shown: ``microscope.traces = probes.trace_images(...)``.

    Raises:
        TypeError: if the argument is not a sequence of traces.
        ValueError: if there are no traces, or not as many names.
        traitlets.TraitError: if a state is not possible.

    Example:
        >>> from segnet_nb import probes, segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> images = np.zeros((2, 16, 24, 3), np.uint8)
        >>> microscope = IndexMicroscope(probes.trace_images(model, images), stage=2, pixel=(9, 9))
        >>> microscope
        IndexMicroscope(2 images of 16 x 24, 4 stages)
        >>> microscope.path["steps"][1]["window"], microscope.zero_share[0] >= 0.75
        ([2, 2], True)
    """

    _esm = script("index_microscope")
    _css = style("index_microscope")

    image = traitlets.Int(0).tag(sync=True)
    stage = traitlets.Int(1).tag(sync=True)
    channel = traitlets.Int(0).tag(sync=True, echo_update=False)
    pixel = traitlets.Tuple(traitlets.Int(), traitlets.Int(), default_value=(0, 0)).tag(sync=True)
    zoom = traitlets.Enum((1, 2, 4, 8), 1).tag(sync=True)
    path = traitlets.Dict(read_only=True).tag(sync=True)
    zero_share = traitlets.Tuple(
        traitlets.Float(), traitlets.Float(), default_value=(0.0, 0.0), read_only=True
    ).tag(sync=True)

    photo = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    picture = traitlets.Dict(read_only=True).tag(sync=True)
    frame = traitlets.Dict(read_only=True).tag(sync=True)
    # What a page without a kernel needs to answer by itself; filled in reports alone.
    _page = traitlets.Dict().tag(sync=True)

    def __init__(
        self, traces: Sequence[UnpoolingTrace], *, names: Sequence[str] | None = None, **state: Any
    ) -> None:
        self._names = _checked_names(traces, names)
        self._traces: Sequence[UnpoolingTrace] = traces
        self._latest: tuple[int, UnpoolingTrace] | None = None
        self._kind: list[int] | None = None
        # JupyterLab's messages run in a thread of their own, beside a cell that sets traits.
        self._turn = threading.RLock()
        self._settling = True
        super().__init__(**state)
        self._settling = False
        if "pixel" not in state:
            height, width, _ = self.trace.image.shape
            self.set_trait("pixel", (height // 2, width // 2))
        self._show("image")
        self._live_on()

    @property
    def traces(self) -> Sequence[UnpoolingTrace]:
        """What is looked at. Assign another network's traces: names and settings that still fit are kept."""
        return self._traces

    @traces.setter
    def traces(self, traces: Sequence[UnpoolingTrace]) -> None:
        same = len(self._names) == len(traces) if hasattr(traces, "__len__") else False
        names = _checked_names(traces, self._names if same else None)
        self._refuse_when_closed()
        with self._turn, self.hold_sync():
            before = self._traces, self._names, self._latest, self._kind
            place, old = self.pixel, self.trace.image.shape
            self._traces, self._names, self._latest, self._kind = traces, names, None, None
            number = self.image if self.image < len(traces) else 0
            try:
                trace = self._traced(number)
                number_of_stage = min(self.stage, len(trace.stages))
                last = trace.stage(number_of_stage).channels - 1
                stage_picture(
                    trace, number_of_stage, min(self.channel, last)
                )  # fails now if it cannot be drawn
            except Exception:
                self._traces, self._names, self._latest, self._kind = before
                raise
            self._settling = True
            try:
                self.image, self.stage = number, number_of_stage
                # The same place: another network may show the images smaller.
                new = trace.image.shape
                self.pixel = tuple(at * n // o for at, n, o in zip(place, new, old, strict=False))
            finally:
                self._settling = False
            self._show("image")
            self._live_on()
            self._build_anew()

    def __repr__(self) -> str:
        if self._latest is None:
            return "IndexMicroscope(closed)"
        height, width, _ = self.trace.image.shape
        count = len(self._names)
        images = f"{count} images of {height} x {width}" if count > 1 else f"1 image of {height} x {width}"
        return f"IndexMicroscope({images}, {len(self.trace.stages)} stages)"

    @property
    def trace(self) -> UnpoolingTrace:
        """The trace of the present image."""
        return self._traced(self.image)

    def loudest(self) -> int:
        """Choose the channel with the largest maximum in the pixel's window at this stage.

        Returns:
            The channel.
        """
        window = tuple(side >> self.stage for side in self.pixel)
        self.channel = int(self.trace.stage(self.stage).pooled[window].argmax())
        return self.channel

    def figure(self) -> Figure:
        """The six maps with the path, and the windows on its way."""
        path = self.trace.path(*self.pixel, stage=self.stage, channel=self.channel)
        return show_unpooling(self.trace, path, zoom=self.zoom)

    def _live_on(self) -> None:
        """Hold what a report's page needs to answer without a kernel."""
        self._page = living.made(self._of_page) if hasattr(self._traces, "model") else {}
        self.standalone = bool(self._page)
        if self.standalone:
            self.prepare_questions()

    def _of_page(self) -> dict[str, Any]:
        from segnet_nb.probes.page_parts import page_network  # loads the framework

        traces: Any = self._traces
        colors = {"scale": PALETTE.tolist(), "offsets": OFFSET_PALETTE.tolist()}
        return living.page("index_microscope", page_network(traces.model), traces.images, **colors)

    def make_question(self, random: np.random.Generator) -> Question:
        """Where the decoder puts the value of some pixel."""
        shown = {"image": self.image, "stage": self.stage, "channel": self.channel}
        return questions.where_it_returns(self.trace, random, name=self._names[self.image], shown=shown)

    def received(self, content: dict[str, Any]) -> None:
        """The view's button for the loudest channel, and what it asks for before its reader does."""
        match content.get("kind"):
            case "loudest":
                self.loudest()
            case "ahead":
                self._answer_ahead(content)

    def _answer_ahead(self, asked: dict[str, Any]) -> None:
        """Send other channels of the present image; a question about another one gets an empty answer."""
        found: dict[str, Any] = {"pictures": [], "paths": []}
        buffers: list[bytes] = []
        with self._turn:
            if self._open and (asked["image"], asked["edition"]) == (self.image, self._edition):
                found, buffers = ahead.answer(self.trace, asked)
        echoed = {name: asked[name] for name in ("image", "edition", "stage")}
        self.send({"kind": "ahead", **echoed, **found}, buffers)

    def close(self) -> None:
        """Close the views and release traces and maps."""
        super().close()
        self._traces, self._latest = (), None
        self.set_trait("photo", b"")
        self.set_trait("picture", {})
        self._page = {}

    def _traced(self, number: int) -> UnpoolingTrace:
        if self._latest is None or self._latest[0] != number:
            if not len(self._traces):
                raise UserRuntimeError("this microscope is closed. Make a new one.")
            if not 0 <= number < len(self._traces):
                raise traitlets.TraitError(
                    f"image must be in 0..{len(self._traces) - 1}, but got {number}. There are "
                    f"{len(self._traces)} images."
                )
            trace = self._traces[number]
            if not isinstance(trace, UnpoolingTrace):
                raise UserTypeError(f"expected traces, but got {type(trace).__name__}. {_FIX}")
            kind = [stage.channels for stage in trace.stages]
            if self._kind not in (None, kind):
                raise traitlets.TraitError(
                    f"image {number} was traced in another network: its stages have {kind} channels, not "
                    f"{self._kind}. Assign all traces of the other network: microscope.traces = ..."
                )
            self._kind, self._latest = kind, (number, trace)
        return self._latest[1]

    @traitlets.validate("image")
    def _check_image(self, proposal: Any) -> int:
        # Traced here, not when it is drawn: if that fails, the image was never chosen.
        self.busy = True
        try:
            self._traced(proposal["value"])
        finally:
            self.busy = False
        return proposal["value"]

    @traitlets.validate("stage", "channel", "pixel")
    def _check_place(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        try:
            if name == "stage":
                self.trace.stage(value)
            elif name == "channel":
                self.trace.stage(self.stage).check_channel(value)
            else:
                self.trace.path(*value)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None
        return value

    @traitlets.observe("image", "stage", "channel", "pixel")
    @guarded
    def _changed(self, change: Any) -> None:
        with self._turn:
            if not self._settling:
                self._show(change["name"])

    def _show(self, what: str) -> None:
        """Update everything that depends on a trait; one message carries all of it."""
        trace = self.trace
        with self.hold_sync():
            self._settling = True
            try:
                self.channel = min(self.channel, trace.stage(self.stage).channels - 1)
                self.pixel = tuple(
                    min(at, n - 1) for at, n in zip(self.pixel, trace.image.shape, strict=False)
                )
            finally:
                self._settling = False
            if what == "image":
                self.set_trait("photo", _photo(trace.image))
                self.set_trait("frame", self._frame(trace))
            if what != "pixel":
                picture = stage_picture(trace, self.stage, self.channel)
                self.set_trait("picture", {"image": self.image, **picture})
                self.set_trait("zero_share", ahead.zero_shares(trace, self.stage, self.channel))
            path = trace.path(*self.pixel, stage=self.stage, channel=self.channel)
            self.set_trait("path", path.as_dict())

    def _frame(self, trace: UnpoolingTrace) -> dict[str, Any]:
        """What stays the same for one image: names, sizes, colours."""
        return {
            "names": self._names,
            "size": list(trace.image.shape[:2]),
            "stages": [{"size": list(stage.size), "channels": stage.channels} for stage in trace.stages],
            "offsets": [list(pair) for pair in zip(OFFSET_COLORS, OFFSET_NAMES, strict=True)],
            "zero": ZERO_COLOR,
            "scale": [_hex(color) for color in PALETTE[1::42]],
        }
