"""Networks exported to ONNX and TFLite, with built-in operators only.

Pooling by comparisons and unpooling by selections need no custom operator; see ``segnet_nb.layers``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb._shared import framework
from segnet_nb._shared.errors import MissingPackageError, UserError, UserRuntimeError
from segnet_nb._shared.files import write_whole

if TYPE_CHECKING:
    import keras

# The newest operator set that all runtimes of recent years support.
OPSET = 17
# Largest accepted difference between the outputs of an exported network and the Keras network. Trained
# networks differ by 1e-6; where logits reach hundreds, rounding alone changes the softmax by 1e-4.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class ExportedFile:
    """What ``export`` wrote.

    Attributes:
        path: the file.
        size_bytes: its size.
        operators: names of the operators in it, each once, sorted.
        max_difference: largest absolute difference between its outputs and those of the Keras network on
            the test images: of probabilities, or of logits divided by the largest of them where that is
            above 1; None if it was not checked.
    """

    path: Path
    size_bytes: int
    operators: tuple[str, ...]
    max_difference: float | None

    def __str__(self) -> str:
        checked = (
            "not checked"
            if self.max_difference is None
            else f"differs from Keras by {self.max_difference:.1e} at most"
        )
        return (
            f"{self.path}: {self.size_bytes / 1e6:.1f} MB, {len(self.operators)} kinds of built-in "
            f"operators, {checked}"
        )

    __repr__ = __str__


def export(
    model: keras.Model,
    path: str | Path,
    *,
    image_size: tuple[int, int] | None = None,
    check: bool = True,
) -> ExportedFile:
    """Write a network as ONNX or TFLite, and check that the file gives the same outputs as Keras.

    The input ``image`` is float32 RGB in 0..255 of shape ``(batch, height, width, 3)``, of any batch size
    and, if the network accepts any, any image size; for a TFLite interpreter set it with
    ``resize_tensor_input``. The output is that of the network, probabilities or logits, in float32.

    Args:
        model: a network of this package.
        path: file to write; ``.onnx`` or ``.tflite`` selects the format.
        image_size: fixed ``(height, width)`` in pixels; None: any size, if the network accepts any. Some
            programs run a file of fixed size faster.
        check: run the file on noise, at two sizes where it accepts any, and compare.

    Returns:
        The file, its operators, and the largest difference.

    Raises:
        ValueError: if the file extension is another, the network does not accept images of ``image_size``,
            or the outputs of the file differ from those of Keras; then nothing is written.
        RuntimeError: if Keras does not run on TensorFlow, from whose graph both formats are made.
        ModuleNotFoundError: for ONNX, if tf2onnx or onnxruntime is not installed.

    Example:
        >>> import tempfile
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 2, filters=4, kernel_size=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     exported = export(model, Path(folder) / "network.tflite")
        >>> exported.max_difference < 1e-4
        True
    """
    path = Path(path)
    check_path(path)
    size = _size(model, image_size)
    from segnet_nb._shared.framework import keras

    if keras.backend.backend() != "tensorflow":
        raise UserRuntimeError(
            f"export needs TensorFlow's graph, but Keras runs on {keras.backend.backend()}. Save the network "
            "with model.save, set KERAS_BACKEND=tensorflow, load it there and export."
        )
    make, operators_of, runner = _FORMATS[path.suffix]
    with framework.silence():
        content = make(model, size)
        operators = operators_of(content)
        difference = _difference(model, runner(content), size) if check else None
    if difference is not None and not difference <= TOLERANCE:
        raise UserError(
            f"the exported network differs from the Keras network by {difference:.1e}, more than "
            f"{TOLERANCE}. Nothing was written. Does it have layers of neither this package nor Keras?"
        )
    write_whole(path, content)
    return ExportedFile(path, len(content), operators, difference)


def check_path(path: Path) -> None:
    """Raise unless a network can be exported to a file of this name.

    Raises:
        ValueError: naming the file extensions that there are.

    Example:
        >>> check_path(Path("network.onnx"))
    """
    if path.suffix not in _FORMATS:
        raise UserError(
            f"a network is exported to {' or '.join(_FORMATS)}, but got {path.name!r}. Change the file "
            "extension; model.save writes .keras."
        )


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


def _graph(model: keras.Model, size: tuple[int | None, int | None]) -> Any:
    """The network as a TensorFlow function of images."""
    import tensorflow as tf

    from segnet_nb.networks.folding import folded

    shape, fast = (None, *size, model.input_shape[-1]), folded(model)
    return tf.function(
        lambda image: fast(image, training=False),
        input_signature=[tf.TensorSpec(shape, tf.float32, name="image")],
    )


def _make_tflite(model: keras.Model, size: tuple[int | None, int | None]) -> bytes:
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    # By default the converter keeps the weights outside of the file.
    frozen = convert_variables_to_constants_v2(_graph(model, size).get_concrete_function())
    return tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert()


def _make_onnx(model: keras.Model, size: tuple[int | None, int | None]) -> bytes:
    tf2onnx = _needed("tf2onnx")
    graph = _graph(model, size)
    made, _ = tf2onnx.convert.from_function(graph, input_signature=graph.input_signature, opset=OPSET)
    return made.SerializeToString()


def _needed(module: str) -> Any:
    """A module of the extra "export"."""
    from importlib import import_module

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"ONNX needs {error.name}, which is not installed. Install segnet-nb[export]; TFLite needs "
            "no extra package."
        ) from error


def _operators_of_tflite(content: bytes) -> tuple[str, ...]:
    import tensorflow as tf

    return tuple(
        sorted({each["op_name"] for each in tf.lite.Interpreter(model_content=content)._get_ops_details()})
    )


def _operators_of_onnx(content: bytes) -> tuple[str, ...]:
    graph = _needed("onnx").load_from_string(content).graph
    return tuple(sorted({node.op_type for node in graph.node}))


def run_tflite(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """A function from float32 images ``(batch, height, width, 3)`` to the outputs of a TFLite file."""
    import tensorflow as tf

    with framework.silence():  # TensorFlow announces that the interpreter will move
        interpreter = tf.lite.Interpreter(model_content=content)
    inputs, outputs = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def run(images: np.ndarray) -> np.ndarray:
        interpreter.resize_tensor_input(inputs["index"], images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(inputs["index"], images)
        interpreter.invoke()
        return interpreter.get_tensor(outputs["index"])

    return run


def run_onnx(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """A function from float32 images ``(batch, height, width, 3)`` to the outputs of an ONNX file."""
    session = _needed("onnxruntime").InferenceSession(content, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0]


def _difference(
    model: keras.Model, run: Callable[[np.ndarray], np.ndarray], size: tuple[int | None, int | None]
) -> float:
    """The largest difference on noise, at odd sizes where any size is accepted.

    Two values of a pooling window that differ only by rounding may swap order, and then whole neighbourhoods
    differ although nothing is wrong. That is rare, so the comparison is repeated up to twice with new noise.
    """
    difference = float("inf")
    for seed in range(3):
        difference = _difference_on(model, run, size, np.random.default_rng(seed))
        if difference <= TOLERANCE:
            break
    return difference


def _difference_on(
    model: keras.Model,
    run: Callable[[np.ndarray], np.ndarray],
    size: tuple[int | None, int | None],
    rng: np.random.Generator,
) -> float:
    largest = 0.0
    for batch, odd in ((1, (45, 67)), (2, (32, 49))):
        shape = (batch, *(given or side for given, side in zip(size, odd, strict=True)))
        images = rng.uniform(0, 255, (*shape, model.input_shape[-1])).astype("float32")
        found, expected = run(images), np.asarray(model(images, training=False))
        if found.shape != expected.shape:
            return float("inf")
        # The rounding error grows with the values: logits of 1000 have fewer decimals.
        difference = np.abs(found - expected).max() / max(1.0, np.abs(expected).max())
        # Unlike max(), this keeps NaN.
        largest = float(np.maximum(largest, difference))
    return largest


_FORMATS = {
    ".onnx": (_make_onnx, _operators_of_onnx, run_onnx),
    ".tflite": (_make_tflite, _operators_of_tflite, run_tflite),
}
