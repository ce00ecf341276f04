"""The text that the language model learns: Python's own documentation, from the Python that runs this.

Help topics (pydoc_data) and the docstrings of the standard library, tests left out. Both are under the PSF licence.
"""

import ast
import pydoc_data.topics
import sysconfig
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

SKIPPED = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "turtledemo", "__pycache__"}
DESCRIBED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
HELDOUT_SHARE = 0.1
SHORTEST = 40
WORDS = Regex(r" ?[A-Za-z]+| ?[0-9]+|\n+|[ ]+|[^A-Za-z0-9\s]")


def documents():
    """Pieces of text, each once: a help topic, or all docstrings of a module."""
    yield from pydoc_data.topics.topics.values()
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        if SKIPPED.isdisjoint(path.relative_to(root).parts):
            yield "\n\n".join(_docstrings(path))


def _docstrings(path):
    try:
        tree = ast.parse(path.read_text("utf8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, DESCRIBED) and len(found := ast.get_docstring(node) or "") >= SHORTEST:
            yield found


def split(seed):
    """Training text and held-out text, apart by document; a paragraph that is in both is left out of the latter."""
    plain = [text.encode("ascii", "ignore").decode().replace("\t", " ") for text in documents()]
    texts = [text for text in dict.fromkeys(plain) if len(text) >= SHORTEST]
    order = np.random.default_rng(seed).permutation(len(texts))
    heldout = int(HELDOUT_SHARE * len(texts))
    training = "\n\n".join(texts[i] for i in order[heldout:])
    known = set(training.split("\n\n"))
    paragraphs = (part for i in order[:heldout] for part in texts[i].split("\n\n"))
    return training, "\n\n".join(part for part in dict.fromkeys(paragraphs) if part not in known)


def train_tokenizer(text, vocabulary):
    """Byte-pair encoding within words, numbers, runs of blanks and single signs."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Split(WORDS, "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.train_from_iterator([text], trainers.BpeTrainer(vocab_size=vocabulary, show_progress=False))
    return tokenizer
