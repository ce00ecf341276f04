"""What onnxruntime.quantization makes of a model: dynamic and static INT8 in the variants that its users try."""

import functools
import os

import onnx
import onnxruntime
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

import peer

options = peer.arguments()
kernels = ["Conv", "MatMul", "Gemm"]


class Reader(CalibrationDataReader):
    def __init__(self):
        session = onnxruntime.InferenceSession(options.model, providers=["CPUExecutionProvider"])
        self._feeds = iter(peer.batches(options.calibration, {i.name: i.shape for i in session.get_inputs()}))

    def get_next(self):
        return next(self._feeds, None)


def prepared(path):
    """The model after quant_pre_process, without its shape inference where that fails."""
    out = path.replace(".onnx", "-prepared.onnx")
    try:
        quant_pre_process(options.model, out)
    except Exception:  # noqa: BLE001 - symbolic shape inference is the part that fails
        quant_pre_process(options.model, out, skip_symbolic_shape=True)
    return out


def optimized(path):
    """The model after the engine's own extended optimisation, fused operators and all."""
    out = path.replace(".onnx", "-optimized.onnx")
    session = onnxruntime.SessionOptions()
    session.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    session.optimized_model_filepath = out
    onnxruntime.InferenceSession(options.model, session, providers=["CPUExecutionProvider"])
    return out


def dynamic(path, source=None, **settings):
    quantize_dynamic(source(path) if source else options.model, path, **settings)


def static(path, source=None, **settings):
    # Unsigned activations: with signed ones, which is the library's default, x86 processors are several times slower.
    chosen = {
        "quant_format": QuantFormat.QDQ,
        "calibrate_method": CalibrationMethod.MinMax,
        "activation_type": QuantType.QUInt8,
        **settings,
    }
    quantize_static(source(path) if source else options.model, path, Reader(), **chosen)


def only_optimized(path):
    os.replace(optimized(path), path)


def candidates():
    make = functools.partial
    signed = {"weight_type": QuantType.QInt8}
    channels = {"per_channel": True, **signed}
    few = {"op_types_to_quantize": kernels}
    return {
        "dynamic": make(dynamic, **signed),
        "static per-channel": make(static, **channels),
        "static per-channel, prepared": make(static, source=prepared, **channels),
        "static per-channel, prepared, Conv MatMul Gemm": make(static, source=prepared, **channels, **few),
        "dynamic, prepared": make(dynamic, source=prepared, **signed),
        "dynamic per-channel, prepared": make(dynamic, source=prepared, **channels),
        "dynamic unsigned weights, prepared": make(dynamic, source=prepared, weight_type=QuantType.QUInt8),
        "dynamic, optimised": make(dynamic, source=optimized, **signed),
        "dynamic MatMul Gemm, prepared": make(
            dynamic, source=prepared, op_types_to_quantize=["MatMul", "Gemm", "Gather", "Attention"], **signed
        ),
        "static per-channel QOperator, prepared": make(
            static, source=prepared, quant_format=QuantFormat.QOperator, **channels
        ),
        "static per-channel QOperator, prepared, Conv MatMul Gemm": make(
            static, source=prepared, quant_format=QuantFormat.QOperator, **channels, **few
        ),
        "static per-tensor": make(static, **signed),
        "static per-tensor, prepared": make(static, source=prepared, **signed),
        "static per-channel, signed activations, prepared": make(
            static, source=prepared, activation_type=QuantType.QInt8, **channels
        ),
        "static per-channel, reduced range, prepared": make(static, source=prepared, reduce_range=True, **channels),
        "static per-channel, Conv MatMul Gemm": make(static, **channels, **few),
        "static per-channel, entropy, prepared": make(
            static, source=prepared, calibrate_method=CalibrationMethod.Entropy, **channels
        ),
        "static per-channel, percentile, prepared": make(
            static, source=prepared, calibrate_method=CalibrationMethod.Percentile, **channels
        ),
        "static per-channel, MatMul bias fused, prepared, Conv MatMul Gemm": make(
            static, source=prepared, extra_options={"MatMulConstBOnly": True}, **channels, **few
        ),
        "optimised only": only_optimized,
    }


if __name__ == "__main__":
    onnx.checker.check_model(options.model)
    peer.run(candidates(), options)
