"""Replace a SegNet's pooling indices, stage by stage, and see how its prediction changes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import traitlets
from matplotlib.figure import Figure
from PIL import Image

from segnet_nb._shared.errors import UserRuntimeError, UserTypeError
from segnet_nb.visualizers.ablation import changed_pixels, marked_changes, show_ablation
from segnet_nb.widgets.index_ablation import questions
from segnet_nb.widgets.shared import living
from segnet_nb.widgets.shared.assets import script, style
from segnet_nb.widgets.shared.explorer import guarded
from segnet_nb.widgets.shared.predicting import AskingExplorer, Question

if TYPE_CHECKING:
    from segnet_nb.probes import AblationBench, AblationResult

MODES = {
    "true": "true indices",
    "zeros": "all zero: top left",
    "shuffled": "shuffled",
    "random": "partly random",
    "other": "of another image",
    "nearest": "none, nearest instead",
    "bilinear": "none, bilinear instead",
}
"""What each intervention is called in the view."""

VIEWS = ("all", "wrong", "right")
_STATE = ("image", "modes", "share", "seed", "other", "view")


def palette_png(ids: np.ndarray, palette: np.ndarray) -> bytes:
    """An image of few colours as a PNG with a palette.

    Args:
        ids: uint8 rows of ``palette``, shape ``(height, width)``.
        palette: uint8 RGB, shape ``(colours, 3)``, at most 256 of them.

    Example:
        >>> palette_png(np.zeros((2, 2), np.uint8), np.zeros((1, 3), np.uint8))[1:4]
        b'PNG'
    """
    image = Image.fromarray(np.ascontiguousarray(ids, dtype=np.uint8))
    image.putpalette(palette.astype(np.uint8).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "png", compress_level=1)  # half the usual time, and hardly larger
    return buffer.getvalue()


def jpeg(image: np.ndarray) -> bytes:
    """An RGB image as a JPEG of high quality."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "jpeg", quality=90)
    return buffer.getvalue()


def numbers(found: AblationResult, labels: np.ndarray, void_id: int) -> dict[str, Any]:
    """The results of an ablation as plain numbers.

    Args:
        found: the ablation.
        labels: ground truth of its image, ids of shape ``(height, width)``.
        void_id: id of pixels without a class.

    Returns:
        Scores with their change against true indices; ``changed`` and its parts ``now_wrong`` and
        ``now_right``, shares of all pixels in 0..1; bytes.
    """
    kinds = changed_pixels(labels, found.reference, found.prediction, void_id)
    return {
        "image": found.image,
        "interventions": dict(found.interventions),
        "share": found.share,
        "seed": found.seed,
        "other": found.other,
        "mean_iou": found.mean_iou,
        "mean_iou_change": found.mean_iou - found.reference_mean_iou,
        "boundary_f1": found.boundary_f1,
        "boundary_f1_change": found.boundary_f1 - found.reference_boundary_f1,
        "changed": found.changed,
        "now_wrong": float(np.mean(kinds == 2)),
        "now_right": float(np.mean(kinds == 3)),
        "bytes_indices": found.bytes_indices,
        "bytes_indices_true": found.bytes_indices_true,
        "bytes_features": found.bytes_features,
    }


