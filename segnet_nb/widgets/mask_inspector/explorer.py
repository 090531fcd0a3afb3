"""The mask inspector: where a network is right and wrong, pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserTypeError
from segnet_nb.datasets.colors import safe_colors
from segnet_nb.widgets.mask_inspector import packing, picture, questions
from segnet_nb.widgets.shared.assets import script, style
from segnet_nb.widgets.shared.explorer import guarded
from segnet_nb.widgets.shared.predicting import AskingExplorer, Question

if TYPE_CHECKING:
    from segnet_nb.probes.predictions import Predictions

# An HTML report must stay below 10 MB, and base64 makes a third more of everything.
EMBEDDED_BYTES = 4_000_000


def _checked(predictions: Predictions) -> Predictions:
    needed = ("images", "labels", "classes", "names", "top_classes", "top_probabilities", "has_labels")
    if not all(hasattr(predictions, name) for name in needed):
        raise UserTypeError(
            f"expected the predictions of a network, but got {type(predictions).__name__}. "
            "Pass segnet_nb.probes.probe_predictions(model, data)."
        )
    return predictions


class MaskInspector(AskingExplorer):
    """Masks over images, to toggle, threshold, compare and search for errors.

    The pixels travel once, compressed; the picture is made in the browser, so every control answers within
    a frame, also in a report without a kernel. ``picture()`` makes the same picture in Python.

    Images without labels, such as a photo of your own, have no scores: the inspector shows how certain the
    network is instead, of the image and of each class, and what needs labels is off.

    Args:
        predictions: what a network says, from ``segnet_nb.probes.probe_predictions``, with or without labels.
        **state: any of the attributes below.

    Attributes:
        image: number of the image.
        overlay: ``"prediction"``, ``"truth"``, ``"compare"`` (truth to the left of a curtain, prediction to
            its right), ``"errors"`` or ``"none"``. Without labels: ``"prediction"`` or ``"none"``.
        drawing: ``"fill"`` or ``"outline"``.
        opacity: of the colours, 0..1.
        threshold: predictions less probable than this (0..1) are hatched instead of coloured.
        curtain: place of the curtain as a share of the width, 0..1.
        hidden: names of classes that are not coloured.
        colors: ``"published"``, the palette of the dataset, or ``"safe"``, for every kind of colour vision.
        scope: whether the confusion matrix counts this ``"image"`` or ``"all"`` of them.
        cell: ``[truth, prediction]``, two class names whose pixels light up; empty: none. It needs labels.
        zoom: 1 shows the whole image.
        center: what is in the middle of a zoomed view, as shares of height and width.
        pixel: ``[y, x]`` that was clicked; empty: none.
        answer: what holds at ``pixel``: truth, classes and percent, likeliest first. Read only.
        order: numbers of the images, worst first; without labels, the least certain first. Read only.
        has_labels: whether there are labels. Read only.
        predictions: assign others, of ``probes.probe_predictions``, and they are shown.

    Raises:
        TypeError: if the argument is not ``Predictions``.
        TraitError: if a value is impossible.

    Example:
        >>> from segnet_nb import datasets, probes
        >>> from segnet_nb.networks.model import segnet_basic
        >>> data = datasets.load("synthetic", "val", image_size=(32, 48), count=2)
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> inspector = MaskInspector(probes.probe_predictions(model, data), opacity=0.8)
        >>> inspector.image = 1
        >>> inspector.picture().shape
        (32, 48, 3)
        >>> photo = probes.probe_predictions(model, data.images[0], classes=data.classes)
        >>> share, right = MaskInspector(photo, threshold=0.5).certainty()
        >>> 0 <= share <= 1, right
        (True, None)
    """

    _esm = script("mask_inspector")
    _css = style("mask_inspector")

    standalone = traitlets.Bool(True).tag(sync=True)
    image = traitlets.Int(0).tag(sync=True)
    overlay = traitlets.Enum(picture.OVERLAYS, "prediction").tag(sync=True)
    drawing = traitlets.Enum(picture.DRAWINGS, "fill").tag(sync=True)
    opacity = traitlets.Float(0.55, min=0, max=1).tag(sync=True, echo_update=False)
    threshold = traitlets.Float(0.0, min=0, max=1).tag(sync=True, echo_update=False)
    curtain = traitlets.Float(0.5, min=0, max=1).tag(sync=True, echo_update=False)
    hidden = traitlets.List(traitlets.Unicode()).tag(sync=True)
    colors = traitlets.Enum(("published", "safe"), "published").tag(sync=True)
    scope = traitlets.Enum(("image", "all"), "image").tag(sync=True)
    cell = traitlets.List(traitlets.Unicode()).tag(sync=True)
    zoom = traitlets.Float(1.0, min=1, max=16).tag(sync=True)
    center = traitlets.List(traitlets.Float(min=0, max=1), [0.5, 0.5], minlen=2, maxlen=2).tag(sync=True)
    pixel = traitlets.List(traitlets.Int(min=0)).tag(sync=True)

    answer = traitlets.Dict(read_only=True)
    order = traitlets.List(read_only=True)
    has_labels = traitlets.Bool(True, read_only=True).tag(sync=True)

    # What the browser needs, set once.
    names = traitlets.List(read_only=True).tag(sync=True)
    size = traitlets.List(read_only=True).tag(sync=True)
    class_names = traitlets.List(read_only=True).tag(sync=True)
    palettes = traitlets.Dict(read_only=True).tag(sync=True)
    matrices = traitlets.Bytes(read_only=True).tag(sync=True)
    certainties = traitlets.List(read_only=True).tag(sync=True)
    pictures = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, predictions: Predictions, **state: Any) -> None:
        self._percent: dict[int, np.ndarray] = {}
        self._predictions = _checked(predictions)
        super().__init__()
        self._take_over()
        for name, value in state.items():
            if not self.has_trait(name):
                raise UserTypeError(f"MaskInspector has no setting {name!r}.")
            setattr(self, name, value)
        self.set_trait("pictures", self._embedded())
        self.prepare_questions()

    @property
    def predictions(self) -> Predictions:
        """What is inspected. Assign another network's predictions: settings that still fit are kept."""
        return self._predictions

    @predictions.setter
    def predictions(self, predictions: Predictions) -> None:
        predictions = _checked(predictions)
        self._refuse_when_closed()
        with self.hold_sync():
            self._predictions = predictions
            self._percent.clear()
            self._keep_what_fits()
            self._take_over()
            self._answer_pixel()
            self.set_trait("pictures", self._embedded())
            self._build_anew()

    def _keep_what_fits(self) -> None:
        height, width = self._predictions.images.shape[1:3]
        names = self._predictions.classes.names
        if not self._predictions.has_labels:
            self.cell = []
            if self.overlay in picture.NEED_LABELS:
                self.overlay = "prediction"
        if self.image >= len(self._predictions):
            self.image = 0
        if self.pixel and not (self.pixel[0] < height and self.pixel[1] < width):
            self.pixel = []
        if not {*self.cell} <= {*names}:
            self.cell = []
        self.hidden = [name for name in self.hidden if name in names]

    def _take_over(self) -> None:
        """Set what depends on the predictions and not on the state."""
        predictions, classes = self._predictions, self._predictions.classes
        palettes = {"published": classes.palette.tolist()}
        if classes.num_classes <= 11:
            palettes["safe"] = safe_colors(classes).palette.tolist()
        elif self.colors == "safe":
            self.colors = "published"
        with self.hold_trait_notifications():
            self.set_trait("names", list(predictions.names))
            self.set_trait("size", list(predictions.images.shape[1:3]))
            self.set_trait("class_names", list(classes.names))
            self.set_trait("palettes", palettes)
            self.set_trait("has_labels", predictions.has_labels)
            self.set_trait("matrices", self._counts())
            self.set_trait("certainties", predictions.mean_certainties.tolist())
        self._order_images()

    def _counts(self) -> bytes:
        return self._predictions.matrices.astype("<i4").tobytes() if self._predictions.has_labels else b""

    def __repr__(self) -> str:
        height, width = self.size
        images = "1 image" if len(self.names) == 1 else f"{len(self.names)} images"
        note = "" if self.has_labels else ", no labels"
        return f"MaskInspector({images} of {height} x {width}, {len(self.class_names)} classes{note})"

    # --- validation ----------------------------------------------------------------------------------

    @traitlets.validate("image")
    def _check_image(self, proposal: Any) -> int:
        count = len(self._predictions)
        if not 0 <= proposal["value"] < count:
            raise traitlets.TraitError(
                f"there is no image {proposal['value']}: choose from 0 to {count - 1}."
            )
        return proposal["value"]

    @traitlets.validate("overlay")
    def _check_overlay(self, proposal: Any) -> str:
        if proposal["value"] in picture.NEED_LABELS and not self._predictions.has_labels:
            raise traitlets.TraitError(
                f"overlay {proposal['value']!r} needs labels, and these images have none: choose "
                "'prediction' or 'none'."
            )
        return proposal["value"]

    @traitlets.validate("hidden")
    def _check_hidden(self, proposal: Any) -> list[str]:
        return [self._class_name(name) for name in proposal["value"]]

    @traitlets.validate("cell")
    def _check_cell(self, proposal: Any) -> list[str]:
        if len(proposal["value"]) not in (0, 2):
            raise traitlets.TraitError(
                f"cell must be [true class, predicted class], or [] for none, but got {proposal['value']}."
            )
        if proposal["value"] and not self._predictions.has_labels:
            raise traitlets.TraitError(
                f"cell {proposal['value']} needs labels, and these images have none: leave it empty."
            )
        return [self._class_name(name) for name in proposal["value"]]

    @traitlets.validate("pixel")
    def _check_pixel(self, proposal: Any) -> list[int]:
        place, (height, width) = proposal["value"], self._predictions.images.shape[1:3]
        if place and not (len(place) == 2 and place[0] < height and place[1] < width):
            raise traitlets.TraitError(
                f"pixel must be [y, x] below [{height}, {width}], or [] for none, but got {place}."
            )
        return place

    @traitlets.validate("colors")
    def _check_colors(self, proposal: Any) -> str:
        if proposal["value"] not in self.palettes:
            safe_colors(self._predictions.classes)  # says why there are none
        return proposal["value"]

    def _class_name(self, name: str) -> str:
        classes = self._predictions.classes
        try:
            return classes.names[classes.index(name)]
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None

    # --- answers -------------------------------------------------------------------------------------

    @traitlets.observe("pixel", "image")
    @guarded
    def _answer_pixel(self, _: Any = None) -> None:
        self.set_trait("answer", self.at(*self.pixel) if self.pixel else {})

    @traitlets.observe("cell")
    @guarded
    def _order_images(self, _: Any = None) -> None:
        if self.cell:
            truth, predicted = self._cell()
            badness = -self._predictions.matrices[:, truth, predicted].astype(float)
        elif self._predictions.has_labels:
            badness = self._predictions.mean_ious
        else:
            badness = self._predictions.mean_certainties
        self.set_trait("order", np.argsort(badness, kind="stable").tolist())

    def at(self, y: int, x: int) -> dict[str, Any]:
        """What holds at a pixel of the present image.

        Args:
            y: row in pixels.
            x: column in pixels.

        Returns:
            ``truth``, a class name or ``"void"``, None without labels; ``classes``, the likeliest names;
            ``percent``, their probabilities in whole percent.
        """
        data, names = self._predictions, [*self.class_names, "void"]
        return {
            "truth": None if data.labels is None else names[data.labels[self.image, y, x]],
            "classes": [names[i] for i in data.top_classes[self.image, y, x]],
            "percent": self._percents(self.image)[y, x].tolist(),
        }

    def state(self) -> picture.MaskState:
        """The part of the state that makes the picture."""
        classes = self._predictions.classes
        return picture.MaskState(
            overlay=self.overlay,
            drawing=self.drawing,
            opacity=self.opacity,
            threshold=picture.round_half_up(100 * self.threshold),
            curtain=self.curtain,
            hidden=frozenset(classes.index(name) for name in self.hidden),
            cell=self._cell() if self.cell else None,
        )

    def picture(self) -> np.ndarray:
        """The picture as the browser shows it at zoom 1, from the original image.

        Returns:
            uint8 RGB, shape ``(height, width, 3)``.
        """
        return picture.compose(
            self._data(self.image), self.state(), np.array(self.palettes[self.colors], np.uint8)
        )

    def certainty(self) -> tuple[float, float | None]:
        """How much of the image is certain, and how much of that is right.

        Returns:
            Of the pixels with a class, the share at least as probable as the threshold; of those, the share
            that is right. Without labels: the share of all pixels, and None.
        """
        state = self.state()
        share, right = picture.certain_pixels(self._data(self.image), state.threshold, len(self.class_names))
        return share, right if self.has_labels else None

    def class_certainties(self) -> dict[str, dict[str, float]]:
        """How certain each class is that the network sees in the image; this needs no labels.

        Returns:
            For each predicted class by name: ``share`` of the image, mean ``probability``, and ``certain``,
            the share of its pixels at least as probable as the threshold (90 % while it is 0).
        """
        data, least = self._data(self.image), self.state().threshold or picture.USUAL_THRESHOLD
        keys = ("share", "probability", "certain")
        found = {name: picture.class_certainty(data, least, i) for i, name in enumerate(self.class_names)}
        return {name: dict(zip(keys, told, strict=True)) for name, told in found.items() if told}

    def figure(self) -> Figure:
        """The picture, and the confusion matrix or the certainty of the classes, as a matplotlib figure."""
        from segnet_nb.visualizers.inspection import show_certainties, show_inspection

        data, classes = self._predictions, self._predictions.classes
        if self.colors == "safe":
            classes = safe_colors(classes)
        if not self.has_labels:
            told = {name: each["probability"] for name, each in self.class_certainties().items()}
            title = f"{data.names[self.image]}: mean certainty {data.mean_certainties[self.image]:.2f}"
            return show_certainties(self.picture(), told, classes, title=title)
        matrix = data.matrices[self.image] if self.scope == "image" else data.matrices.sum(0)
        title = f"{data.names[self.image]}: {self.overlay}, mean IoU {data.mean_ious[self.image]:.2f}"
        shown = picture.shown_classes(self._data(self.image), self.state(), classes.void_id)
        present = [i for i in range(classes.num_classes) if (shown == i).any()]
        cell = self._cell() if self.cell else None
        return show_inspection(self.picture(), matrix, classes, present=present, title=title, cell=cell)

    def release(self) -> None:
        """Release the pixels."""
        self._percent.clear()
        self.set_trait("pictures", {})
        self.set_trait("matrices", b"")

    def make_question(self, random: np.random.Generator) -> Question:
        """How certain the network is, how right what is certain, or which image is the worst."""
        if len(self.names) > 1 and random.integers(3) == 0:
            return questions.which_is_worst(self._predictions, random, image=self.image)
        return self._question_of(self.image, random)

    def prepared_question(self, number: int) -> Question:
        """For a page without a kernel: of one image after the other."""
        return self._question_of(number % len(self.names), np.random.default_rng(number))

    def _question_of(self, image: int, random: np.random.Generator) -> Question:
        return questions.about_certainty(
            self._data(image),
            random,
            name=self.names[image],
            image=image,
            num_classes=len(self.class_names),
            threshold=self.state().threshold,
        )

    # --- pixels for the browser ----------------------------------------------------------------------

    def received(self, content: dict[str, Any]) -> None:
        """Send the image that the view requests."""
        if content.get("kind") == "picture":
            number = self._check_image({"value": content["image"]})
            parts = self._packed(number)
            self.send({"kind": "picture", "image": number, "parts": list(parts)}, buffers=[*parts.values()])

    def _cell(self) -> tuple[int, int]:
        truth, predicted = (self._predictions.classes.index(name) for name in self.cell)
        return truth, predicted

    def _percents(self, number: int) -> np.ndarray:
        if number not in self._percent:
            if len(self._percent) > 8:
                self._percent.clear()
            shares = self._predictions.top_probabilities[number].astype(np.float32)
            self._percent[number] = np.rint(100 * shares).astype(np.uint8)
        return self._percent[number]

    def _data(self, i: int) -> picture.MaskData:
        data = self._predictions
        predicted = data.top_classes[i, ..., 0]
        truth = np.full_like(predicted, data.classes.void_id) if data.labels is None else data.labels[i]
        return picture.MaskData(
            data.images[i], truth, predicted, self._percents(i)[..., 0], has_labels=data.has_labels
        )

    def _packed(self, number: int) -> packing.Packed:
        data = self._predictions
        truth = None if data.labels is None else data.labels[number]
        return packing.packed(data.images[number], truth, data.top_classes[number], self._percents(number))

    def _embedded(self) -> dict[str, packing.Packed]:
        """The pictures that travel with the widget: the present one, then the worst, as many as fit."""
        numbers = [self.image, *(i for i in self.order if i != self.image)]
        return packing.as_many_as_fit(numbers, self._packed, EMBEDDED_BYTES)
