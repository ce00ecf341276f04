"""Trains the language model on Python's own documentation and writes everything in this folder that is not code.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r requirements.txt
    /tmp/venv/bin/python train.py

Split, initial weights and order follow from --seed; the text is that of the Python that runs this.
"""

import argparse
import sys
import time
from pathlib import Path

import jax
import numpy as np
import onnx

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

import check
from decoder import CONTEXT, VOCABULARY, empty_past, initial_weights, logits, onnx_model
from text import split, train_tokenizer
from training import adamw, initial_state, learning_rate

HELDOUT_ROWS, CALIBRATION_ROWS, DECODE_ROWS, PAST = 200, 64, 2, 64
BATCH = 32
PEAK_RATE = 3e-3
WEIGHT_DECAY = 0.1


@jax.jit
def gradient(weights, rows):
    """Gradient of the mean cross-entropy of tokens 1 to S of rows [N, S + 1], and that cross-entropy."""

    def loss(weights):
        scores = jax.nn.log_softmax(logits(weights, rows[:, :-1]))
        return -jax.numpy.take_along_axis(scores, rows[:, 1:, None], -1).mean()

    value, slopes = jax.value_and_grad(loss)(weights)
    return slopes, value


def train(tokens, steps, seed, report=200):
    """Trains on random stretches of tokens [T]; yields the weights now and then; use them before going on."""
    random = np.random.default_rng(seed)
    weights = initial_weights(random)
    state, sum_of_losses, started = initial_state(weights), 0.0, time.monotonic()
    for step in range(1, steps + 1):
        starts = random.integers(0, len(tokens) - CONTEXT - 1, BATCH)
        slopes, loss = gradient(weights, tokens[starts[:, None] + np.arange(CONTEXT + 1)])
        rate = learning_rate(PEAK_RATE, step / steps)
        weights, state = adamw(weights, state, slopes, step, rate, WEIGHT_DECAY)
        sum_of_losses += float(loss)
        if step % report == 0 or step == steps:
            print(f"step {step}/{steps}: {time.monotonic() - started:.0f} s, perplexity {np.exp(loss):.2f}", flush=True)
            yield weights


def rows_of(tokens, rows, seed):
    """Stretches [rows, CONTEXT + 1] of tokens that don't overlap."""
    stretches = tokens[: len(tokens) // (CONTEXT + 1) * (CONTEXT + 1)].reshape(-1, CONTEXT + 1)
    return stretches[np.random.default_rng(seed).permutation(len(stretches))[:rows]]


def decode_rows(model, heldout):
    """The token after a past of PAST, with that past as the model itself computed it."""
    prompt, token, following = heldout[:, :PAST], heldout[:, PAST : PAST + 1], heldout[:, PAST + 1 : PAST + 2]
    past = check.past_of(check.run(model, {"input_ids": prompt} | empty_past(len(prompt))))
    return {"input_ids": token, "labels": following} | past


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--output", type=Path, default=HERE)
    arguments = parser.parse_args()

    training, heldout = split(arguments.seed)
    tokenizer = train_tokenizer(training, VOCABULARY)
    tokenizer.save(str(arguments.output / "tokenizer.json"))
    encode = lambda text: np.asarray(tokenizer.encode(text).ids, np.int64)
    tokens, unseen = encode(training), encode(heldout)
    print(f"{len(training)} characters to learn ({len(tokens)} tokens), {len(unseen)} tokens held out", flush=True)

    for weights in train(tokens, arguments.steps, arguments.seed):
        model = onnx_model(weights)
        onnx.save(model, arguments.output / "model.onnx")
    rows = rows_of(unseen, HELDOUT_ROWS, arguments.seed)
    known = rows_of(tokens, CALIBRATION_ROWS, arguments.seed)[:, :-1]
    write = lambda name, **arrays: np.savez_compressed(arguments.output / name, **arrays)
    write("heldout.npz", input_ids=rows[:, :-1], labels=rows[:, 1:], **empty_past(len(rows)))
    write("calibration.npz", input_ids=known, **empty_past(len(known)))
    write("decode.npz", **decode_rows(model, rows[:DECODE_ROWS]))

    distance = float(np.abs(logits(weights, known) - check.run(model, {"input_ids": known} | empty_past(len(known)))["logits"]).max())
    print(f"largest difference between the trained and the exported network: {distance:.1e}")
    check.check(arguments.output)
    if distance > 1e-2:
        raise SystemExit("the exported network isn't the trained one")


if __name__ == "__main__":
    main()
