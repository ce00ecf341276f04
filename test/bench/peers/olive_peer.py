"""What Olive makes of a model: its workflows of graph optimisation, static, dynamic, 4-bit and FP16 passes."""

import functools
import os
import shutil

os.environ["OLIVE_DISABLE_TELEMETRY"] = "1"  # read when olive is imported

import onnxruntime  # noqa: E402
from olive.data.registry import Registry  # noqa: E402
from olive.workflows import run as run_workflow  # noqa: E402

import peer  # noqa: E402

options = peer.arguments()


class Batches:
    """Each item is a whole batch of feeds with a label that nothing reads."""

    def __init__(self):
        session = onnxruntime.InferenceSession(options.model, providers=["CPUExecutionProvider"])
        self._feeds = peer.batches(options.calibration, {i.name: i.shape for i in session.get_inputs()})

    def __len__(self):
        return len(self._feeds)

    def __getitem__(self, index):
        return self._feeds[index], 0


@Registry.register_dataset("retune_calibration")
def calibration(**_):
    return Batches()


def workflow(path, *passes):
    """Runs the passes one after the other and puts the last one's model at `path`."""
    folder = path.replace(".onnx", "-olive")
    result = run_workflow(
        {
            "input_model": {"type": "ONNXModel", "model_path": options.model},
            "systems": {
                "here": {
                    "type": "LocalSystem",
                    "accelerators": [{"device": "cpu", "execution_providers": ["CPUExecutionProvider"]}],
                }
            },
            "data_configs": [
                {
                    "name": "calibration",
                    "type": "DataContainer",
                    "load_dataset_config": {"type": "retune_calibration"},
                    "pre_process_data_config": {"type": "skip_pre_process"},
                    "dataloader_config": {"type": "no_auto_batch_dataloader"},
                }
            ],
            "passes": {f"pass{index}": step for index, step in enumerate(passes)},
            "host": "here",
            "target": "here",
            "cache_dir": folder + "-cache",
            "output_dir": folder,
            "log_severity_level": 2,
        }
    )
    best = result.get_best_candidate()
    if best is None:
        raise ValueError("the workflow made no model")
    shutil.copyfile(best.model_path, path)


def candidates():
    def make(*passes):
        return functools.partial(lambda path, steps: workflow(path, *steps), steps=passes)

    static = {"type": "OnnxStaticQuantization", "data_config": "calibration"}
    channels = {**static, "precision": "int8", "activation_type": "uint8", "per_channel": True}
    few = {"op_types_to_quantize": ["Conv", "MatMul", "Gemm"], "prepare_qdq_config": False}
    dynamic = {"type": "OnnxDynamicQuantization"}
    peephole = {"type": "OnnxPeepholeOptimizer"}
    transformer = {"type": "OrtTransformersOptimization", "model_type": "bert"}
    return {
        "dynamic": make(dynamic),
        "static as its defaults": make(static),
        "peephole, static per-channel, Conv MatMul Gemm": make(peephole, {**channels, **few, "quant_preprocess": False}),
        "transformer optimisation, dynamic per-channel": make(transformer, {**dynamic, "per_channel": True}),
        "dynamic per-channel": make({**dynamic, "per_channel": True}),
        "static per-channel": make(channels),
        "transformer optimisation": make(transformer),
        "4-bit blocks": make({"type": "OnnxBlockWiseRtnQuantization", "accuracy_level": 4}),
        "peephole, dynamic": make(peephole, dynamic),
        "float16": make({"type": "OnnxFloatToFloat16", "keep_io_types": True}),
    }


if __name__ == "__main__":
    peer.run(candidates(), options)
