"""Exported files, run by ONNX Runtime, LiteRT or OpenVINO."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb._shared.errors import MissingFileError, MissingPackageError, UserError
from segnet_nb._shared.silence import silence

# From images to all outputs of a file, in its order.
Runner = Callable[[np.ndarray], list[np.ndarray]]


def open_exported(
    path: str | Path, runtime: str | None = None, *, threads: int | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """A function that runs an exported network.

    Args:
        path: a file that ``export`` wrote.
        runtime: for ONNX ``"onnxruntime"`` or ``"openvino"`` (extra ``openvino``), for TFLite ``"litert"``;
            None: ONNX Runtime or LiteRT.
        threads: how many the runtime uses; None: its own choice.

    Returns:
        A function from RGB images in 0..255, shape ``(batch, height, width, 3)`` or ``(height, width, 3)``
        of any numeric dtype, to the output: float32 ``(batch, height, width, classes)``, or labels ``(batch,
        height, width)``. It is not safe to call it in several threads at once.

    Raises:
        ValueError: if the file ending or the runtime is unknown, or the file is not a network; when called,
            if the images have another shape.
        FileNotFoundError: if there is no such file.
        ModuleNotFoundError: if the runtime is not installed.

    Example:
        >>> import tempfile
        >>> from segnet_nb.inference.exporting import export
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 2, filters=4, kernel_size=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = export(model, Path(folder) / "network.tflite", output="labels", check=False)
        ...     run = open_exported(Path(folder) / "network.tflite")
        >>> labels = run(np.zeros((32, 48, 3), "uint8"))
        >>> labels.shape, labels.dtype
        ((1, 32, 48), dtype('uint8'))
    """
    path = Path(path)
    if path.suffix not in _RUNTIMES:
        raise UserError(
            f"an exported network ends in {' or '.join(_RUNTIMES)}, but got {path.name!r}. "
            "segnet_nb.load_model opens .keras files."
        )
    available = _RUNTIMES[path.suffix]
    name = next(iter(available)) if runtime is None else runtime
    if name not in available:
        raise UserError(
            f"{path.suffix} files run in {' or '.join(available)}, but got runtime={runtime!r}. Choose "
            "one of those."
        )
    if not path.is_file():
        raise MissingFileError(f"no such file: {path}. Write it with segnet_nb.export.")
    if threads is not None and threads < 1:
        raise UserError(f"threads must be at least 1, but got {threads}.")
    _needed(*_PACKAGES[name])
    try:
        run = available[name](path.read_bytes(), threads)
    except Exception as error:  # each runtime has errors of its own, which share no class
        reason = str(error).strip().partition("\n")[0]
        raise UserError(f"{path} cannot be run by {name}: {reason}. Export the network again.") from error
    return lambda images: run(_batch(images))[0]


def _batch(images: Any) -> np.ndarray:
    images = np.asarray(images)
    if images.dtype.kind not in "uif" or images.ndim not in (3, 4) or not images.size:
        raise UserError(
            "images must be numbers of shape (batch, height, width, 3) in 0..255, but got "
            f"{images.shape} of {images.dtype}."
        )
    return np.ascontiguousarray(images if images.ndim == 4 else images[None], "float32")


def onnx_runtime(content: bytes, threads: int | None = None, *, frugal: bool = False) -> Runner:
    """ONNX Runtime on the processor.

    Args:
        content: of the file.
        threads: None: as many as it takes by itself.
        frugal: return memory as soon as it is free; slower, for few runs.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    if frugal:
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    if threads is not None:
        options.intra_op_num_threads = threads
    session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})


def litert(content: bytes, threads: int | None = None) -> Runner:
    """LiteRT, the runtime of TFLite files."""
    from ai_edge_litert.interpreter import Interpreter

    with silence():  # it announces its delegate
        interpreter = Interpreter(model_content=content, num_threads=threads)
    image = interpreter.get_input_details()[0]["index"]
    outputs = [each["index"] for each in interpreter.get_output_details()]
    shape: tuple[int, ...] | None = None

    def run(images: np.ndarray) -> list[np.ndarray]:
        nonlocal shape
        if images.shape != shape:
            with silence():
                interpreter.resize_tensor_input(image, images.shape)
                interpreter.allocate_tensors()
            shape = images.shape
        interpreter.set_tensor(image, images)
        interpreter.invoke()
        return [interpreter.get_tensor(each) for each in outputs]

    return run


def openvino(content: bytes, threads: int | None = None) -> Runner:
    """OpenVINO on the processor, in float32."""
    ov = import_module("openvino")
    core = ov.Core()
    # By default it computes with fewer bits where the processor has them, which changes labels.
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    if threads is not None:
        settings["INFERENCE_NUM_THREADS"] = threads
    request = core.compile_model(core.read_model(content), "CPU", settings).create_infer_request()

    def run(images: np.ndarray) -> list[np.ndarray]:
        found = request.infer([images])
        return [np.array(found[port]) for port in request.model_outputs]

    return run


def _needed(module: str, extra: str) -> None:
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"this runtime needs {error.name}, which is not installed. Install segnet-nb[{extra}]."
        ) from error


_RUNTIMES: dict[str, dict[str, Callable[[bytes, int | None], Runner]]] = {
    ".onnx": {"onnxruntime": onnx_runtime, "openvino": openvino},
    ".tflite": {"litert": litert},
}
_PACKAGES = {
    "onnxruntime": ("onnxruntime", "export"),
    "litert": ("ai_edge_litert", "export"),
    "openvino": ("openvino", "openvino"),
}
