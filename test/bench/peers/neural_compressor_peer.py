"""What Intel Neural Compressor (the last line with an ONNX Runtime backend) makes of a model: static and dynamic INT8,
tuned by its own accuracy criterion against the calibration inputs."""

import functools

import numpy
import onnx
import onnxruntime
from neural_compressor import PostTrainingQuantConfig, quantization
from neural_compressor.config import AccuracyCriterion, TuningCriterion

import peer

options = peer.arguments()
session = onnxruntime.InferenceSession(options.model, providers=["CPUExecutionProvider"])
feeds = peer.batches(options.calibration, {i.name: i.shape for i in session.get_inputs()})
outputs = [session.run([options.output], feed)[0] for feed in feeds]


class Loader:
    """Batches with what the base model says of them, as the tuner wants its data."""

    batch_size = len(next(iter(feeds[0].values())))

    def __iter__(self):
        return iter(zip(feeds, outputs))


def judge(model):
    candidate = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = numpy.concatenate([candidate.run([options.output], feed)[0] for feed in feeds])
    return peer.quality(options.metric, found, numpy.concatenate(outputs))


def quantized(path, approach, tuned=False, **settings):
    config = PostTrainingQuantConfig(
        approach=approach,
        calibration_sampling_size=[len(feeds) * Loader.batch_size],
        accuracy_criterion=AccuracyCriterion(criterion="absolute", tolerable_loss=0.01),
        tuning_criterion=TuningCriterion(timeout=options.seconds / 3 if tuned else 0, max_trials=20),
        **settings,
    )
    loader = None if approach == "dynamic" else Loader()
    model = quantization.fit(options.model, config, calib_dataloader=loader, eval_func=judge if tuned else None)
    if model is None:
        raise ValueError("the tuner found no model within 1%")
    model.save(path)


def candidates():
    make = functools.partial
    channels = {"op_type_dict": {".*": {"weight": {"granularity": ["per_channel"]}}}}
    return {
        "dynamic": make(quantized, approach="dynamic"),
        "static": make(quantized, approach="static"),
        "static QDQ": make(quantized, approach="static", quant_format="QDQ"),
        "static, tuned": make(quantized, approach="static", tuned=True),
        "dynamic, tuned": make(quantized, approach="dynamic", tuned=True),
        "static per-channel": make(quantized, approach="static", **channels),
        "auto, tuned": make(quantized, approach="auto", tuned=True),
        "static, smooth": make(quantized, approach="static", recipes={"smooth_quant": True}),
    }


if __name__ == "__main__":
    onnx.checker.check_model(options.model)
    peer.run(candidates(), options)
