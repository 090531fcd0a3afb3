"""Networks exported to ONNX and TFLite, with built-in operators only.

Pooling by comparisons and unpooling by products need no custom operator; see
``segnet_nb.networks.portable_pooling``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from segnet_nb._shared import framework
from segnet_nb._shared.errors import UserError, UserRuntimeError
from segnet_nb._shared.files import write_whole
from segnet_nb.inference import export_check, export_graph
from segnet_nb.inference.export_calibration import calibration_images
from segnet_nb.inference.export_formats import FORMATS

if TYPE_CHECKING:
    import keras
    import numpy as np

    from segnet_nb.datasets.base import LabelledImages


@dataclass(frozen=True)
class ExportedFile:
    """What ``export`` wrote.

    Attributes:
        path: the file.
        size_bytes: its size.
        operators: names of the operators in it, each once, sorted.
        max_difference: largest absolute difference between its scores and those of the Keras network on the
            test images, at the same pooling indices, divided by the largest score where that is above 1;
            scores are logits where there are any. None if it was not checked, and for int8.
        labels_differ: share of the labels, 0..1, that differ from those of Keras: on test images, or for int8
            on the images that calibrated it; None if it was not checked.
        output: ``"probabilities"``, ``"logits"`` or ``"labels"``.
        precision: ``"float32"`` or ``"int8"``.
    """

    path: Path
    size_bytes: int
    operators: tuple[str, ...]
    max_difference: float | None
    labels_differ: float | None
    output: str
    precision: str

    def __str__(self) -> str:
        if self.labels_differ is None:
            checked = "not checked"
        elif self.max_difference is None:
            checked = f"{self.labels_differ:.2%} of the labels on the calibration images differ from Keras"
        else:
            checked = (
                f"differs from Keras by {self.max_difference:.1e} at most, and in "
                f"{self.labels_differ:.2%} of the labels"
            )
        return (
            f"{self.path}: {self.output} in {self.precision}, {self.size_bytes / 1e6:.1f} MB, "
            f"{len(self.operators)} kinds of built-in operators, {checked}"
        )

    __repr__ = __str__


def export(
    model: keras.Model,
    path: str | Path,
    *,
    image_size: tuple[int, int] | None = None,
    output: Literal["probabilities", "logits", "labels"] | None = None,
    calibration: np.ndarray | LabelledImages | None = None,
    check: bool = True,
) -> ExportedFile:
    """Write a network as ONNX or TFLite, and check that the file gives the same outputs as Keras.

    The input ``image`` is float32 RGB in 0..255 of shape ``(batch, height, width, 3)``, of any batch size
    and, if the network accepts any, any image size; for a TFLite interpreter set it with
    ``resize_tensor_input``. ``segnet_nb.inference.runtimes.open_exported`` runs the file.

    Args:
        model: a network of this package.
        path: file to write; ``.onnx`` or ``.tflite`` selects the format.
        image_size: fixed ``(height, width)`` in pixels; None: any size, if the network accepts any. Most
            programs run a file of fixed size faster.
        output: ``"probabilities"``, or ``"logits"`` for the scores before softmax, both float32 of shape
            ``(batch, height, width, classes)``; or ``"labels"``, the class of the largest score, uint8 (int32
            above 256 classes) of shape ``(batch, height, width)``, which takes the least time. None: what the
            network gives.
        calibration: training images in 0..255, ``(count, height, width, 3)``, or a dataset: write an int8
            file, which is smaller and faster and a little less accurate. The ranges of all values are
            measured on up to 32 of the images. Input and scores stay float32. None: float32.
        check: run the file and compare. In float32, on a synthetic scene and noise, at two sizes where it
            accepts any: values must agree within rounding where the pooling indices are the same, and at most
            5 % of the labels may differ. In int8, on the calibration images: at most 25 % may.

    Returns:
        The file, its operators, and how well it agrees.

    Raises:
        ValueError: if the file extension or the output is another, the network does not accept images of
            ``image_size``, its logits cannot be recovered, the calibration images do not fit, or the outputs
            of the file differ from those of Keras; then nothing is written.
        TypeError: if ``calibration`` is neither an array nor a dataset.
        RuntimeError: if Keras does not run on TensorFlow, from whose graph both formats are made.
        ModuleNotFoundError: if a package of the extra ``export`` is not installed.

    Example:
        >>> import tempfile
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 2, filters=4, kernel_size=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     exported = export(model, Path(folder) / "network.tflite", output="labels")
        >>> exported.max_difference < 1e-4, exported.output, exported.precision
        (True, 'labels', 'float32')
    """
    path = Path(path)
    check_path(path)
    size = _size(model, image_size)
    chosen = _output(model, output)
    _check_backend()
    written_as = FORMATS[path.suffix]
    written_as.check_packages()
    images = None if calibration is None else calibration_images(model, calibration, size)
    with framework.silence():
        content = written_as.make(export_graph.graph_of(model, size, chosen), images)
        operators = written_as.operators(content)
        agreement = None
        if check and images is not None:
            agreement = export_check.compare_labels(model, chosen, written_as.runner(content), images)
        elif check:
            of_check = written_as.make(export_graph.check_graph_of(model, size, chosen), None)
            runners = written_as.runner(content), written_as.runner(of_check)
            agreement = export_check.compare(model, chosen, size, *runners)
    write_whole(path, content)
    return ExportedFile(
        path=path,
        size_bytes=len(content),
        operators=operators,
        max_difference=agreement and agreement.max_difference,
        labels_differ=agreement and agreement.labels_differ,
        output=chosen,
        precision="float32" if images is None else "int8",
    )


def check_path(path: Path) -> None:
    """Raise unless a network can be exported to a file of this name.

    Raises:
        ValueError: naming the file extensions that there are, or that there can be no file of this name.

    Example:
        >>> check_path(Path("network.onnx"))
    """
    if path.suffix not in FORMATS:
        raise UserError(
            f"a network is exported to {' or '.join(FORMATS)}, but got {path.name!r}. Change the file "
            "extension; model.save writes .keras."
        )
    if path.is_dir():
        raise UserError(f"{path} is a folder, so no file of this name can be written. Pass another name.")
    present = next(each for each in path.absolute().parents if each.exists())
    if not present.is_dir() or not os.access(present, os.W_OK):
        raise UserError(
            f"{path} cannot be written, since {present} is no folder to write to. Pass another path."
        )


def _check_backend() -> None:
    from segnet_nb._shared.framework import keras

    if keras.backend.backend() != "tensorflow":
        raise UserRuntimeError(
            f"export needs TensorFlow's graph, but Keras runs on {keras.backend.backend()}. Save the network "
            "with model.save, set KERAS_BACKEND=tensorflow, load it there and export."
        )


def _output(model: keras.Model, output: Any) -> str:
    """The form of the output, if the network has it."""
    from segnet_nb.networks import forms

    if output is None:
        return forms.form_of(model)
    forms.in_form(model, output)
    return output


def _size(model: keras.Model, image_size: tuple[int, int] | None) -> tuple[int | None, int | None]:
    """Height and width of the images that the file accepts; None: any."""
    accepted = height, width = tuple(model.input_shape[1:3])
    if image_size is None:
        return height, width
    requested = tuple(int(side) for side in image_size)
    fits = len(requested) == 2 and all(
        side >= 1 and known in (None, side) for side, known in zip(requested, accepted, strict=False)
    )
    if not fits:
        raise UserError(
            f"image_size must be (height, width) in pixels of images that the network accepts, {accepted} "
            f"(None: any), but got {image_size!r}."
        )
    return requested[0], requested[1]
