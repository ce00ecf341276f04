"""What the training scripts of these examples share: AdamW and a learning rate, in JAX."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

EPSILON = 1e-5
DECAYS = (0.9, 0.98)


def initial_state(weights):
    """The two moments of each weight."""
    zeros = lambda: jax.tree.map(jnp.zeros_like, weights)
    return zeros(), zeros()


@functools.partial(jax.jit, donate_argnums=(0, 1), static_argnames="weight_decay")
def adamw(weights, state, slopes, step, rate, weight_decay):
    """One step (Loshchilov and Hutter 2019); vectors, which are biases and scales, don't decay. step counts from 1."""
    mean, square = state
    mean = jax.tree.map(lambda m, g: DECAYS[0] * m + (1 - DECAYS[0]) * g, mean, slopes)
    square = jax.tree.map(lambda s, g: DECAYS[1] * s + (1 - DECAYS[1]) * g * g, square, slopes)

    def move(w, m, s):
        direction = m / (1 - DECAYS[0] ** step) / (jnp.sqrt(s / (1 - DECAYS[1] ** step)) + 1e-8)
        return w - rate * (direction + (weight_decay * w if w.ndim > 1 else 0))

    return jax.tree.map(move, weights, mean, square), (mean, square)


def learning_rate(peak, progress):
    """A linear warm-up over the first twentieth, then a half cosine down to zero; progress runs from 0 to 1."""
    return peak * min(1.0, (progress + 1e-3) / 0.05) * 0.5 * (1 + np.cos(np.pi * progress))


def linear(x, weights, name):
    return x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]


def layer_norm(x, weights, name):
    centred = x - x.mean(-1, keepdims=True)
    normal = centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
    return normal * weights[f"{name}.scale"] + weights[f"{name}.bias"]


def initial_linear(random, name, inputs, outputs, gain=1.0):
    """Normal weights of variance gain² / inputs, and no bias."""
    return {
        f"{name}.weight": gain * random.standard_normal((inputs, outputs)) / np.sqrt(inputs),
        f"{name}.bias": np.zeros(outputs),
    }


def initial_norm(name, size):
    return {f"{name}.scale": np.ones(size), f"{name}.bias": np.zeros(size)}


def initial_block(random, name, width, hidden, blocks):
    """A pre-norm transformer block; what is added to the residual stream starts smaller the more blocks there are."""
    gain = 1 / np.sqrt(2 * blocks)
    weights = initial_norm(f"{name}.norm1", width) | initial_norm(f"{name}.norm2", width)
    for part in ("query", "key", "value"):
        weights |= initial_linear(random, f"{name}.attention.{part}", width, width)
    weights |= initial_linear(random, f"{name}.attention.output", width, width, gain)
    weights |= initial_linear(random, f"{name}.mlp.up", width, hidden)
    return weights | initial_linear(random, f"{name}.mlp.down", hidden, width, gain)


def block(x, weights, name, heads, mask=None):
    """A pre-norm transformer block over x [N, S, width]; mask [S, S] is added to the scores."""
    split = lambda y: y.reshape(*y.shape[:2], heads, -1).transpose(0, 2, 1, 3)
    y = layer_norm(x, weights, f"{name}.norm1")
    query, key, value = (split(linear(y, weights, f"{name}.attention.{part}")) for part in ("query", "key", "value"))
    scores = query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
    attended = jax.nn.softmax(scores if mask is None else scores + mask) @ value
    merged = attended.transpose(0, 2, 1, 3).reshape(x.shape)
    x = x + linear(merged, weights, f"{name}.attention.output")
    y = layer_norm(x, weights, f"{name}.norm2")
    up = jax.nn.gelu(linear(y, weights, f"{name}.mlp.up"), approximate=False)
    return x + linear(up, weights, f"{name}.mlp.down")
