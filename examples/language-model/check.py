"""Shows that a prompt and then token by token gives the same logits as one pass, and what the model is worth.

    /tmp/venv/bin/python check.py
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from tokenizers import Tokenizer

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

PROMPT = 32
ROWS = 8


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def run(model, feeds):
    """All outputs by name; the model may be a session already."""
    session = model if isinstance(model, onnxruntime.InferenceSession) else session_of(model)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds)))


def past_of(outputs):
    """The cache that a step left, as the inputs of the next one."""
    return {name.replace("present", "past_key_values"): value for name, value in outputs.items() if name != "logits"}


def distance_of_decoding(session, feeds):
    """The largest difference of logits between one pass and a prompt followed by single tokens."""
    whole = run(session, feeds)["logits"]
    tokens = feeds["input_ids"]
    outputs = run(session, feeds | {"input_ids": tokens[:, :PROMPT]})
    parts = [outputs["logits"]]
    for position in range(PROMPT, tokens.shape[1]):
        outputs = run(session, past_of(outputs) | {"input_ids": tokens[:, position : position + 1]})
        parts.append(outputs["logits"])
    return float(np.abs(whole - np.concatenate(parts, 1)).max())


def perplexity(session, arrays):
    """exp of the mean cross-entropy of labels [N, S]; a label of -1 doesn't count."""
    labels = arrays["labels"]
    scores = run(session, {name: value for name, value in arrays.items() if name != "labels"})["logits"].astype(np.float64)
    scores -= scores.max(-1, keepdims=True)
    scores -= np.log(np.exp(scores).sum(-1, keepdims=True))
    return float(np.exp(-np.take_along_axis(scores, np.maximum(labels, 0)[..., None], -1)[labels >= 0].mean()))


def continuation(session, tokenizer, text, tokens):
    """What the model writes after a text, always the likeliest token."""
    from decoder import empty_past

    ids = tokenizer.encode(text).ids
    outputs = run(session, {"input_ids": np.array([ids])} | empty_past(1))
    for _ in range(tokens):
        ids.append(int(outputs["logits"][0, -1].argmax()))
        outputs = run(session, past_of(outputs) | {"input_ids": np.array([ids[-1:]])})
    return tokenizer.decode(ids)


def check(folder):
    session = session_of(onnx.load(folder / "model.onnx"))
    arrays = dict(np.load(folder / "heldout.npz"))
    distance = distance_of_decoding(session, {name: value[:ROWS] for name, value in arrays.items() if name != "labels"})
    print(f"largest difference between one pass and token by token: {distance:.1e}")
    print(f"perplexity on {arrays['labels'].size} held-out tokens: {perplexity(session, arrays):.3f}")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    print(repr(continuation(session, tokenizer, "Return a new list", 40)))
    if distance > 1e-3:
        raise SystemExit("decoding with the cache differs from one pass")


if __name__ == "__main__":
    check(HERE)
