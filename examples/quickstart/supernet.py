"""The architecture: names, shapes and elastic dimensions of the quick start's supernet.

    image -> stem (stride 2) -> stage1 (14x14) -> down (stride 2) -> stage2 (7x7) -> mean -> fc

A block is y = relu(x + bn(conv(x))), so a dropped block is the identity. A subnet takes the
first k channels of a weight and the centre of a kernel: slicing is all there is to it.
"""

WIDTHS = {"stage1": (8, 16, 24, 32), "stage2": (16, 32, 48, 64)}
DEPTHS = (1, 2, 3)
KERNELS = (3, 5)
CLASSES = 10
EPSILON = 1e-5

STAGES = tuple(WIDTHS)
BLOCKS = tuple(f"{stage}.block{number}" for stage in STAGES for number in DEPTHS)


def stage_of(block):
    return block.split(".")[0]


def convolutions():
    """Each convolution of the largest network: (unit, inputs, outputs, kernel, stride).

    Inputs and outputs are names in WIDTHS, or None for the one channel of the image.
    """
    yield "stem", None, "stage1", 3, 2
    for block in BLOCKS:
        if block == "stage2.block1":
            yield "down", "stage1", "stage2", 3, 2
        yield block, stage_of(block), stage_of(block), max(KERNELS), 1


def largest():
    """The choices of the largest network; every other one is a point below it."""
    return _extreme(max)


def smallest():
    return _extreme(min)


def _extreme(pick):
    choices = {}
    for stage in STAGES:
        choices[f"{stage}.depth"] = pick(DEPTHS)
        choices[f"{stage}.width"] = pick(WIDTHS[stage])
    for block in BLOCKS:
        choices[f"{block}.kernel"] = pick(KERNELS)
    return choices
