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

Quantized = namedtuple("Quantized", "name node layer slot")


def quantized_weights(quantized):
    """The DequantizeLinear nodes of constants: the weights and biases of the layers that take their outputs."""
    for node in quantized.nodes:
        if node.op_type != "DequantizeLinear" or node.input[0] not in quantized.constants:
            continue
        for layer in quantized.nodes:
            if node.output[0] in layer.input:
                yield Quantized(node.output[0], node, layer, list(layer.input).index(node.output[0]))


def scale_of(weight):
    """One scale for each output channel, on axis 0."""
    largest = abs(weight).max(tuple(range(1, weight.ndim)), keepdims=True)
    return jnp.where(largest > 0, largest / 127, 1.0)


def rounded(weight):
    return round_through(weight / scale_of(weight)) * scale_of(weight)


def quantization_aware(quantized, candidate, given):
    parts = list(quantized_weights(quantized))
    # A layer has the same name in both files; there its weights are still what they were before rounding.
    layers = {node.name: node for node in candidate.nodes}
    full = {part.name: candidate.constants[layers[part.layer.name].input[part.slot]] for part in parts}
    floats = quantized.weights()

    def forward(weights, images):
        # Biases have 32 bits: rounding them changes nothing.
        fake = {part.name: rounded(weights[part.name]) for part in parts if weights[part.name].ndim > 1}
        return quantized.run(images, {**weights, **fake})

    trained = distil(forward, {**full, **floats}, given)
    constants = {name: trained[name] for name in floats}
    for part in parts:
        if trained[part.name].ndim > 1:
            constants |= written(part, trained[part.name])
    for part in parts:
        if trained[part.name].ndim == 1:
            constants |= written_bias(quantized, part, trained[part.name], constants)
    return constants


def written(part, weight):
    """A weight as the file has it: 8-bit steps and their scale."""
    scale = np.asarray(scale_of(weight))
    return {part.node.input[0]: np.rint(weight / scale), part.node.input[1]: scale.ravel()}


def written_bias(quantized, part, bias, constants):
    """A bias counts in steps of its weight's scale times its input's, so it moves with the weight's."""
    weight = next(each for each in quantized.nodes if part.layer.input[1] in each.output)
    moved = constants[weight.input[1]] / quantized.constants[weight.input[1]]
    scale = quantized.constants[part.node.input[1]] * moved
    return {part.node.input[0]: np.rint(bias / scale), part.node.input[1]: scale}


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
