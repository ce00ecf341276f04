"""Quantisation-aware training: the weights of a candidate learn to answer as the base model does after they and the
activations are rounded to 8 bits, on the very grid of the file that will be served.

Activations keep the scales that Retune measured. A weight is rounded with one scale a channel, its largest magnitude
by 127, as it is at that step. The model returned is the quantised one; a candidate in FP32 is fine-tuned.
"""

import os
from collections import namedtuple

import jax.numpy as jnp
import numpy as np

from onnx_jax import Graph, round_through
from training import distil, environment, options

# Where a quantised layer has its 8-bit weight, the weight's scales (one for each entry of `axis`), its bias, and the scale
# of its input, which a bias in integers counts in too.
Slots = namedtuple("Slots", "weight scale bias axis input_scale")
SLOTS = {
    "QLinearConv": Slots(weight=3, scale=4, bias=8, axis=0, input_scale=1),
    "MatMulIntegerToFloat": Slots(weight=1, scale=3, bias=6, axis=1, input_scale=None),
}


class Layer:
    """One quantised layer, with the layer of the candidate that it was made of: its name is where the other's begins."""

    def __init__(self, node, slots, graph, candidate):
        self.axis = slots.axis
        self.weight, self.scale = node.input[slots.weight], node.input[slots.scale]
        self.bias = node.input[slots.bias] if len(node.input) > slots.bias else None
        self.input_scale = None if slots.input_scale is None else graph.constants[node.input[slots.input_scale]]
        full = next(each for each in candidate.nodes if each.name == node.name.rsplit(".", 1)[0])
        self.full_weight = full.input[1]
        self.full_bias = full.input[2] if len(full.input) > 2 else None
        # A Gemm may have its weight the other way round.
        self.transposed = candidate.constants[self.full_weight].shape != graph.constants[self.weight].shape

    def constants(self, weights, rounding):
        """What the file holds for this layer when the full-precision weights are `weights`."""
        weight = weights[self.full_weight].T if self.transposed else weights[self.full_weight]
        scale = scale_of(weight, self.axis)
        found = {self.weight: rounding(weight / scale), self.scale: scale.ravel()}
        if self.bias and self.full_bias:
            bias = weights[self.full_bias]
            steps = 1 if self.input_scale is None else self.input_scale * scale.ravel()
            # Biases have 32 bits: rounding them changes nothing.
            found[self.bias] = bias / steps
        return found


def scale_of(weight, axis):
    """One scale for each output channel."""
    largest = abs(weight).max(tuple(i for i in range(weight.ndim) if i != axis), keepdims=True)
    return jnp.where(largest > 0, largest / 127, 1.0)


def quantization_aware(quantized, candidate, given):
    layers = [Layer(node, SLOTS[node.op_type], quantized, candidate) for node in quantized.nodes if node.op_type in SLOTS]
    # What was not quantised goes by the same name in both files.
    shared = [name for name in candidate.weights() if quantized.is_float(name)]

    def constants(weights, rounding):
        found = {name: weights[name] for name in shared}
        for layer in layers:
            found |= layer.constants(weights, rounding)
        return found

    def forward(weights, images):
        return quantized.run(images, constants(weights, round_through))

    trained = distil(forward, candidate.weights(), given)
    return {
        name: np.rint(value) if np.issubdtype(quantized.constants[name].dtype, np.integer) else value
        for name, value in constants(trained, jnp.round).items()
    }


if __name__ == "__main__":
    given, candidate = options(__doc__), Graph(environment("RETUNE_CANDIDATE"))
    file = os.environ.get("RETUNE_QUANTIZED")
    quantized = Graph(file) if file else candidate
    if any(node.op_type == "DynamicQuantizeLinear" for node in quantized.nodes):
        # Its activation ranges are those of each request: it is trained as it is and quantised by Retune.
        quantized = candidate
    if quantized is candidate:
        constants = distil(lambda weights, images: candidate.run(images, weights), candidate.weights(), given)
    else:
        constants = quantization_aware(quantized, candidate, given)
    quantized.save(environment("RETUNE_OUTPUT"), constants)