class IndexAblation(AskingExplorer):
    """A view of an ``AblationBench``: choose what replaces the indices, see how the labels change.

    Attributes:
        image: number of the image.
        modes: what is done to the indices of each stage, stage 1 (the outermost) first; each one of the
            names that ``AblationBench.run`` explains.
        share: share of random indices for ``"random"``, 0..1.
        seed: of the random numbers; the button "shuffle again" adds 1.
        other: the image whose indices ``"other"`` takes; None: the next.
        view: which changes the difference shows, ``"all"``, ``"wrong"`` (right with true indices and
            wrong now) or ``"right"`` (the other way round).
        result: the answer, see ``numbers``; read-only.
        bench: assign another one and it is run: ``ablation.bench = probes.AblationBench(...)``.

    Example:
        >>> IndexAblation.__name__  # IndexAblation(sn.probes.AblationBench(model, images, labels, classes))
        'IndexAblation'
    """

    _esm = script("index_ablation")
    _css = style("index_ablation")

    image = traitlets.Int(0).tag(sync=True)
    modes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    share = traitlets.Float(0.5).tag(sync=True, echo_update=False)
    seed = traitlets.Int(0).tag(sync=True)
    other = traitlets.Int(None, allow_none=True).tag(sync=True)
    view = traitlets.Unicode("all").tag(sync=True)
    result = traitlets.Dict(read_only=True).tag(sync=True)
    # For the view alone: what never changes, pictures, and which of its requests was answered last.
    _setup = traitlets.Dict().tag(sync=True)
    _scene = traitlets.Dict().tag(sync=True)
    _pictures = traitlets.Dict().tag(sync=True)
    _asked = traitlets.Int(0).tag(sync=True)
    _answered = traitlets.Int(0).tag(sync=True)
    # What a page without a kernel needs to answer by itself; filled in reports alone.
    _page = traitlets.Dict().tag(sync=True)

    def __init__(self, bench: AblationBench, **state: Any) -> None:
        self._bench: AblationBench | None = bench
        self._ablation: AblationResult | None = None
        self._drawn: tuple | None = None
        self._settling = False
        modes = state.pop("modes", ["true"] * len(bench.stages))
        super().__init__(modes=list(modes), **state)
        self._redraw()
        self._live_on()

    @property
    def bench(self) -> AblationBench:
        """What is run. Assign another network's bench: settings that still fit are kept."""
        return self._open_bench

    @bench.setter
    def bench(self, bench: AblationBench) -> None:
        if not all(hasattr(bench, name) for name in ("run", "stages", "images", "labels", "classes")):
            raise UserTypeError(
                f"expected an ablation bench, but got {type(bench).__name__}. "
                "Pass segnet_nb.probes.AblationBench(model, images, labels, classes)."
            )
        self._refuse_when_closed()
        count, stages = len(bench.images), len(bench.stages)
        image = self.image if self.image < count else 0
        other = self.other if self.other is not None and self.other < count else None
        fits = len(self.modes) == stages and not (count == 1 and "other" in self.modes)
        modes = self.modes if fits else ["true"] * stages
        # Whatever is wrong with the bench shows here, before anything has changed.
        bench.run(
            image, dict(zip(bench.stages, modes, strict=True)), share=self.share, seed=self.seed, other=other
        )
        with self.hold_sync(), self._waiting():
            self._bench, self._ablation, self._setup = bench, None, {}
            self.image, self.other, self.modes = image, other, modes
        with self.hold_sync():
            self._redraw()
            self._live_on()
            self._build_anew()

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Traits that are set in here are drawn together, afterwards."""
        self._settling = True
        try:
            yield
        finally:
            self._settling = False
        self._drawn = None

    @property
    def _open_bench(self) -> AblationBench:
        if self._bench is None:
            raise UserRuntimeError("this explorer is closed. Make a new one.")
        return self._bench

    @property
    def _shown(self) -> Literal["all", "wrong", "right"]:
        return cast("Literal['all', 'wrong', 'right']", self.view)

    @property
    def ablation(self) -> AblationResult | None:
        """The present ablation with its label maps; None after ``close``."""
        return self._ablation

    def preset(self, mode: str) -> None:
        """Do the same to the indices of all stages.

        Raises:
            traitlets.TraitError: if there is no such intervention.
        """
        self.modes = [mode] * len(self._open_bench.stages)

    def _live_on(self) -> None:
        """Hold what a report's page needs to answer without a kernel."""
        self._page = living.made(self._of_page)
        self.standalone = bool(self._page) and not self.error
        if self.standalone:
            self.prepare_questions()

    def _of_page(self) -> dict[str, Any]:
        bench = self._open_bench
        classes = bench.classes
        known = {
            "count": classes.num_classes,
            "void_id": classes.void_id,
            "palette": classes.palette.tolist(),
        }
        labels = [living.png(each) for each in bench.labels]
        return living.page(
            "index_ablation", bench.page_network(), list(bench.images), labels=labels, classes=known
        )

    def make_question(self, random: np.random.Generator) -> Question:
        """Which of two changes of the indices costs more; both are run."""
        state = {name: getattr(self, name) for name in ("image", "share", "seed")}
        self.busy = True
        try:
            return questions.which_costs_more(self._open_bench, random, state=state)
        finally:
            self.busy = False

    def figure(self) -> Figure:
        """The present state: image, ground truth, both predictions, the changes and the scores."""
        bench, found = self._bench, self._ablation
        if bench is None or found is None:
            raise UserRuntimeError(
                "there is nothing to draw: the explorer is closed or its first run failed."
            )
        image, labels = bench.images[found.image], bench.labels[found.image]
        return show_ablation(found, image, labels, bench.classes, shown=self._shown)

    def close(self) -> None:
        """Close the views and release the bench and the images."""
        super().close()
        self._bench = self._ablation = self._drawn = None
        self._scene, self._pictures, self._page = {}, {}, {}

    def __repr__(self) -> str:
        if self._bench is None:
            return "IndexAblation(closed)"
        count, height, width = self._bench.images.shape[:3]
        return f"IndexAblation({count} images of {height} x {width}, {len(self._bench.stages)} stages)"

    @traitlets.validate("image", "other")
    def _existing_image(self, proposal: Any) -> int | None:
        number, count = proposal["value"], len(self._open_bench.images)
        if number is not None and not 0 <= number < count:
            name = proposal["trait"].name
            raise traitlets.TraitError(
                f"{name} must be in 0..{count - 1}, the images of the bench, but got {number}."
            )
        return number

    @traitlets.validate("modes")
    def _known_modes(self, proposal: Any) -> list[str]:
        modes, stages = proposal["value"], len(self._open_bench.stages)
        if len(modes) != stages or not set(modes) <= set(MODES):
            raise traitlets.TraitError(
                f"modes must be {stages} names, stage 1 first, each of {', '.join(MODES)}, but got {modes}."
            )
        if "other" in modes and len(self._open_bench.images) == 1:
            raise traitlets.TraitError(
                "'other' needs the indices of another image, but the bench holds only one. Give it more."
            )
        return modes

    @traitlets.validate("share")
    def _a_share(self, proposal: Any) -> float:
        if not 0 <= proposal["value"] <= 1:
            raise traitlets.TraitError(f"share must be in 0..1, but got {proposal['value']}.")
        return proposal["value"]

    @traitlets.validate("seed")
    def _a_seed(self, proposal: Any) -> int:
        if not 0 <= proposal["value"] < 2**31:
            raise traitlets.TraitError(f"seed must be in 0..2147483647, but got {proposal['value']}.")
        return proposal["value"]

    @traitlets.validate("view")
    def _known_view(self, proposal: Any) -> Literal["all", "wrong", "right"]:
        if proposal["value"] not in VIEWS:
            raise traitlets.TraitError(
                f"view must be one of {', '.join(VIEWS)}, but got {proposal['value']!r}."
            )
        return proposal["value"]

    @traitlets.observe(*_STATE, "_asked")
    @guarded
    def _redraw(self, change: Any = None) -> None:
        """Run the bench and send what is new, once for all traits that changed together."""
        state = tuple(map(str, (getattr(self, name) for name in _STATE)))
        if self._bench is None or self._settling:
            return
        self.busy = state != self._drawn
        with self.hold_sync():  # one message for all of the answer
            try:
                if self.busy:
                    self._run()
                    self._drawn = state
            finally:
                self.busy = False
                # The view waits for this before it asks again, so it never queues up old requests.
                self._answered = self._asked

    def _run(self) -> None:
        bench = self._open_bench
        found = bench.run(
            self.image,
            dict(zip(bench.stages, self.modes, strict=True)),
            share=self.share,
            seed=self.seed,
            other=self.other,
        )
        image, labels, classes = bench.images[self.image], bench.labels[self.image], bench.classes
        changes = palette_png(
            *marked_changes(image, labels, found.reference, found.prediction, classes, shown=self._shown)
        )
        if not self._setup:
            self._setup = self._fixed(found)
        if self._ablation is None or self._ablation.image != self.image:
            self._scene = {
                "image": jpeg(image),
                "truth": palette_png(labels, classes.palette),
                "reference": palette_png(found.reference, classes.palette),
            }
        self._pictures = {
            "prediction": palette_png(found.prediction, classes.palette),
            "changes": changes,
        }
        self._ablation = found
        self.set_trait("result", numbers(found, labels, classes.void_id))

    def _fixed(self, found: AblationResult) -> dict[str, Any]:
        """What the view needs only once."""
        bench = self._open_bench
        classes, count = bench.classes, len(bench.images)
        return {
            "names": list(bench.names),
            "classes": [*classes.names, "void"],
            "palette": classes.palette.tolist(),
            "sizes": [list(size) for size in found.stage_sizes],
            "bytes": list(found.stage_bytes),
            "modes": [[key, words] for key, words in MODES.items() if key != "other" or count > 1],
        }
