"""Networks in files that other programs run: ONNX and TFLite, made of built-in operators alone.

Pooling by comparisons and unpooling by selections leave nothing that needs a custom operator; see
``segnet_nb.layers``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb._shared import framework
from segnet_nb._shared.errors import MissingPackageError, UserError

if TYPE_CHECKING:
    import keras

# The newest set of operators that every runtime of the last years knows.
OPSET = 17
# By how much an exported network's output may differ from the Keras network's before it is refused. Trained
# networks differ by 1e-6; where logits reach hundreds, rounding alone gives a softmax of 1e-4.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Exported:
    """What ``export`` wrote.

    Attributes:
        path: the file.
        size_bytes: its size.
        operators: names of the operators in it, each once, sorted.
        max_difference: largest absolute difference between its outputs and the Keras network's, over the
            images it was tried on: of probabilities, or of logits divided by the largest of them where that
            is over 1; None if it was not tried.
    """

    path: Path
    size_bytes: int
    operators: tuple[str, ...]
    max_difference: float | None

    def __str__(self) -> str:
        tried = (
            "not tried"
            if self.max_difference is None
            else f"differs from Keras by {self.max_difference:.1e} at most"
        )
        return (
            f"{self.path}: {self.size_bytes / 1e6:.1f} MB, {len(self.operators)} kinds of built-in "
            f"operators, {tried}"
        )

    __repr__ = __str__


def export(
    model: keras.Model,
    path: str | Path,
    *,
    image_size: tuple[int, int] | None = None,
    check: bool = True,
) -> Exported:
    """Write a network as ONNX or TFLite, and run the file to see that it gives what Keras gives.

    The file takes ``image``: float32 RGB in 0..255 of shape ``(batch, height, width, 3)``, any number of
    images at a time, of any size where the network takes any; a TFLite interpreter is told with
    ``resize_tensor_input``. It gives what the network gives, probabilities or logits, in float32.

    Args:
        model: a network of this package.
        path: where to write; ``.onnx`` or ``.tflite`` says which format.
        image_size: ``(height, width)`` in pixels to fix; None: any size, if the network takes any. Some
            programs run a file of fixed size faster.
        check: run the file on noise, at two sizes where it takes any, and compare.

    Returns:
        The file, its operators, and by how much it differs.

    Raises:
        ValueError: if the ending is another, the network does not take images of ``image_size``, or the
            file does not give what Keras gives; then nothing is written.
        RuntimeError: if Keras does not run on TensorFlow, from whose graph both formats are made.
        ModuleNotFoundError: if ONNX is asked for and tf2onnx or onnxruntime is not installed.

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
    if path.suffix not in _FORMATS:
        raise UserError(
            f"a network is exported to {' or '.join(_FORMATS)}, but {path.name!r} came. Change the ending; "
            "model.save writes .keras."
        )
    size = _size(model, image_size)
    from segnet_nb._shared.framework import keras

    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"export makes its files from TensorFlow's graph, but Keras runs on {keras.backend.backend()}. "
            "Save the network with model.save, set KERAS_BACKEND=tensorflow, load it there and export."
        )
    make, operators_of, runner = _FORMATS[path.suffix]
    with framework.silence():
        content = make(model, size)
        operators = operators_of(content)
        difference = _difference(model, runner(content), size) if check else None
    if difference is not None and not difference <= TOLERANCE:
        raise UserError(
            f"the exported network differs from the Keras network by {difference:.1e}, more than "
            f"{TOLERANCE}. Nothing was written. Does it hold layers that are not of this package or of Keras?"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
    return Exported(path, len(content), operators, difference)


def _size(model: keras.Model, image_size: tuple[int, int] | None) -> tuple[int | None, int | None]:
    """Height and width that the file takes."""
    takes = tuple(model.input_shape[1:3])
    if image_size is None:
        return takes
    wanted = tuple(int(side) for side in image_size)
    fits = len(wanted) == 2 and all(
        side >= 1 and known in (None, side) for side, known in zip(wanted, takes, strict=False)
    )
    if not fits:
        raise UserError(
            f"image_size must be (height, width) in pixels of images that the network takes, {takes} (None: "
            f"any), but {image_size!r} came."
        )
    return wanted


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

    # Left to itself the converter keeps the weights outside of the file.
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
            "nothing more."
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
    """A function that gives what a TFLite file gives for float32 images ``(batch, height, width, 3)``."""
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
    """A function that gives what an ONNX file gives for float32 images ``(batch, height, width, 3)``."""
    session = _needed("onnxruntime").InferenceSession(content, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0]


def _difference(
    model: keras.Model, run: Callable[[np.ndarray], np.ndarray], size: tuple[int | None, int | None]
) -> float:
    """The largest difference on noise, at odd sizes where any size is taken.

    Two values of a window that are equal but for rounding may change places, and then whole neighbourhoods
    differ though nothing is wrong. That is rare, so noise that differs is replaced by other noise, twice.
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
        # Rounding grows with the numbers: logits of 1000 have fewer digits after the point.
        difference = np.abs(found - expected).max() / max(1.0, np.abs(expected).max())
        # Unlike max(), this keeps NaN.
        largest = float(np.maximum(largest, difference))
    return largest


_FORMATS = {
    ".onnx": (_make_onnx, _operators_of_onnx, run_onnx),
    ".tflite": (_make_tflite, _operators_of_tflite, run_tflite),
}
