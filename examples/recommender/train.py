"""Trains a recommender on MovieLens 100K and writes model.onnx: embedding tables, and a wide MLP over them.

    /tmp/venv/bin/pip install -r requirements-train.txt
    /tmp/venv/bin/python train.py

Initial weights, order and dropout follow from --seed.
"""

import argparse
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from graph import FLOAT, INT64, Graph
from prepare import HELDOUT, load, part
from training import adamw, initial_linear, initial_state, learning_rate, linear

USERS, ITEMS, WIDTH, HIDDEN = 943, 1682, 64, (256, 512, 256)
LAYERS = tuple(f"layer{number}" for number in range(1, len(HIDDEN) + 1))
BATCH, PEAK_RATE, WEIGHT_DECAY, DROPOUT = 500, 1e-3, 0.3, 0.3


def initial_weights(random, features):
    weights = {"users": 0.1 * random.standard_normal((USERS, WIDTH)), "items": 0.1 * random.standard_normal((ITEMS, WIDTH))}
    sizes = (2 * WIDTH + features, *HIDDEN)
    for name, inputs, outputs in zip(LAYERS, sizes, HIDDEN):
        weights |= initial_linear(random, name, inputs, outputs, np.sqrt(2))
    weights |= initial_linear(random, "rating", HIDDEN[-1], 1)
    return {name: jnp.asarray(value, jnp.float32) for name, value in weights.items()}


def ratings(weights, user, item, features, key=None):
    """Ratings [N, 1] from 1 to 5; a key makes it drop hidden units, for training."""
    x = jnp.concatenate([weights["users"][user], weights["items"][item], features], -1)
    for name in LAYERS:
        x = jax.nn.relu(linear(x, weights, name))
        if key is not None:
            key, now = jax.random.split(key)
            x = x * jax.random.bernoulli(now, 1 - DROPOUT, x.shape) / (1 - DROPOUT)
    return 1 + 4 * jax.nn.sigmoid(linear(x, weights, "rating"))


@jax.jit
def gradient(weights, rows, key):
    """Gradient of the mean squared error, and that error."""

    def loss(weights):
        return ((ratings(weights, rows["user"], rows["item"], rows["features"], key) - rows["targets"]) ** 2).mean()

    value, slopes = jax.value_and_grad(loss)(weights)
    return slopes, value


def train(arrays, epochs, seed):
    """Trains and yields the weights after each epoch; use them before the next one."""
    random = np.random.default_rng(seed)
    rows, features = arrays["features"].shape
    weights = initial_weights(random, features)
    state, steps, taken = initial_state(weights), rows // BATCH, 0
    for epoch in range(epochs):
        started, errors = time.monotonic(), []
        for chosen in random.permutation(rows)[: steps * BATCH].reshape(steps, BATCH):
            batch = {name: array[chosen] for name, array in arrays.items()}
            slopes, error = gradient(weights, batch, jax.random.key(random.integers(2**31)))
            rate = learning_rate(PEAK_RATE, taken / steps / epochs)
            taken += 1
            weights, state = adamw(weights, state, slopes, taken, rate, WEIGHT_DECAY)
            errors.append(float(error))
        print(f"epoch {epoch + 1}/{epochs}: {time.monotonic() - started:.0f} s, MSE {np.mean(errors):.4f}", end="", flush=True)
        yield weights


def onnx_model(weights):
    """user, item int64 [N] and features [N, F] to rating [N, 1]."""
    g = Graph()
    rows = [
        g.node("Gather", f"{table}.gather", [g.weight(table, weights[table]), index], axis=0)
        for table, index in (("users", "user"), ("items", "item"))
    ]
    x = g.node("Concat", "concat", [*rows, "features"], axis=1)

    def gemm(name, x):
        parts = [g.weight(f"{name}.weight", weights[f"{name}.weight"].T), g.weight(f"{name}.bias", weights[f"{name}.bias"])]
        return g.node("Gemm", name, [x, *parts], transB=1)

    for name in LAYERS:
        x = g.node("Relu", f"{name}.relu", [gemm(name, x)])
    x = g.node("Sigmoid", "rating.sigmoid", [gemm("rating", x)])
    x = g.node("Mul", "rating.span", [x, g.weight("rating.four", 4)])
    g.node("Add", "rating.from", [x, g.weight("rating.one", 1)], output="rating")
    features = len(weights["layer1.weight"]) - 2 * WIDTH
    inputs = {"user": (INT64, ["N"]), "item": (INT64, ["N"]), "features": (FLOAT, ["N", features])}
    return g.model("recommender", inputs, {"rating": (FLOAT, ["N", 1])})


def mean_squared_error(model, arrays):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (found,) = session.run(None, {name: array for name, array in arrays.items() if name != "targets"})
    return float(((found - arrays["targets"]) ** 2).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--output", type=Path, default=HERE)
    arguments = parser.parse_args()

    arrays = load()
    heldout, known = part(arrays, 0, HELDOUT), part(arrays, HELDOUT, None)
    for weights in train(known, arguments.epochs, arguments.seed):
        model = onnx_model(weights)
        onnx.save(model, arguments.output / "model.onnx")
        print(f", held out {mean_squared_error(model, heldout):.4f}", flush=True)


if __name__ == "__main__":
    main()
