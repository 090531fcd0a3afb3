"""The exercises of 02_architecture: a receptive field, the memory of indices, the channels of a decoder."""

from __future__ import annotations

from segnet_nb.course.values import number, numbers
from segnet_nb.course.verdicts import Exercise


def receptive_field(kernel: int, stages: int = 4, *, last_pooling: bool = True, pooling: bool = True) -> int:
    """The side of what one value sees after so many convolutions and poolings of 2 x 2, in pixels.

    Example:
        >>> [receptive_field(7, stages) for stages in (1, 2, 3, 4)]
        [8, 22, 50, 106]
    """
    side, apart = 1, 1
    for stage in range(1, stages + 1):
        side += (kernel - 1) * apart
        if pooling and (stage < stages or last_pooling):
            side += apart
        apart *= 2
    return side


_WINDOWS = (360 // 2) * (480 // 2)
_CHANNELS = 64
_ENCODER = (32, 48, 96)

EXERCISES = {
    "02.1": Exercise(
        number(
            receptive_field(5),
            whole=True,
            mistakes={
                "that is the receptive field with kernels of 7 x 7": receptive_field(7),
                "that is the receptive field with kernels of 3 x 3": receptive_field(3),
                "that is before the last pooling, which combines neighbors once more": receptive_field(
                    5, last_pooling=False
                ),
                "the poolings are missing: each combines two neighbors": receptive_field(5, pooling=False),
                "that is after three stages, and there are four": receptive_field(5, 3),
                "neighbors are further apart after every pooling, so later kernels add more": 1 + 4 * 4 + 4,
            },
        ),
        (
            "How many steps does a kernel of 5 add, and how far apart are neighbors at each stage?",
            "A kernel adds 4 steps, a pooling one. A step is 1, 2, 4 and 8 pixels long in the four stages.",
        ),
    ),
    "02.2": Exercise(
        number(
            _WINDOWS * _CHANNELS * 2 // 8,
            whole=True,
            mistakes={
                "that is one byte for each index; packed, an index takes two bits": _WINDOWS * _CHANNELS,
                "these are bits; a byte has eight": _WINDOWS * _CHANNELS * 2,
                "that is one feature map; there is an index in every channel": _WINDOWS // 4,
                "that is what the feature maps take that are pooled": 4 * _WINDOWS * _CHANNELS * 4,
                "that is what the pooled values take": _WINDOWS * _CHANNELS * 4,
                "a kilobyte is not asked for: these are bytes divided by 1000": _WINDOWS * _CHANNELS / 4e3,
            },
        ),
        (
            "How many windows does one map have, and how many maps are there at the first pooling?",
            "180 x 240 windows in each of 64 maps, and four indices fit into a byte.",
        ),
    ),
    "02.3": Exercise(
        numbers(
            [_ENCODER[1], _ENCODER[0], _ENCODER[0]],
            places=("stage 3", "stage 2", "stage 1"),
            mistakes={
                "these are the encoder's own channels, as in the code that cannot run": _ENCODER[::-1],
                "stage 3 comes first in the list": [_ENCODER[0], _ENCODER[0], _ENCODER[1]],
                "these are the encoder's own channels, from the first stage on": _ENCODER,
            },
        ),
        (
            "Which unpooling comes after decoder stage 3, and for how many channels has it indices?",
            "The unpooling after decoder stage 3 uses the indices of encoder stage 2; after stage 1 is none.",
        ),
    ),
}
