"""Writes the trained supernet as an ONNX file and as the manifest that declares its elastic dimensions."""

import json
import re

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from supernet import BLOCKS, CLASSES, DEPTHS, EPSILON, KERNELS, STAGES, WIDTHS, convolutions, largest, stage_of

OPSET, IR_VERSION = 17, 9


def onnx_model(weights):
    """The largest network. BatchNormalization nodes stay nodes, with statistics yet to be calibrated."""
    nodes, initializers = [], {"pixel.scale": np.float32(1 / 255)}

    def node(operator, name, inputs, output=None, **attributes):
        output = output or f"{name}.output"
        nodes.append(helper.make_node(operator, inputs, [output], name, **attributes))
        return output

    def convolve_and_normalise(unit, x, kernel, stride):
        weight = f"{unit}.conv.weight"
        statistics = [f"{unit}.bn.{part}" for part in ("scale", "bias", "mean", "var")]
        channels = len(weights[weight])
        values = [weights[statistics[0]], weights[statistics[1]], np.zeros(channels), np.ones(channels)]
        initializers.update(zip([weight, *statistics], [weights[weight], *values]))
        window = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [kernel // 2] * 4}
        y = node("Conv", f"{unit}.conv", [x, weight], **window)
        return node("BatchNormalization", f"{unit}.bn", [y, *statistics], epsilon=EPSILON)

    x = node("Cast", "cast", ["image"], to=TensorProto.FLOAT)
    x = node("Mul", "normalise", [x, "pixel.scale"])
    for unit, _, _, kernel, stride in convolutions():
        y = convolve_and_normalise(unit, x, kernel, stride)
        if unit in BLOCKS:
            y = node("Add", f"{unit}.add", [x, y])
        x = node("Relu", f"{unit}.relu", [y])
    x = node("GlobalAveragePool", "pool", [x])
    x = node("Flatten", "flatten", [x], axis=1)
    initializers |= {"fc.weight": weights["fc.weight"], "fc.bias": weights["fc.bias"]}
    node("Gemm", "fc", [x, "fc.weight", "fc.bias"], output="logits", transB=1)

    graph = helper.make_graph(
        nodes,
        "mnist-supernet",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", CLASSES])],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in initializers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name = "retune-quickstart"
    onnx.checker.check_model(model, full_check=True)
    return model


def manifest(model_file):
    """The search space in terms of the names in the ONNX file."""
    dimensions = []
    for stage in STAGES:
        blocks = [f"{stage}.block{number}" for number in DEPTHS]
        dimensions += [
            {"name": f"{stage}.depth", "kind": "depth", "choices": list(DEPTHS), "blocks": list(map(_block, blocks))},
            {"name": f"{stage}.width", "kind": "width", "choices": list(WIDTHS[stage]), "slices": _slices(stage)},
        ]
        dimensions += [
            {"name": f"{block}.kernel", "kind": "kernel", "choices": list(KERNELS), "convolutions": [f"{block}.conv"]}
            for block in blocks
        ]
    assert {dimension["name"] for dimension in dimensions} == set(largest())
    return {"formatVersion": 1, "model": model_file, "dimensions": dimensions}


def _block(block):
    stage, number = block.split(".block")
    before = f"{stage}.block{int(number) - 1}" if number != "1" else {"stage1": "stem", "stage2": "down"}[stage]
    nodes = [f"{block}.{part}" for part in ("conv", "bn", "add", "relu")]
    return {"nodes": nodes, "input": f"{before}.relu.output", "output": f"{block}.relu.output"}


def _slices(stage):
    """Every axis of an initializer that carries the stage's channels."""
    slices = []
    for unit, inputs, outputs, _, _ in convolutions():
        if outputs == stage:
            slices.append((f"{unit}.conv.weight", 0))
        if inputs == stage:
            slices.append((f"{unit}.conv.weight", 1))
        if outputs == stage:
            slices += [(f"{unit}.bn.{part}", 0) for part in ("scale", "bias", "mean", "var")]
    if stage == STAGES[-1]:
        slices.append(("fc.weight", 1))
    return [{"initializer": initializer, "axis": axis} for initializer, axis in slices]


def write_manifest(path, model_file):
    """Writes the manifest with one line for each block, slice or kernel."""
    text = json.dumps(manifest(model_file), indent=2)
    innermost = re.compile(r"[\[{][^\[\]{}]*[\]}]")
    flat = lambda found: " ".join(found.group().split()).replace("[ ", "[").replace(" ]", "]")
    path.write_text(innermost.sub(flat, text) + "\n")
