"""How each format is made of a TensorFlow function, in float32 or by post-training quantisation in int8."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb._shared.errors import MissingPackageError
from segnet_nb.inference import onnx_names
from segnet_nb.inference.runtimes import Runner, litert, onnx_runtime

# The newest operator set that all runtimes of recent years support.
OPSET = 17


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: what messages call it.
        needs: modules of the extra "export" that it needs.
        make: the content of a file from a function; the images, each ``(1, height, width, channels)``
            float32, are those that calibrate int8, and None keeps float32.
        operators: names of the operators in a file, each once, sorted.
        runner: runs the content of a file.
    """

    name: str
    needs: tuple[str, ...]
    make: Callable[[Any, Sequence[np.ndarray] | None], bytes]
    operators: Callable[[bytes], tuple[str, ...]]
    runner: Callable[[bytes], Runner]

    def check_packages(self) -> None:
        """Raise if a package is missing, before anything slow."""
        for module in self.needs:
            try:
                import_module(module)
            except ModuleNotFoundError as error:
                raise MissingPackageError(
                    f"{self.name} needs {error.name}, which is not installed. Install segnet-nb[export]."
                ) from error


def _make_onnx(graph: Any, calibration: Sequence[np.ndarray] | None) -> bytes:
    import tf2onnx

    made, _ = tf2onnx.convert.from_function(graph, input_signature=graph.input_signature, opset=OPSET)
    gc.collect()  # the converter leaves cycles that hold several copies of the weights
    _pad_by_numbers(made.graph)
    onnx_names.make_reproducible(made)
    return made.SerializeToString() if calibration is None else _quantised_onnx(made, calibration)


def _pad_by_numbers(graph: Any) -> None:
    """Write the padding of dilated convolutions of any image size as numbers.

    "As many as needed" is not supported by ONNX Runtime for them. Without stride that is the same number at
    every size.
    """
    from onnx import helper

    for node in graph.node:
        given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        if node.op_type != "Conv" or given.get("auto_pad") != b"SAME_UPPER":
            continue
        dilations, strides = given.get("dilations", [1, 1]), given.get("strides", [1, 1])
        if max(dilations) == 1 or max(strides) > 1:
            continue
        kept = [each for each in node.attribute if each.name not in ("auto_pad", "pads")]
        del node.attribute[:]
        needed = [d * (side - 1) for d, side in zip(dilations, given["kernel_shape"], strict=True)]
        before = [each // 2 for each in needed]
        after = [each - first for each, first in zip(needed, before, strict=True)]
        node.attribute.extend([*kept, helper.make_attribute("pads", before + after)])


def _quantised_onnx(made: Any, calibration: Sequence[np.ndarray]) -> bytes:
    """The convolutions in int8, everything else in float32."""
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    name, images = made.graph.input[0].name, iter(calibration)

    class Reader(quantization.CalibrationDataReader):
        def get_next(self) -> dict[str, np.ndarray] | None:
            image = next(images, None)
            return None if image is None else {name: image}

    with tempfile.TemporaryDirectory() as folder:  # the quantiser writes files of its own
        plain, prepared, quantised = (str(Path(folder) / f"{part}.onnx") for part in ("a", "b", "c"))
        onnx.save(made, plain)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            quantised,
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            # 7 bits for weights: without VNNI instructions, as with AVX2, sums of two products overflow.
            reduce_range=True,
            calibrate_method=quantization.CalibrationMethod.MinMax,
        )
        finished = onnx.load(quantised)
    onnx_names.make_reproducible(finished)
    return finished.SerializeToString()


def _make_tflite(graph: Any, calibration: Sequence[np.ndarray] | None) -> bytes:
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    # By default the converter keeps the weights outside of the file.
    frozen = convert_variables_to_constants_v2(graph.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image] for image in calibration)
    return converter.convert()


def _operators_of_onnx(content: bytes) -> tuple[str, ...]:
    import onnx

    return tuple(sorted({node.op_type for node in onnx.load_from_string(content).graph.node}))


def _operators_of_tflite(content: bytes) -> tuple[str, ...]:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # delegates stand in for operators
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=plain)
    return tuple(sorted({each["op_name"] for each in interpreter._get_ops_details()}))


# To check a file takes a few runs, and large networks fill the memory of a small machine.
_frugal_onnx_runtime = partial(onnx_runtime, frugal=True)

FORMATS = {
    ".onnx": Format(
        "ONNX", ("tf2onnx", "onnx", "onnxruntime"), _make_onnx, _operators_of_onnx, _frugal_onnx_runtime
    ),
    ".tflite": Format("TFLite", ("ai_edge_litert",), _make_tflite, _operators_of_tflite, litert),
}
