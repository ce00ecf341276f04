"""Pages of text as a scanner or a phone would deliver them, rendered with Pillow's own font.

The text is Python's help (pydoc_data, PSF licence). Layout, size, ink, blur, noise, shade and skew are drawn from a
seeded generator; the ranges go far enough that the model errs on some pages.
"""

import functools
import multiprocessing
import pydoc_data.topics
import textwrap

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SHORT_SIDE, CROP = 256, 224
LETTERS_TO_POINTS = 0.5


@functools.cache
def words():
    """Help topics as plain prose, in the order of their names."""
    topics = (text.encode("ascii", "ignore").decode() for _, text in sorted(pydoc_data.topics.topics.items()))
    return [" ".join(text.split()) for text in topics if len(text) > 2000]


def column(draw, random, texts, box, size, ink):
    """Fills a box with paragraphs, some with a heading, until it is full."""
    left, y, right, bottom = box
    body, heading = ImageFont.load_default(size=size), ImageFont.load_default(size=1.5 * size)
    letters = max(8, int((right - left) / (LETTERS_TO_POINTS * size)))
    spacing = size * random.uniform(1.1, 1.7)
    while y < bottom:
        text = texts[random.integers(len(texts))]
        start = text.find(" ", random.integers(len(text) // 2)) + 1
        if random.random() < 0.3:
            draw.text((left, y), text[start : start + letters // 2], fill=ink, font=heading)
            y += 2 * spacing
        for line in textwrap.wrap(text[start : start + int(random.integers(80, 700))], letters):
            if y > bottom:
                return
            draw.text((left, y), line, fill=ink, font=body)
            y += spacing
        y += spacing * random.uniform(0.3, 1.5)


def page(random, texts):
    """An upright page, grey, of one to three columns; now and then only a few lines of it are there."""
    width, height = int(random.integers(300, 620)), int(random.integers(300, 620))
    paper = int(random.integers(190, 256))
    ink = int(random.integers(0, paper - 110))
    image = Image.new("L", (width, height), paper)
    draw = ImageDraw.Draw(image)
    size = float(random.uniform(9, 21))
    margin = int(random.uniform(0.03, 0.12) * width)
    columns = int(random.choice([1, 1, 2, 3]))
    pitch = (width - margin) // columns
    end = height - margin if random.random() < 0.7 else margin + int(random.uniform(0.15, 0.5) * height)
    for number in range(columns):
        left = margin + number * pitch
        column(draw, random, texts, (left, margin, left + pitch - margin, end), size, ink)
    return image


def spoil(random, image):
    """Skew, blur, a shade across the page, noise, as scans and photographs have them."""
    paper = int(np.median(np.asarray(image)))
    image = image.rotate(random.normal(0, 3), Image.Resampling.BILINEAR, fillcolor=paper)
    image = image.filter(ImageFilter.GaussianBlur(random.uniform(0, 1.6)))
    pixels = np.asarray(image, np.float32)
    down, right = np.meshgrid(*(np.linspace(-0.5, 0.5, n, dtype=np.float32) for n in pixels.shape), indexing="ij")
    pixels = pixels * (1 + random.normal(0, 0.2) * down + random.normal(0, 0.2) * right)
    pixels = pixels + random.standard_normal(pixels.shape, np.float32) * np.float32(random.uniform(0, 24))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def preprocess(image):
    """uint8 [3, 224, 224]: the short side to 256 by Lanczos, the middle 224, as the package does it, three times grey."""
    factor = SHORT_SIDE / min(image.size)
    resized = image.resize([round(side * factor) for side in image.size], Image.Resampling.LANCZOS)
    left, top = ((side - CROP) // 2 for side in resized.size)
    pixels = np.asarray(resized.crop((left, top, left + CROP, top + CROP)))
    return np.repeat(pixels[None], 3, axis=0)


def labelled_page(seed, row):
    """Image uint8 [3, 224, 224] and label of one row: how many times the page is turned clockwise by 90 degrees."""
    random = np.random.default_rng([seed, row])
    return preprocess(spoil(random, page(random, words())).rotate(-90 * (row % 4), expand=True)), row % 4


def dataset(rows, seed):
    """Images uint8 [rows, 3, 224, 224] and labels int64 [rows], each label as often as the others."""
    with multiprocessing.Pool() as pool:
        images, labels = zip(*pool.starmap(labelled_page, [(seed, row) for row in range(rows)], chunksize=16))
    return np.stack(images), np.asarray(labels, np.int64)
