"""A training shown live: curves, the prediction of one image after each epoch, and a button to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
import traitlets
from IPython.display import display
from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserError, UserRuntimeError
from segnet_nb.datasets.classes import CAMVID, ClassList
from segnet_nb.datasets.colors import overlay
from segnet_nb.widgets.shared.assets import script, style
from segnet_nb.widgets.shared.explorer import guarded
from segnet_nb.widgets.shared.predicting import AskingExplorer, Question
from segnet_nb.widgets.shared.waiting import until_done
from segnet_nb.widgets.training_monitor import questions
from segnet_nb.widgets.training_monitor.picture import draw_monitor, encoded, mask_bytes, thinned
from segnet_nb.widgets.training_monitor.timing import seconds_left
from segnet_nb.widgets.training_monitor.worker import TrainingThread

STATUSES = ("idle", "running", "stopping", "finished", "stopped", "failed")
_AT_WORK = ("running", "stopping")
_LOOK_SECONDS = 0.1  # between looks at the thread that trains
MOST_RECORD_BYTES = 2_000_000
"""Of the predictions that a view holds after a training; of more, evenly spaced ones are left out."""


class TrainingMonitor(AskingExplorer):
    """Curves of a training while it runs, and the prediction of one image after each epoch.

    Show it in one cell and train in the next. Training runs in a thread; the cell awaits it, so that the
    kernel goes on answering the browser. Without a browser each epoch is a printed line.

    Args:
        image: the image to predict after each epoch, uint8 RGB, shape ``(height, width, 3)``; None: none.
        labels: its ground truth ids, shape ``(height, width)``.
        classes: their names and colours.
        **state: any of the attributes below.

    Attributes:
        status: ``"idle"``, ``"running"``, ``"stopping"``, ``"finished"``, ``"stopped"`` or ``"failed"``.
        epoch: number of completed epochs.
        epochs: number of epochs in total.
        step: completed steps of the current epoch.
        steps: steps in an epoch.
        step_loss: mean training loss of the steps done.
        history: one dict per completed epoch: ``epoch``, ``loss``, ``global_accuracy``, ``class_average``,
            ``mean_iou``, ``learning_rate``, ``seconds``. A resumed run brings its earlier epochs.
        best_epoch: the epoch whose weights are kept; 0 before the first.
        stop_requested: set it, or press Stop: training ends after the step at work.
        shown: the epoch whose prediction and figures are shown; 0: the newest.
        picture: that prediction in colours, a PNG; ``picture_epoch`` says which epoch it is of.
        image_accuracy: share of the image's labelled pixels that it gets right, 0..1.
        record: ``[epoch, image accuracy, PNG]`` of each prediction, once the training has ended: with it a
            report looks back at earlier epochs without a kernel.
        opacity: of the colours over the image, 0..1.
        seconds: since ``watch`` began.
        seconds_left: until the end, estimated; None: unknown.

    Raises:
        ValueError: if image and labels do not fit together.

    Example:
        >>> monitor = TrainingMonitor()
        >>> monitor
        TrainingMonitor(idle, 0 of 0 epochs)
    """

    _esm = script("training_monitor")
    _css = style("training_monitor")

    status = traitlets.Enum(STATUSES, "idle").tag(sync=True)
    epoch = traitlets.Int(0, min=0).tag(sync=True)
    epochs = traitlets.Int(0, min=0).tag(sync=True)
    step = traitlets.Int(0, min=0).tag(sync=True)
    steps = traitlets.Int(0, min=0).tag(sync=True)
    step_loss = traitlets.Float(0.0).tag(sync=True)
    history = traitlets.List(traitlets.Dict()).tag(sync=True)
    best_epoch = traitlets.Int(0, min=0).tag(sync=True)
    stop_requested = traitlets.Bool(False).tag(sync=True)
    shown = traitlets.Int(0, min=0).tag(sync=True, echo_update=False)
    photo = traitlets.Bytes(b"").tag(sync=True)
    truth = traitlets.Bytes(b"").tag(sync=True)
    picture = traitlets.Bytes(b"").tag(sync=True)
    picture_epoch = traitlets.Int(0, min=0).tag(sync=True)
    image_accuracy = traitlets.Float(None, allow_none=True).tag(sync=True)
    record = traitlets.List(read_only=True).tag(sync=True)
    legend = traitlets.List().tag(sync=True)
    opacity = traitlets.Float(0.6, min=0.0, max=1.0).tag(sync=True, echo_update=False)
    seconds = traitlets.Float(0.0).tag(sync=True)
    seconds_left = traitlets.Float(None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        image: np.ndarray | None = None,
        labels: np.ndarray | None = None,
        classes: ClassList = CAMVID,
        **state: Any,
    ) -> None:
        # Before anything can fail: closing needs them, and what failed is closed too.
        self._predictions: dict[int, np.ndarray] = {}
        self._stop = threading.Event()
        self._places: list[Any] = []
        self._asked_epoch = 0
        if (image is None) != (labels is None):
            raise UserError("image and labels belong together: pass both, or neither.")
        if (
            image is not None
            and labels is not None
            and (image.dtype != np.uint8 or image.ndim != 3 or image.shape != (*np.shape(labels), 3))
        ):
            raise UserError(
                f"image must be uint8 of shape (height, width, 3) and labels (height, width), but got "
                f"{image.dtype} {image.shape} and {np.shape(labels)}. Take one image of a dataset: "
                "data.images[0], data.labels[0]."
            )
        self._image, self._labels, self._classes = image, labels, classes
        self._named: set[int] = set()
        super().__init__(**state)
        if image is not None and labels is not None:
            self.photo, self.truth = encoded(image, "jpeg"), mask_bytes(labels, classes)
            self._name_colours(labels)

    def __repr__(self) -> str:
        return f"TrainingMonitor({self.status}, {self.epoch} of {self.epochs} epochs)"

    @property
    def predictions(self) -> dict[int, np.ndarray]:
        """The predicted ids of the image by epoch, of the epochs that were watched."""
        return dict(self._predictions)

    # --- training ---------------------------------------------------------------------------------------

    async def watch(
        self,
        train: Callable[..., Any],
        config: Any,
        *,
        predict: Callable[[Any, np.ndarray], np.ndarray] | None = None,
        **options: Any,
    ) -> Any:
        """Train in a thread, show it here, and return what ``train`` returns.

        Interrupting the cell ends the training cleanly, as the Stop button does, and returns the run.

        Args:
            train: ``segnet_nb.train`` or a function that is called and calls back in the same way.
            config: its first argument; ``config.epochs`` is read.
            predict: ``segnet_nb.predict``, or another function from a network and images to ids; None: no
                prediction is shown.
            **options: passed on to ``train``: ``directory``, ``resume``, ``data``.

        Raises:
            RuntimeError: if this monitor is watching already.
            Exception: whatever ``train`` raises; it is shown in the widget too.
        """
        if self.status in _AT_WORK:
            raise UserRuntimeError(
                "this monitor watches a training already. Stop that one, or make another monitor."
            )
        self._begin(config)

        def labels_of(model: Any) -> np.ndarray | None:
            if predict is None or self._image is None:
                return None
            return np.asarray(predict(model, self._image[None]))[0]

        training = TrainingThread(labels_of)
        self._stop = training.stop
        training.start(train, config, options)
        await until_done(
            training.outcome, lambda seconds: self._look(training, seconds), self.stop, _LOOK_SECONDS
        )
        return self._end(training.outcome)

    def stop(self) -> None:
        """End the training that is watched after the step at work, cleanly."""
        if self.status in _AT_WORK:
            self.stop_requested = True

    def _begin(self, config: Any) -> None:
        self._stop = threading.Event()
        self._predictions.clear()
        self.forget_question()
        self.set_trait("record", [])
        self.set_trait("questions", [])
        self.standalone = False
        self._epoch_began = time.monotonic()
        with self.hold_sync():
            self.error, self.stop_requested, self.status = "", False, "running"
            self.epoch, self.epochs, self.best_epoch, self.history = 0, int(config.epochs), 0, []
            self.step = self.steps = self.shown = self.picture_epoch = 0
            self.picture, self.image_accuracy = b"", None
            self.seconds, self.seconds_left = 0.0, None

    def _look(self, training: TrainingThread, seconds: float) -> None:
        """Take over, on the kernel's own thread, what the training has left to be read."""
        with self.hold_sync():
            while not training.news.empty():
                history, best, labels, line = training.news.get()
                self._take_history(history, best)
                if labels is not None:
                    self._predictions[self.epoch] = labels
                    self._redraw()
                if line is not None and not self.seen:
                    print(line, flush=True)
            epoch, step, self.steps, self.step_loss = [*training.latest, (0, 0, 0, 0.0)][0]
            # The last step of an epoch may be told before the epoch is, or after it.
            step = step if epoch == self.epoch else 0
            if step < self.step or step == 0:
                self._epoch_began = time.monotonic()
            self.step, self.seconds = step, float(int(seconds))
            share, spent = step / max(1, self.steps), time.monotonic() - self._epoch_began
            left = seconds_left(self.history, self.epochs, share, spent)
            self.seconds_left = None if left is None else float(round(left))

    def _take_history(self, history: list[dict[str, float]], best: int) -> None:
        self.history, self.epoch, self.best_epoch = history, len(history), best

    def _end(self, outcome: Future) -> Any:
        self.seconds_left = 0.0
        if error := outcome.exception():
            self.status, self.error = "failed", str(error) or type(error).__name__
            self._keep_record()
            self._store()
            raise error
        run = outcome.result()
        self._take_history(list(run.history), run.best_epoch)
        self.status = "finished" if run.status == "finished" else "stopped"
        if self.status == "stopped" and not self.seen:
            print(f"Stopped. {run}. Go on with resume=True.", flush=True)
        self._keep_record()
        self._store()
        return run

    def _keep_record(self) -> None:
        """Give the view all that it needs to look back without a kernel."""
        if not self.history or not self._open:
            return
        entries = []
        for epoch, labels in self._predictions.items():
            entries.append([epoch, self._accuracy(labels), mask_bytes(labels, self._classes)])
            self._name_colours(labels)
        self.set_trait("record", thinned(entries, MOST_RECORD_BYTES))
        if len(self.history) > 1:
            self.prepare_questions()
        self.standalone = True

    # --- showing ----------------------------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        data, metadata = self._repr_mimebundle_()
        self._places.append(display(data, metadata=metadata, raw=True, display_id=True))

    def _store(self) -> None:
        """Replace the picture that a saved notebook keeps, which was taken before there was a curve."""
        if self._places:
            data, metadata = self._repr_mimebundle_()
            for place in self._places:
                place.update(data, metadata=metadata, raw=True)

    def received(self, content: dict[str, Any]) -> None:
        """Take over what a control of the view was set to; it comes as a message, see the view's source."""
        if content.get("kind") == "set" and content.get("trait") in ("shown", "opacity", "stop_requested"):
            self.set_state({content["trait"]: content.get("value")})

    def make_question(self, random: np.random.Generator) -> Question:
        """What the next epoch brings while a training runs, otherwise where the curve rose most."""
        if self.status in _AT_WORK and self.history:
            self._asked_epoch = len(self.history) + 1
            return questions.will_it_rise(self.history, self._asked_epoch)
        return questions.about_the_curve(self.history, random)

    @traitlets.observe("history", "status")
    @guarded
    def _settle_question(self, _: Any) -> None:
        """Reveal the answer that a prediction has waited for."""
        question = self._present
        if question is None or question.answer is not None:
            return
        if len(self.history) >= self._asked_epoch:
            known = questions.will_it_rise(self.history, self._asked_epoch)
            self._present = known
            if self.revealed:
                self.reveal(known, self.revealed["prediction"])
        elif self.status not in _AT_WORK:  # the epoch will not come
            self.forget_question()

    @traitlets.validate("stop_requested")
    def _check_stop(self, proposal: Any) -> bool:
        if proposal["value"] and self.status not in _AT_WORK:
            raise traitlets.TraitError(
                f"there is nothing to stop: the status is {self.status!r}. Start with "
                "`await monitor.watch(...)`."
            )
        return proposal["value"]

    @traitlets.observe("stop_requested")
    def _obey(self, change: Any) -> None:
        if change["new"]:
            self._stop.set()
            self.status = "stopping"

    @traitlets.validate("shown")
    def _check_shown(self, proposal: Any) -> int:
        if proposal["value"] > self.epoch:
            raise traitlets.TraitError(
                f"epoch {proposal['value']} does not exist: {self.epoch} are completed. Choose one of them, "
                "or 0 for the newest."
            )
        return proposal["value"]

    @traitlets.observe("shown")
    @guarded
    def _redraw(self, _: Any = None) -> None:
        """The prediction of the epoch shown, or of the newest one before it that has one."""
        epochs = [epoch for epoch in self._predictions if epoch <= (self.shown or self.epoch)]
        self.picture_epoch = max(epochs, default=0)
        if not self.picture_epoch or self._labels is None:
            self.picture, self.image_accuracy = b"", None
            return
        labels = self._predictions[self.picture_epoch]
        self.image_accuracy = self._accuracy(labels)
        self.picture = mask_bytes(labels, self._classes)
        self._name_colours(labels)

    def _accuracy(self, labels: np.ndarray) -> float | None:
        assert self._labels is not None, "a prediction is of an image with labels"
        known = self._labels != self._classes.void_id
        return float((labels == self._labels)[known].mean()) if known.any() else None

    def _name_colours(self, ids: np.ndarray) -> None:
        """Take the classes of a mask into the legend, which keeps those of masks that were shown before."""
        names = self._classes.names
        self._named.update(int(i) for i in np.unique(ids) if i < len(names))
        self.legend = [[names[i], "#" + bytes(self._classes.colors[i]).hex()] for i in sorted(self._named)]

    def figure(self) -> Figure:
        """The curves as they are, and below them the image, the prediction shown and the ground truth."""
        images: list[tuple[np.ndarray, str]] = []
        if self._image is not None and self._labels is not None:
            images.append((self._image, "image"))
            masks = [(self._labels, "ground truth")]
            if self.picture_epoch in self._predictions:
                title = f"prediction after epoch {self.picture_epoch}"
                masks.insert(0, (self._predictions[self.picture_epoch], title))
            images += [
                (overlay(self._image, ids, self._classes, self.opacity), title) for ids, title in masks
            ]
        return draw_monitor(self.history, self.best_epoch, self.epochs, images)

    def close(self) -> None:
        """Stop a training that runs, close the views and release the predictions."""
        self._stop.set()
        super().close()
        self._predictions.clear()
        self._places.clear()
        self._image = self._labels = None
        self.photo = self.truth = self.picture = b""
        self.set_trait("record", [])
