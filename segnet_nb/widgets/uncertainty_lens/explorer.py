"""The uncertainty of a Bayesian SegNet per pixel, and its accuracy without the most uncertain pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from matplotlib.figure import Figure
from PIL import Image

from segnet_nb._shared.errors import UserTypeError
from segnet_nb.visualizers.uncertainty import show_uncertainty
from segnet_nb.widgets.shared import living
from segnet_nb.widgets.shared.assets import script, style
from segnet_nb.widgets.shared.predicting import AskingExplorer, Question
from segnet_nb.widgets.uncertainty_lens import numbers, questions

if TYPE_CHECKING:
    from segnet_nb.probes import SampledPredictions

MEASURES = ("variance", "entropy", "mutual_information")


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", optimize=True)
    return buffer.getvalue()


class UncertaintyLens(AskingExplorer):
    """Samples, uncertainty and errors of some images side by side, and two curves: kept pixels, calibration.

    Move the samples and see the uncertainty settle; keep only the most certain pixels and see which errors
    are caught. All of it is in the browser, so it lives on in an HTML file without a kernel.

    Args:
        sampled: what ``segnet_nb.probes.probe_uncertainty`` gives; of a few images, as all of them travel.
        **state: first values of the traits below.

    Attributes:
        image: which image, from 0.
        samples: number of Monte Carlo samples, one of ``sampled.counts``.
        measure: ``"variance"``, ``"entropy"`` or ``"mutual_information"``.
        kept: share of the pixels that is kept, the most certain ones, 0.05..1 in steps of 0.05.
        answer: ``accuracy`` and ``kept_accuracy`` of this image, ``all_accuracy`` and ``all_kept_accuracy``
            of all images (shares are taken of all their pixels together), ``calibration_error`` of all,
            and ``limit``, the uncertainty up to which pixels are kept here; read only. 256 steps of
            uncertainty are told apart.
        sampled: assign others and they are shown: ``lens.sampled = probes.probe_uncertainty(...)``.
        can_sample: whether the network is known, so that it can be sampled again; read only.

    Raises:
        TypeError: if the argument is not sampled predictions.
        TraitError: if a value is impossible.

    Example:
        >>> from segnet_nb import datasets, probes
        >>> from segnet_nb.networks.model import segnet_basic
        >>> data = datasets.load("synthetic", "val", image_size=(32, 48), count=2)
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3, dropout=0.5)
        >>> lens = UncertaintyLens(probes.probe_uncertainty(model, data, counts=(2, 4)), kept=0.8)
        >>> lens
        UncertaintyLens(2 images of 32 x 48, up to 4 samples)
        >>> sorted(lens.answer)[:2]
        ['accuracy', 'all_accuracy']
    """

    _esm = script("uncertainty_lens")
    _css = style("uncertainty_lens")
    _seed = 0

    standalone = traitlets.Bool(True).tag(sync=True)
    image = traitlets.Int(0).tag(sync=True)
    samples = traitlets.Int(0).tag(sync=True, echo_update=False)
    measure = traitlets.Enum(MEASURES, "variance").tag(sync=True)
    kept = traitlets.Float(0.8).tag(sync=True, echo_update=False)

    answer = traitlets.Dict(read_only=True)

    # What the browser needs, set once.
    names = traitlets.List(read_only=True).tag(sync=True)
    counts = traitlets.List(read_only=True).tag(sync=True)
    class_names = traitlets.List(read_only=True).tag(sync=True)
    palette = traitlets.List(read_only=True).tag(sync=True)
    color_map = traitlets.List(read_only=True).tag(sync=True)
    tops = traitlets.Dict(read_only=True).tag(sync=True)
    pictures = traitlets.Dict(read_only=True).tag(sync=True)
    curves = traitlets.Dict(read_only=True).tag(sync=True)
    can_sample = traitlets.Bool(False, read_only=True).tag(sync=True)
    # For a page without a kernel, which samples by itself.
    _page = traitlets.Dict().tag(sync=True)

    def __init__(self, sampled: SampledPredictions, **state: Any) -> None:
        self._receive_samples(sampled)
        super().__init__(samples=state.pop("samples", self._counts[-1]))
        self._take_over()
        for name, value in state.items():
            if not self.has_trait(name):
                raise UserTypeError(f"UncertaintyLens has no setting {name!r}.")
            setattr(self, name, value)
        self._answer()
        self.prepare_questions()

    @property
    def sampled(self) -> SampledPredictions:
        """What is looked at. Assign another network's samples: settings that still fit are kept."""
        return self._sampled

    @sampled.setter
    def sampled(self, sampled: SampledPredictions) -> None:
        self._refuse_when_closed()
        with self.hold_sync():
            self._receive_samples(sampled)
            self.set_trait("curves", {})  # the answer waits for the new ones
            if self.image >= len(self._sampled):
                self.image = 0
            if self.samples not in self._counts:
                self.samples = self._counts[-1]
            self._take_over()
            self._answer()
            self._build_anew()

    def _receive_samples(self, sampled: SampledPredictions) -> None:
        if not all(hasattr(sampled, name) for name in ("counts", "predictions", "confidence", "measures")):
            raise UserTypeError(
                f"expected sampled predictions, but got {type(sampled).__name__}. "
                "Pass segnet_nb.probes.probe_uncertainty(model, data)."
            )
        tops = {name: numbers.brightest(sampled.measures[name][-1]) for name in MEASURES}
        levels = {name: numbers.levels(sampled.measures[name], tops[name]) for name in MEASURES}
        self._sampled, self._counts, self._tops, self._levels = sampled, list(sampled.counts), tops, levels

    def sample_again(self) -> None:
        """Predict again with other dropout masks, and show that; the colours keep their meaning.

        Raises:
            ValueError: if the network is not known, see ``can_sample``.
        """
        self._refuse_when_closed()
        self.busy = True
        try:
            sampled = self._sampled.again(self._seed + 1)
            self._seed += 1
            self._sampled = sampled
            self._levels = {
                name: numbers.levels(sampled.measures[name], self._tops[name]) for name in MEASURES
            }
            with self.hold_sync():
                self.set_trait("pictures", self._pictures())
                self.set_trait("curves", self._curves())
                self._answer()
                self.forget_question()
                self.prepare_questions()
        finally:
            self.busy = False

    def received(self, content: dict[str, Any]) -> None:
        """Sample again when the view's button asks for it."""
        if content.get("kind") == "sample":
            self.sample_again()

    def _of_page(self) -> dict[str, Any]:
        sampled, classes = self._sampled, self._sampled.classes
        known = {"count": classes.num_classes, "void_id": classes.void_id, "palette": []}
        return living.page(
            "uncertainty_lens",
            sampled.page_network(),
            list(sampled.images),
            labels=[living.png(each) for each in sampled.labels],
            classes=known,
            counts=self._counts,
            tops=[self._tops[name] for name in MEASURES],
        )

    def _take_over(self) -> None:
        """Set what depends on the samples and not on the state."""
        sampled = self._sampled
        self.set_trait("can_sample", sampled.model is not None)
        self._page = living.made(self._of_page) if self.can_sample else {}
        self.set_trait("names", list(sampled.names))
        self.set_trait("counts", self._counts)
        self.set_trait("class_names", list(sampled.classes.names))
        self.set_trait("palette", sampled.classes.palette.tolist())
        self.set_trait("color_map", numbers.color_map().tolist())
        self.set_trait("tops", self._tops)
        self.set_trait("pictures", self._pictures())
        self.set_trait("curves", self._curves())

    def __repr__(self) -> str:
        height, width = self._sampled.labels.shape[1:]
        most = self._counts[-1]
        return f"UncertaintyLens({len(self.names)} images of {height} x {width}, up to {most} samples)"

    # --- validation ----------------------------------------------------------------------------------

    @traitlets.validate("image")
    def _check_image(self, proposal: Any) -> int:
        count = len(self._sampled)
        if not 0 <= proposal["value"] < count:
            raise traitlets.TraitError(
                f"there is no image {proposal['value']}: choose from 0 to {count - 1}."
            )
        return proposal["value"]

    @traitlets.validate("samples")
    def _check_samples(self, proposal: Any) -> int:
        if proposal["value"] not in self._counts:
            raise traitlets.TraitError(
                f"there are results after {', '.join(map(str, self._counts))} samples, not after "
                f"{proposal['value']}. Probe again with other counts."
            )
        return proposal["value"]

    @traitlets.validate("kept")
    def _check_kept(self, proposal: Any) -> float:
        value = round(proposal["value"] * 20) / 20
        if not 0.05 <= value <= 1:
            raise traitlets.TraitError(f"kept must be a share from 0.05 to 1, but got {proposal['value']}.")
        return value

    # --- what is shown -------------------------------------------------------------------------------

    def _pictures(self) -> dict[str, dict[str, bytes]]:
        sampled, found = self._sampled, {}
        for i in range(len(sampled)):
            found[str(i)] = {"photo": _png(sampled.images[i]), "truth": _png(sampled.labels[i])}
            for step, count in enumerate(self._counts):
                planes = np.stack([self._levels[name][step, i] for name in MEASURES], axis=-1)
                found[f"{i}/{count}"] = {
                    "predicted": _png(sampled.predictions[step, i]),
                    "levels": _png(planes),
                }
        return found

    def _curves(self) -> dict[str, Any]:
        """For each number of samples: calibration, and per measure the kept curve and limits."""
        sampled, void = self._sampled, self._sampled.classes.void_id
        labels, known = sampled.labels, sampled.labels != void
        found: dict[str, Any] = {}
        for step, count in enumerate(self._counts):
            predicted, sure = sampled.predictions[step], sampled.confidence[step]
            found[str(count)] = {
                "calibration": {
                    "all": numbers.calibration_of(sure, labels, predicted, void),
                    "images": [
                        numbers.calibration_of(*parts, void)
                        for parts in zip(sure, labels, predicted, strict=True)
                    ],
                }
            }
            for name in MEASURES:
                level = self._levels[name][step]
                found[str(count)][name] = {
                    "all": numbers.kept_curve(level, labels, predicted, void),
                    "images": [
                        numbers.kept_curve(*parts, void)
                        for parts in zip(level, labels, predicted, strict=True)
                    ],
                    "limits": [numbers.kept_levels(*parts) for parts in zip(level, known, strict=True)],
                }
        return found

    @property
    def _share(self) -> int:
        return numbers.SHARES.index(self.kept)

    @property
    def _limit(self) -> int:
        return self.curves[str(self.samples)][self.measure]["limits"][self.image][self._share]

    @traitlets.observe("image", "samples", "measure", "kept")
    def _answer(self, _: Any = None) -> None:
        if not self.curves:  # not made yet
            return
        curves = self.curves[str(self.samples)]
        own, together = curves[self.measure]["images"][self.image], curves[self.measure]["all"]
        self.set_trait(
            "answer",
            {
                "accuracy": own[-1],
                "kept_accuracy": own[self._share],
                "all_accuracy": together[-1],
                "all_kept_accuracy": together[self._share],
                "calibration_error": curves["calibration"]["all"]["error"],
                "limit": self._limit / 255 * self.tops[self.measure],
            },
        )

    def make_question(self, random: np.random.Generator) -> Question:
        """How right the most certain pixels are, or by which measure they are found best."""
        return self._question_of(self.image, random)

    def prepared_question(self, number: int) -> Question:
        """For a page without a kernel: of one image after the other."""
        return self._question_of(number % len(self.names), np.random.default_rng(number))

    def _question_of(self, image: int, random: np.random.Generator) -> Question:
        state = {name: getattr(self, name) for name in ("samples", "measure", "kept")}
        return questions.about_kept(
            self.curves[str(self.samples)],
            random,
            name=self.names[image],
            state={"image": image, **state},
            words={name: name.replace("_", " ") for name in MEASURES},
        )

    def composed(self) -> dict[str, np.ndarray]:
        """The pictures of the present state: ``photo``, ``prediction``, ``errors`` and ``uncertainty``.

        Returns:
            uint8 RGB arrays of shape ``(height, width, 3)``.
        """
        sampled, step = self._sampled, self._counts.index(self.samples)
        level = self._levels[self.measure][step, self.image]
        pictures = numbers.compose(
            sampled.labels[self.image],
            sampled.predictions[step, self.image],
            level,
            self._limit,
            sampled.classes.palette,
        )
        return {"photo": sampled.images[self.image], **pictures}

    def figure(self) -> Figure:
        """The present state as a matplotlib figure."""
        curves = self.curves[str(self.samples)]
        return show_uncertainty(
            self.composed(),
            measure=self.measure,
            top=self.tops[self.measure],
            title=f"{self.names[self.image]}, {self.samples} samples, {100 * self.kept:.0f} % kept",
            shares=numbers.SHARES,
            kept={
                "all images": curves[self.measure]["all"],
                "this image": curves[self.measure]["images"][self.image],
            },
            chosen=self.kept,
            calibration={
                "all images": curves["calibration"]["all"],
                "this image": curves["calibration"]["images"][self.image],
            },
            colors={
                "right": numbers.RIGHT,
                "wrong": numbers.WRONG,
                "right, left out": numbers.RIGHT_LEFT_OUT,
                "wrong, left out": numbers.WRONG_LEFT_OUT,
                "void": numbers.VOID,
            },
            color_map=numbers.color_map(),
        )
