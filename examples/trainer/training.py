"""What both trainers share: the data, its augmentation, and distillation from the base model (Hinton et al. 2015)."""

import argparse
import functools
import os
import time

import jax
import jax.numpy as jnp
import numpy as np

from onnx_jax import Graph

BATCH = 128
TEMPERATURE = 2.0
DECAY = 1e-4


def options(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=100, help="the longest time to train; large models take fewer steps")
    parser.add_argument("--rate", type=float, default=5e-3, help="the highest learning rate")
    parser.add_argument("--copies", type=int, default=3, help="augmented copies of each image")
    return parser.parse_args()


def environment(name):
    if name not in os.environ:
        raise SystemExit(f"{name} is not set: Retune sets it when it runs this as spec.trainer.command of a search")
    return os.environ[name]


@jax.jit
def augment(images, key):
    """Turns, stretches and shifts each image a little: uint8 [N,1,H,W] to the same."""
    limits = jnp.array([[0.2], [0.12], [0.12], [0.15], [2.0], [2.0]])
    changes = limits * jax.random.uniform(key, (len(limits), len(images)), minval=-1)
    height, width = images.shape[2:]
    middle = (height - 1) / 2, (width - 1) / 2
    rows, columns = jnp.meshgrid(jnp.arange(height) - middle[0], jnp.arange(width) - middle[1], indexing="ij")

    def warp(image, turn, tall, wide, shear, down, right):
        row = (1 + tall) * (jnp.cos(turn) * rows - jnp.sin(turn) * columns) + down
        column = (1 + wide) * (jnp.sin(turn) * rows + jnp.cos(turn) * columns) + shear * rows + right
        return jax.scipy.ndimage.map_coordinates(image, [row + middle[0], column + middle[1]], order=1)

    moved = jax.vmap(warp)(jnp.asarray(images[:, 0], jnp.float32), *changes)
    return jnp.round(moved)[:, None].astype(jnp.uint8)


def taught(data, copies, seed):
    """Images, plain ones first, then augmented copies, with what the base model says: [N,1,H,W] and [N,classes]."""
    teacher = Graph(environment("RETUNE_BASE"))
    answer = jax.jit(lambda images: teacher.run(images, {}))
    images = np.load(data)[teacher.input]
    key, parts = jax.random.key(seed), []
    for copy in range(1 + copies):
        for start in range(0, len(images), 500):
            part = jnp.asarray(images[start : start + 500])
            if copy > 0:
                part = augment(part, jax.random.fold_in(key, copy * len(images) + start))
            parts.append((np.asarray(part), np.asarray(answer(part))))
    return len(images), *(np.concatenate(each) for each in zip(*parts))


def rates(given):
    """The learning rate of each step: a short warm-up, then half a cosine down, by steps or by time, whichever ends first."""
    started, number = time.monotonic(), 0
    while number < given.steps and (late := (time.monotonic() - started) / given.seconds) < 1:
        progress = max(number / given.steps, late)
        number += 1
        yield given.rate * min(1, number / 50) * 0.5 * (1 + np.cos(np.pi * progress))


def distil(forward, weights, given):
    """Trains `weights` so that forward(weights, images) says what the base model says; Adam, half a cosine down.

    A tenth of the images is kept apart to tell which weights are best: training returns nothing worse than it was given.
    """
    seed, started = int(environment("RETUNE_SEED")), time.monotonic()
    rows, images, answers = taught(environment("RETUNE_DATA"), given.copies, seed)
    print(f"the base model has answered for {len(images)} images after {time.monotonic() - started:.0f} s", flush=True)

    def loss(weights, batch, wanted):
        said = jax.nn.log_softmax(forward(weights, batch) / TEMPERATURE)
        wanted = jax.nn.log_softmax(wanted / TEMPERATURE)
        return TEMPERATURE**2 * (jnp.exp(wanted) * (wanted - said)).sum(-1).mean()

    @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(weights, first, second, batch, wanted, number, rate):
        value, slope = jax.value_and_grad(loss)(weights, batch, wanted)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
        corrected = lambda m, v: (m / (1 - 0.9**number)) / (jnp.sqrt(v / (1 - 0.999**number)) + 1e-8)
        weights = jax.tree.map(lambda w, m, v: w - rate * (corrected(m, v) + DECAY * w), weights, first, second)
        return weights, first, second, value

    apart = slice(rows - rows // 10, rows)
    judge = jax.jit(lambda weights: loss(weights, images[apart], answers[apart]))
    known = np.flatnonzero(np.arange(len(images)) % rows < apart.start)

    untrained, least = weights, float(judge(weights))
    print(f"loss {least:.4f} before training", flush=True)
    weights = {name: jnp.array(value) for name, value in weights.items()}
    first, second = ({name: jnp.zeros_like(value) for name, value in weights.items()} for _ in range(2))
    random, order = np.random.default_rng(seed), np.arange(0)
    number = 0
    for number, rate in enumerate(rates(given), 1):
        if len(order) < BATCH:
            order = random.permutation(known)
        chosen, order = order[:BATCH], order[BATCH:]
        weights, first, second, value = step(weights, first, second, images[chosen], answers[chosen], float(number), rate)
        value.block_until_ready()
        if number % 500 == 0:
            print(f"step {number}: loss {float(judge(weights)):.4f}, {time.monotonic() - started:.0f} s", flush=True)
    ended = float(judge(weights))
    print(f"loss {ended:.4f} after {number} steps and {time.monotonic() - started:.0f} s", flush=True)
    return {name: np.asarray(value) for name, value in (weights if ended < least else untrained).items()}
