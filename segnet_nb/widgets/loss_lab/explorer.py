"""Paint an object, degrade its prediction, and compare the losses and their gradients."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from segnet_nb import metrics
from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.colors import BLUE, GREEN, GREY, PURPLE, VERMILION
from segnet_nb.visualizers.figures import NotebookFigure
from segnet_nb.visualizers.pixels import png
from segnet_nb.widgets.loss_lab import numbers, questions
from segnet_nb.widgets.shared.assets import script, style
from segnet_nb.widgets.shared.explorer import guarded
from segnet_nb.widgets.shared.predicting import AskingExplorer, Question

SHAPES = (*numbers.PRESETS, "own")
NAMES = {
    "cross_entropy": "cross-entropy",
    "weighted": "weighted cross-entropy",
    "dice": "Dice",
    "cross_entropy_dice": "cross-entropy + Dice",
}
AXES = {
    "confidence": "confidence",
    "blur": "blur (pixels)",
    "shift": "shift (pixels)",
    "missed": "share of the object missed",
    "share": "share of the object in the image",
}
_SETTINGS = ("confidence", "blur", "shift", "missed")
_STYLES = ((BLUE, ()), (VERMILION, (4, 2)), (GREEN, (1, 1.5)), (PURPLE, (6, 2, 1, 2)))


def to_text(mask: np.ndarray) -> str:
    r"""A mask as lines of text, ``#`` for the object.

    Example:
        >>> to_text(np.array([[0, 1], [1, 1]]))
        '.#\n##'
    """
    return "\n".join("".join(".#"[value] for value in row) for row in mask)


def from_text(text: str) -> np.ndarray:
    """The mask of ``to_text``: uint8 0 and 1."""
    return np.array([[".#".index(sign) for sign in line] for line in text.split("\n")], np.uint8)


def score_prediction(mask: np.ndarray, chance: np.ndarray) -> dict[str, float]:
    """What is measured: global accuracy, mean IoU, and the object's IoU of the likelier class.

    A draw of 0.5 goes to the background, as ``argmax`` has it.
    """
    matrix = metrics.confusion_matrix(mask, (chance > 0.5).astype(np.uint8), num_classes=2, void_id=None)
    result = metrics.scores(matrix)
    return {
        "global_accuracy": result.global_accuracy,
        "mean_iou": result.mean_iou,
        "object_iou": float(result.class_iou[1]),
    }


class LossLab(AskingExplorer):
    """An object on 24 x 32 pixels to paint, a prediction to degrade, four losses and their gradients.

    Args:
        **state: any of the attributes that can be set.

    Attributes:
        mask: the object as text, 24 lines of 32 signs, ``#`` where it is; ``labels`` is the array.
        preset: ``"disc"``, ``"pole"``, ``"blobs"`` or ``"own"`` (painted); setting it draws the shape.
        share: of all pixels that belong to the object, 0..1; setting it resizes the object.
        confidence: probability of the most confident pixels of the prediction, 0.5..0.999.
        blur: of the prediction's outline, standard deviation in pixels, 0..4.
        shift: pixels by which the prediction lies too far to the right, -8..8.
        missed: share of the object that is taken for background, 0..1.
        against: what the curves run along: a setting, or ``"share"``.
        same_scale: whether the gradient maps share one scale.
        cursor: row and column of the pixel whose numbers are shown.
        brush: width of the brush in pixels, 1..7.
        erase: whether painting erases.
        painted: the mask as it was painted last, from whose outline it is resized; empty for a shape.
        losses: the answer, ``cross_entropy``, ``weighted``, ``dice``, ``cross_entropy_dice``.
        weights: of background and object in ``weighted``, by median frequency balancing of this mask.
        pull: share of each loss's pull that comes from pixels of the object.
        scores: ``global_accuracy``, ``mean_iou`` and ``object_iou`` of the likelier class.
        at: the numbers of the pixel under the cursor.

    Example:
        >>> lab = LossLab(preset="disc", missed=1.0)
        >>> lab
        LossLab(disc, 11.5 % of 24 x 32 pixels)
        >>> round(lab.losses["dice"], 2), round(lab.scores["global_accuracy"], 2)
        (0.5, 0.89)
    """

    _esm = script("loss_lab")
    _css = style("loss_lab")
    standalone = traitlets.Bool(True).tag(sync=True)

    mask = traitlets.Unicode().tag(sync=True, echo_update=False)
    preset = traitlets.Enum(SHAPES, "disc").tag(sync=True)
    share = traitlets.Float(numbers.PRESETS["disc"], min=0.0, max=1.0).tag(sync=True, echo_update=False)
    confidence = traitlets.Float(0.9, min=0.5, max=0.999).tag(sync=True, echo_update=False)
    # Takes the place of DOMWidget.blur(), which moves the focus and is not used here.
    blur = traitlets.Float(1.0, min=0.0, max=4.0).tag(sync=True, echo_update=False)  # pyright: ignore[reportAssignmentType]
    shift = traitlets.Int(0, min=-8, max=8).tag(sync=True, echo_update=False)
    missed = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True, echo_update=False)
    against = traitlets.Enum(tuple(AXES), "confidence").tag(sync=True)
    same_scale = traitlets.Bool(True).tag(sync=True)
    cursor = traitlets.Tuple(traitlets.Int(), traitlets.Int(), default_value=(11, 15)).tag(
        sync=True, echo_update=False
    )
    brush = traitlets.Int(3, min=1, max=7).tag(sync=True, echo_update=False)
    erase = traitlets.Bool(False).tag(sync=True)
    painted = traitlets.Unicode("", read_only=True).tag(sync=True)
    # The view computes these by itself.
    losses = traitlets.Dict()
    weights = traitlets.List()
    pull = traitlets.Dict()
    scores = traitlets.Dict()
    lines = traitlets.Dict()
    prediction = traitlets.Bytes(b"")
    maps = traitlets.Dict()
    largest = traitlets.Dict()
    at = traitlets.Dict()

    def __init__(self, **state: Any) -> None:
        self._drawing = True  # the mask given here is the shape's, not painted
        self._field = numbers.preset_field("disc")
        self._logits = np.zeros((numbers.HEIGHT, numbers.WIDTH))
        self._gradients: dict[str, np.ndarray] = {}
        shape = {name: state.pop(name) for name in ("preset", "share", "mask") if name in state}
        super().__init__(mask=self._text(numbers.PRESETS["disc"]), **state)
        self._drawing = False
        for name, value in shape.items():  # in this order: the share is that of the shape
            setattr(self, name, value)
        self._redraw()
        with suppress(UserError):  # no question about an empty object
            self.prepare_questions()

    def __repr__(self) -> str:
        size = f"{numbers.HEIGHT} x {numbers.WIDTH} pixels"
        return f"LossLab({self.preset}, {100 * self.labels.mean():.1f} % of {size})"

    # --- what the next cell reads -----------------------------------------------------------------------

    @property
    def labels(self) -> np.ndarray:
        """The object, uint8 0 and 1, shape ``(24, 32)``."""
        return from_text(self.mask)

    @property
    def logits(self) -> np.ndarray:
        """The object's logit per pixel (the background's is 0), float64, shape ``(24, 32)``."""
        return self._logits.copy()

    @property
    def probabilities(self) -> np.ndarray:
        """Of background and object, float64 in 0..1, shape ``(24, 32, 2)``."""
        return np.stack([numbers.probability(-self._logits), numbers.probability(self._logits)], axis=-1)

    @property
    def gradients(self) -> dict[str, np.ndarray]:
        """Of each loss with respect to the object's logits, float64, shape ``(24, 32)``."""
        return {name: gradient.copy() for name, gradient in self._gradients.items()}

    @property
    def settings(self) -> dict[str, Any]:
        """How the prediction is degraded: the arguments of ``numbers.predicted_logits``."""
        return {name: getattr(self, name) for name in _SETTINGS}

    def paint(self, labels: np.ndarray) -> None:
        """Set the object from an array.

        Args:
            labels: 0 and 1 or booleans, shape ``(24, 32)``.

        Raises:
            ValueError: if shape or values do not fit.
        """
        labels = np.asarray(labels)
        if labels.shape != (numbers.HEIGHT, numbers.WIDTH) or not np.isin(labels, (0, 1)).all():
            raise UserError(
                f"labels must be 0 and 1 of shape ({numbers.HEIGHT}, {numbers.WIDTH}), but got shape "
                f"{labels.shape} with values {np.unique(labels)[:5].tolist()}."
            )
        self.mask = to_text(labels.astype(int))

    # --- state ------------------------------------------------------------------------------------------

    @traitlets.validate("mask")
    def _check_mask(self, proposal: Any) -> str:
        lines = proposal["value"].split("\n")
        fits = len(lines) == numbers.HEIGHT and all(len(line) == numbers.WIDTH for line in lines)
        if not fits or set(proposal["value"]) - set(".#\n"):
            raise traitlets.TraitError(
                f"mask must be {numbers.HEIGHT} lines of {numbers.WIDTH} signs, '.' or '#', but got "
                f"{len(lines)} lines, the first {lines[0][:40]!r}. lab.paint(array) writes it for you."
            )
        return proposal["value"]

    @traitlets.validate("cursor")
    def _check_cursor(self, proposal: Any) -> tuple[int, int]:
        y, x = proposal["value"]
        if not (0 <= y < numbers.HEIGHT and 0 <= x < numbers.WIDTH):
            raise traitlets.TraitError(
                f"cursor must be a row in 0..{numbers.HEIGHT - 1} and a column in 0..{numbers.WIDTH - 1}, "
                f"but got ({y}, {x})."
            )
        return y, x

    @contextmanager
    def _draw(self) -> Iterator[None]:
        """Traits of the object that are set in here follow from another one."""
        before, self._drawing = self._drawing, True
        try:
            with self.hold_sync():
                yield
        finally:
            self._drawing = before

    def _text(self, share: float) -> str:
        return to_text(numbers.object_at(self._field, share))

    @traitlets.observe("mask", "preset", "share")
    @guarded
    def _take_object(self, change: Any) -> None:
        if self._drawing:
            return
        with self._draw():
            if change["name"] == "mask" or (change["name"] == "preset" and self.preset == "own"):
                self._field = numbers.object_field(self.labels)
                self.set_trait("painted", self.mask)
                self.preset, self.share = "own", round(float(self.labels.mean()), 4)
            elif change["name"] == "share":
                self.mask = self._text(self.share)
            else:
                self._field = numbers.preset_field(self.preset)
                self.set_trait("painted", "")
                self.share = numbers.PRESETS[self.preset]
                self.mask = self._text(self.share)
        self._redraw()

    @traitlets.observe(*_SETTINGS, "against", "same_scale")
    @guarded
    def _redraw(self, _: Any = None) -> None:
        mask = self.labels
        self._logits = numbers.predicted_logits(mask, **self.settings)
        self._gradients = numbers.loss_gradients(mask, self._logits)
        chance = numbers.probability(self._logits)
        # Times the number of pixels: for cross-entropy that is p - y.
        largest = {name: float(np.abs(g).max()) * mask.size for name, g in self._gradients.items()}
        if self.same_scale:
            largest = dict.fromkeys(largest, max(largest.values()))
        with self.hold_sync():
            self.losses = numbers.loss_values(mask, self._logits)
            self.weights = list(numbers.balancing_weights(mask))
            self.pull = {name: numbers.pull_of_object(mask, g) for name, g in self._gradients.items()}
            self.scores = score_prediction(mask, chance)
            self.lines = numbers.loss_curves(self._field, mask, self.settings, self.against)
            self.prediction = png(numbers.between(chance))
            self.largest = largest
            self.maps = {
                name: png(numbers.diverging(g * mask.size, largest[name]))
                for name, g in self._gradients.items()
            }
            self._look()

    @traitlets.observe("cursor")
    @guarded
    def _look(self, _: Any = None) -> None:
        y, x = self.cursor
        labels = self.labels
        pulls = {name: float(g[y, x]) * labels.size for name, g in self._gradients.items()}
        self.at = {
            "object": bool(labels[y, x]),
            "probability": float(numbers.probability(self._logits[y, x])),
            **pulls,
        }

    # --- showing ----------------------------------------------------------------------------------------

    def figure(self) -> Figure:
        """Object and prediction, the curves, and below them the gradient maps."""
        figure = NotebookFigure(10, 5.2, photographic=True)  # maps have more colours than a palette
        rows = figure.add_gridspec(2, 4, height_ratios=[1.15, 1])
        mask = self.labels
        for column, (values, title) in enumerate(
            ((mask, f"object: {100 * mask.mean():.1f} %"), (numbers.probability(self._logits), "prediction"))
        ):
            _picture(figure.add_subplot(rows[0, column]), numbers.between(values), mask, title)
        axis = figure.add_subplot(rows[0, 2:])
        present = getattr(self, self.against)
        for (name, line), (color, dashes) in zip(self.lines.items(), _STYLES, strict=True):
            x, y = zip(*line, strict=True)
            label = f"{NAMES[name]}: {self.losses[name]:.3f}"
            axis.plot(x, y, color=color, dashes=dashes, label=label)
            axis.plot(present, self.losses[name], "o", color=color, markersize=4)
        axis.axvline(present, color=GREY, linewidth=1)
        axis.set(xlabel=AXES[self.against], ylabel="loss", ylim=(0, None))
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        colors = LinearSegmentedColormap.from_list("pull", [BLUE, "#FFFFFF", VERMILION])
        for column, (name, gradient) in enumerate(self._gradients.items()):
            axis, end = figure.add_subplot(rows[1, column]), self.largest[name] or 1.0
            drawn = axis.imshow(mask.size * gradient, cmap=colors, vmin=-end, vmax=end)
            _picture(axis, None, mask, NAMES[name])
            figure.colorbar(drawn, ax=axis, orientation="horizontal", shrink=0.9, ticks=[-end, 0, end])
        figure.supxlabel(
            "gradient x pixels: blue makes the object more probable there, red less", fontsize=9, color=GREY
        )
        return figure

    def make_question(self, random: np.random.Generator) -> Question:
        """Which loss grows most when the prediction gets worse in some way."""
        compared = {name: NAMES[name] for name in ("cross_entropy", "weighted", "dice")}
        return questions.which_grows_most(self.labels, self.settings, random, words=compared)

    def prepared_question(self, number: int) -> Question:
        """One for a page, where the reader may have changed the object."""
        question = super().prepared_question(number)
        own = self.preset == "own"
        thing = {"mask": self.mask} if own else {"preset": self.preset, "share": self.share}
        return dataclasses.replace(question, before={**thing, **question.before})

    def close(self) -> None:
        """Close the views and release images and gradients."""
        super().close()
        self._gradients = {}
        self.maps, self.lines, self.prediction = {}, {}, b""


def _picture(axis: Axes, pixels: np.ndarray | None, mask: np.ndarray, title: str) -> None:
    """An image with the object's outline."""
    if pixels is not None:
        axis.imshow(pixels, interpolation="nearest")
    for y, x in np.argwhere(mask[:, 1:] != mask[:, :-1]):
        axis.plot([x + 0.5] * 2, [y - 0.5, y + 0.5], color="0.2", linewidth=0.8)
    for y, x in np.argwhere(mask[1:] != mask[:-1]):
        axis.plot([x - 0.5, x + 0.5], [y + 0.5] * 2, color="0.2", linewidth=0.8)
    axis.set_title(title, fontsize=9)
    axis.set(xticks=[], yticks=[])
