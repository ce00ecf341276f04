"""A small vision transformer for digits: its sizes, its forward pass in JAX, and its ONNX graph.

    image -> 49 patches of 4x4, embedded, plus positions -> 4 pre-norm blocks -> norm -> mean -> head

The mean over the patches takes the place of a class token (Beyer, Zhai and Kolesnikov 2022, "Better plain ViT
baselines for ImageNet-1k").
"""

import jax.numpy as jnp
import numpy as np

from graph import FLOAT, UINT8, Graph
from training import EPSILON, block, initial_block, initial_linear, initial_norm, layer_norm, linear

PATCH, SIDE, WIDTH, DEPTH, HEADS, HIDDEN, CLASSES = 4, 7, 64, 4, 4, 256, 10
BLOCKS = tuple(f"block{number}" for number in range(1, DEPTH + 1))


def initial_weights(random):
    weights = initial_linear(random, "patches", PATCH * PATCH, WIDTH)
    weights["positions"] = 0.02 * random.standard_normal((SIDE * SIDE, WIDTH))
    for name in BLOCKS:
        weights |= initial_block(random, name, WIDTH, HIDDEN, DEPTH)
    weights |= initial_norm("norm", WIDTH) | initial_linear(random, "head", WIDTH, CLASSES)
    return {name: jnp.asarray(value, jnp.float32) for name, value in weights.items()}


def logits(weights, images):
    """Logits [N, 10] for images [N, 28, 28] from 0 to 1."""
    patches = images.reshape(-1, SIDE, PATCH, SIDE, PATCH).transpose(0, 1, 3, 2, 4).reshape(-1, SIDE * SIDE, PATCH * PATCH)
    x = linear(patches, weights, "patches") + weights["positions"]
    for name in BLOCKS:
        x = block(x, weights, name, HEADS)
    return linear(layer_norm(x, weights, "norm").mean(1), weights, "head")


def onnx_model(weights):
    """The network over images as they are stored: input `image` UINT8 [N, 1, 28, 28], output `logits` [N, 10]."""
    g = Graph()
    x = g.node("Cast", "cast", ["image"], to=FLOAT)
    x = g.node("Mul", "normalise", [x, g.weight("pixel.scale", 1 / 255)])
    kernel = np.asarray(weights["patches.weight"]).T.reshape(WIDTH, 1, PATCH, PATCH)
    parameters = [g.weight("patches.weight", kernel), g.weight("patches.bias", weights["patches.bias"])]
    x = g.node("Conv", "patches.conv", [x, *parameters], kernel_shape=[PATCH] * 2, strides=[PATCH] * 2)
    x = g.node("Reshape", "patches.reshape", [x, g.integers("patches.flat", [0, WIDTH, SIDE * SIDE])])
    x = g.node("Transpose", "patches.transpose", [x], perm=[0, 2, 1])
    x = g.node("Add", "positions.add", [x, g.weight("positions", weights["positions"])])
    for name in BLOCKS:
        x = _block(g, name, x, weights)
    x = g.layer_norm("norm", x, weights, EPSILON)
    x = g.node("ReduceMean", "mean", [x], axes=[1], keepdims=0)
    parameters = [g.weight("head.weight", np.asarray(weights["head.weight"]).T), g.weight("head.bias", weights["head.bias"])]
    g.node("Gemm", "head", [x, *parameters], output="logits", transB=1)
    return g.model("vit", {"image": (UINT8, ["N", 1, 28, 28])}, {"logits": (FLOAT, ["N", CLASSES])})


def _block(g, name, x, weights):
    attention, head = f"{name}.attention", WIDTH // HEADS
    y = g.layer_norm(f"{name}.norm1", x, weights, EPSILON)
    orders = {"query": [0, 2, 1, 3], "key": [0, 2, 3, 1], "value": [0, 2, 1, 3]}
    query, key, value = (
        g.to_heads(f"{attention}.{part}", g.linear(f"{attention}.{part}", y, weights), HEADS, head, order)
        for part, order in orders.items()
    )
    scores = g.node("MatMul", f"{attention}.scores", [query, key])
    scores = g.node("Mul", f"{attention}.scale", [scores, g.weight(f"{attention}.factor", head**-0.5)])
    shares = g.node("Softmax", f"{attention}.softmax", [scores], axis=-1)
    attended = g.from_heads(attention, g.node("MatMul", f"{attention}.mix", [shares, value]), WIDTH)
    x = g.node("Add", f"{attention}.residual", [x, g.linear(f"{attention}.output", attended, weights)])
    y = g.layer_norm(f"{name}.norm2", x, weights, EPSILON)
    up = g.gelu(f"{name}.mlp.gelu", g.linear(f"{name}.mlp.up", y, weights))
    return g.node("Add", f"{name}.mlp.residual", [x, g.linear(f"{name}.mlp.down", up, weights)])
