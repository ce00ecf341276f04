"""Cuts subnets out of a supernet by its manifest, recalibrates them and measures them.

    /tmp/venv/bin/python evaluate.py                # the table
    /tmp/venv/bin/python evaluate.py --reference    # the table, and reference.json anew

It knows no more of the model than supernet.json says, and is the second opinion that Retune's own
implementation is tested against.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

LATENCY_BATCH = 32
LATENCY_ROUNDS = 40
REFERENCE_IMAGES = 4


def point(widths, depths, kernels):
    """The choices of a subnet: widths and depths of the two stages, kernels of the six blocks as '533555'."""
    choices = {}
    for stage, (width, depth) in enumerate(zip(widths, depths)):
        choices[f"stage{stage + 1}.depth"] = depth
        choices[f"stage{stage + 1}.width"] = width
        for block in range(3):
            choices[f"stage{stage + 1}.block{block + 1}.kernel"] = int(kernels[stage * 3 + block])
    return choices


SUBNETS = {
    "full": point((32, 64), (3, 3), "555555"),
    "kernels-3": point((32, 64), (3, 3), "333333"),
    "shallow": point((32, 64), (1, 2), "333533"),
    "mixed-large": point((24, 48), (2, 3), "353535"),
    "mixed-small": point((16, 32), (2, 2), "353533"),
    "narrow-deep": point((8, 32), (3, 3), "333333"),
    "late": point((8, 64), (1, 2), "333333"),
    "min": point((8, 16), (1, 1), "333333"),
}
REFERENCES = ("full", "mixed-large", "mixed-small", "min")


def cut(model, manifest, choices):
    """A copy of the model reduced to the choices (dimension name to value), statistics not yet recalibrated."""
    subnet = onnx.ModelProto()
    subnet.CopyFrom(model)
    for dimension in manifest["dimensions"]:
        CUTS[dimension["kind"]](subnet.graph, dimension, choices[dimension["name"]])
    onnx.checker.check_model(subnet, full_check=True)
    return subnet


def _cut_depth(graph, dimension, depth):
    """Removes the blocks after the first `depth` and hands what fed them to whatever read them."""
    for block in reversed(dimension["blocks"][depth:]):
        kept = [node for node in graph.node if node.name not in block["nodes"]]
        for node in kept:
            node.input[:] = [block["input"] if name == block["output"] else name for name in node.input]
        del graph.node[:]
        graph.node.extend(kept)
    used = {name for node in graph.node for name in node.input}
    initializers = [initializer for initializer in graph.initializer if initializer.name in used]
    del graph.initializer[:]
    graph.initializer.extend(initializers)


def _cut_width(graph, dimension, width):
    for part in dimension["slices"]:
        _replace(graph, part["initializer"], lambda value: value.take(range(width), part["axis"]))


def _cut_kernel(graph, dimension, size):
    for node in graph.node:
        if node.name not in dimension["convolutions"]:
            continue
        attributes = {attribute.name: attribute.ints for attribute in node.attribute}
        border = (attributes["kernel_shape"][0] - size) // 2
        attributes["kernel_shape"][:] = [size, size]
        attributes["pads"][:] = [pad - border for pad in attributes["pads"]]
        _replace(graph, node.input[1], lambda w: w[:, :, border : border + size, border : border + size])


CUTS = {"depth": _cut_depth, "width": _cut_width, "kernel": _cut_kernel}


def _replace(graph, name, change):
    """Changes an initializer; one that went with a dropped block is none of our business."""
    for initializer in graph.initializer:
        if initializer.name == name:
            value = np.ascontiguousarray(change(numpy_helper.to_array(initializer)))
            initializer.CopyFrom(numpy_helper.from_array(value, name))


def recalibrate(model, images):
    """Sets every BatchNormalization's mean and variance to those of one forward pass over all images,
    in which each of them normalises with the batch's own mean and biased variance.

    A layer's input depends on the statistics of the layers before it, so they are set in order: once
    a layer has the statistics of this batch, running it is normalising by this batch.
    """
    for node in [node for node in model.graph.node if node.op_type == "BatchNormalization"]:
        (x,) = run(model, images, node.input[0])
        _replace(model.graph, node.input[3], lambda _: x.mean((0, 2, 3), dtype=np.float64).astype(np.float32))
        _replace(model.graph, node.input[4], lambda _: x.var((0, 2, 3), dtype=np.float64).astype(np.float32))
    return model


def run(model, images, *outputs):
    """The named tensors (the model's outputs if none is named) for a batch of images."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    if outputs:
        del probe.graph.output[:]
        probe.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
    return session(probe).run(None, {model.graph.input[0].name: images})


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def latencies_ms(models, images):
    """The median latency of each model on one batch, one thread; interleaved, so that noise is shared."""
    sessions = [session(model) for model in models]
    feed = {models[0].graph.input[0].name: images}
    samples = np.zeros((LATENCY_ROUNDS, len(sessions)))
    for line in samples:
        for index, one in enumerate(sessions):
            one.run(None, feed)
            started = time.perf_counter()
            one.run(None, feed)
            line[index] = (time.perf_counter() - started) * 1e3
    return np.median(samples, 0)


def parameters(model):
    """Elements of all weights that are learned: statistics and constants don't count."""
    learned = [tensor for tensor in model.graph.initializer if not tensor.name.endswith((".mean", ".var", "pixel.scale"))]
    return sum(int(np.prod(tensor.dims)) for tensor in learned)


def evaluate(folder, write_reference):
    manifest = json.loads((folder / "supernet.json").read_text())
    supernet = onnx.load(folder / manifest["model"])
    calibration = np.load(folder / "calibration.npz")["image"]
    heldout = np.load(folder / "heldout.npz")
    models = {name: recalibrate(cut(supernet, manifest, choices), calibration) for name, choices in SUBNETS.items()}
    latencies = latencies_ms(list(models.values()), heldout["image"][:LATENCY_BATCH])
    references = []
    print("| subnet | widths | depths | kernels | parameters | top-1 | p50 ms |\n|---|---|---|---|---|---|---|")
    for (name, model), latency in zip(models.items(), latencies):
        choices = SUBNETS[name]
        (logits,) = run(model, heldout["image"])
        top1 = float((logits.argmax(1) == heldout["labels"]).mean())
        print(f"| {name} | {describe(choices)} | {parameters(model):,} | {top1:.2%} | {latency:.2f} |", flush=True)
        if name in REFERENCES:
            shown = np.round(logits[:REFERENCE_IMAGES].astype(float), 5).tolist()
            references.append({"name": name, "choices": choices, "parameters": parameters(model), "top1": top1, "logits": shown})
    if write_reference:
        (folder / "reference.json").write_text(json.dumps({"formatVersion": 1, "subnets": references}, indent=1) + "\n")


def describe(choices):
    """Widths, depths and the kernels of the blocks that are left, as cells of the table."""
    stages = ("stage1", "stage2")
    kernels = [
        "".join(str(choices[f"{stage}.block{block + 1}.kernel"]) for block in range(choices[f"{stage}.depth"]))
        for stage in stages
    ]
    cells = [[choices[f"{stage}.width"] for stage in stages], [choices[f"{stage}.depth"] for stage in stages], kernels]
    return " | ".join(", ".join(map(str, cell)) for cell in cells)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    parser.add_argument("--reference", action="store_true", help="write reference.json")
    arguments = parser.parse_args()
    evaluate(arguments.folder, arguments.reference)
