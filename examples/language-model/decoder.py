"""A tiny decoder-only language model: its sizes, its forward pass in JAX, and its ONNX graph with a KV cache.

    tokens -> embedding, plus positions -> 4 pre-norm blocks with causal attention -> norm -> head

The graph's inputs and outputs are named as Hugging Face's Optimum names those of a decoder with past.
"""

import jax.numpy as jnp
import numpy as np

from graph import FLOAT, INT64, Graph
from training import EPSILON, block, initial_block, initial_linear, initial_norm, layer_norm, linear

VOCABULARY, CONTEXT, WIDTH, DEPTH, HEADS, HIDDEN = 256, 128, 96, 4, 4, 384
HEAD = WIDTH // HEADS
BLOCKS = tuple(f"block{number}" for number in range(1, DEPTH + 1))
HIDDEN_SCORE = -1e9


def initial_weights(random):
    weights = {
        "tokens": 0.1 * random.standard_normal((VOCABULARY, WIDTH)),
        "positions": 0.02 * random.standard_normal((CONTEXT, WIDTH)),
    }
    for name in BLOCKS:
        weights |= initial_block(random, name, WIDTH, HIDDEN, DEPTH)
    weights |= initial_norm("norm", WIDTH) | initial_linear(random, "head", WIDTH, VOCABULARY, 0.5)
    return {name: jnp.asarray(value, jnp.float32) for name, value in weights.items()}


def logits(weights, tokens):
    """Logits [N, S, V] of the token after each of tokens [N, S], without a past."""
    length = tokens.shape[1]
    mask = jnp.where(np.tri(length, dtype=bool), 0, HIDDEN_SCORE)
    x = weights["tokens"][tokens] + weights["positions"][:length]
    for name in BLOCKS:
        x = block(x, weights, name, HEADS, mask)
    return linear(layer_norm(x, weights, "norm"), weights, "head")


def pasts():
    """The names of the cached keys and values."""
    return [f"{number}.{part}" for number in range(DEPTH) for part in ("key", "value")]


def empty_past(rows):
    """What a prompt starts from: the past inputs, P = 0."""
    return {f"past_key_values.{name}": np.zeros((rows, HEADS, 0, HEAD), np.float32) for name in pasts()}


def onnx_model(weights):
    """input_ids [B, S] and past keys and values [B, heads, P, d] to logits [B, S, V] and present [B, heads, P + S, d]."""
    g = Graph()
    positions, mask = _positions_and_mask(g)
    embedded = g.node("Gather", "tokens.gather", [g.weight("tokens", weights["tokens"]), "input_ids"], axis=0)
    placed = g.node("Gather", "positions.gather", [g.weight("positions", weights["positions"]), positions], axis=0)
    x = g.node("Add", "embedding.add", [embedded, placed])
    for number, name in enumerate(BLOCKS):
        x = _block(g, number, name, x, mask, weights)
    x = g.layer_norm("norm", x, weights, EPSILON)
    product = g.node("MatMul", "head.matmul", [x, g.weight("head.weight", weights["head.weight"])])
    g.node("Add", "head.add", [product, g.weight("head.bias", weights["head.bias"])], output="logits")
    cache = lambda prefix, length: {f"{prefix}.{name}": (FLOAT, ["B", HEADS, length, HEAD]) for name in pasts()}
    inputs = {"input_ids": (INT64, ["B", "S"])} | cache("past_key_values", "P")
    outputs = {"logits": (FLOAT, ["B", "S", VOCABULARY])} | cache("present", "P + S")
    return g.model("decoder", inputs, outputs)


def _positions_and_mask(g):
    """Positions [1, S], counted from P, and what is added to scores [S, P + S]: 0 for the past, far below 0 for what is to come."""
    zero, one = g.integers("zero", 0), g.integers("one", 1)

    def size(name, value, axis):
        shape = g.node("Shape", f"{name}.shape", [value])
        return g.node("Gather", f"{name}.size", [shape, g.integers(f"{name}.axis", axis)], axis=0)

    past = size("past", "past_key_values.0.key", 2)
    total = g.node("Add", "total", [past, size("sequence", "input_ids", 1)])
    positions = g.node("Range", "positions.range", [past, total, one])
    row = g.node("Unsqueeze", "positions.row", [positions, g.integers("first", [0])])
    column = g.node("Unsqueeze", "mask.queries", [positions, g.integers("second", [1])])
    keys = g.node("Unsqueeze", "mask.keys", [g.node("Range", "mask.range", [zero, total, one]), "first"])
    seen = g.node("LessOrEqual", "mask.seen", [keys, column])
    scores = [g.weight("mask.shown", 0), g.weight("mask.hidden", HIDDEN_SCORE)]
    return row, g.node("Where", "mask", [seen, *scores])


def _block(g, number, name, x, mask, weights):
    attention = f"{name}.attention"
    y = g.layer_norm(f"{name}.norm1", x, weights, EPSILON)
    query, key, value = (
        g.to_heads(f"{attention}.{part}", g.linear(f"{attention}.{part}", y, weights), HEADS, HEAD, [0, 2, 1, 3])
        for part in ("query", "key", "value")
    )
    keys, values = (
        g.node("Concat", f"{attention}.{part}.cache", [f"past_key_values.{number}.{part}", new], f"present.{number}.{part}", axis=2)
        for part, new in (("key", key), ("value", value))
    )
    turned = g.node("Transpose", f"{attention}.keys", [keys], perm=[0, 1, 3, 2])
    scores = g.node("MatMul", f"{attention}.scores", [query, turned])
    scores = g.node("Mul", f"{attention}.scale", [scores, g.weight(f"{attention}.factor", HEAD**-0.5)])
    scores = g.node("Add", f"{attention}.masked", [scores, mask])
    shares = g.node("Softmax", f"{attention}.softmax", [scores], axis=-1)
    attended = g.from_heads(attention, g.node("MatMul", f"{attention}.mix", [shares, values]), WIDTH)
    x = g.node("Add", f"{attention}.residual", [x, g.linear(f"{attention}.output", attended, weights)])
    y = g.layer_norm(f"{name}.norm2", x, weights, EPSILON)
    up = g.gelu(f"{name}.mlp.gelu", g.linear(f"{name}.mlp.up", y, weights))
    return g.node("Add", f"{name}.mlp.residual", [x, g.linear(f"{name}.mlp.down", up, weights)])
