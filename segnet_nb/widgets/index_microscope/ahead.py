"""What the view of a microscope requests before its reader: other channels, and paths in them and near by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb.probes.unpooling import UnpoolingTrace
from segnet_nb.visualizers.feature_maps import stage_pictures

MOST_PICTURES = 4
"""In one answer, so that the kernel is soon free for what the reader does."""

MOST_PATHS = 64


def stage_picture(trace: UnpoolingTrace, stage: int, channel: int) -> dict[str, Any]:
    """Everything that the view needs to draw one channel of one stage.

    Args:
        trace: what a network did to an image.
        stage: 1 is the outermost.
        channel: a channel of that stage.

    Returns:
        ``maps``: PNG bytes of features, pooled, indices, unpooled and dense; ``spans``: the ends of their
        scales; ``sizes``: their heights and widths; stage, channel and dense channel.

    Raises:
        ValueError: if there is no such stage or channel, or it holds no finite numbers.
    """
    chosen = trace.stage(stage)
    pictures = stage_pictures(chosen, channel)
    return {
        "stage": stage,
        "channel": channel,
        "dense_channel": chosen.dense_channel(channel),
        "maps": {name: picture.png() for name, picture in pictures.items()},
        "sizes": {name: list(picture.levels.shape) for name, picture in pictures.items()},
        "spans": {name: list(picture.span) for name, picture in pictures.items() if picture.span},
    }


def zero_shares(trace: UnpoolingTrace, stage: int, channel: int) -> tuple[float, float]:
    """Share of exact zeros in the unpooled channel, before and after the convolution."""
    chosen = trace.stage(stage)
    return chosen.zero_share_before(channel), chosen.zero_share_after(channel)


def answer(trace: UnpoolingTrace, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Pictures and paths of channels that are not shown yet.

    Args:
        trace: of the image that is asked about.
        asked: ``stage``; ``pictures``, the channels whose maps are wanted; ``paths``, each a ``channel`` and
            the ``pixel`` whose path in it is wanted. What does not exist or cannot be drawn is left out.

    Returns:
        ``pictures``, as in ``stage_picture`` with ``zero_share`` and the names of the maps instead of their
        bytes; ``paths``; and the bytes of all maps in that order.

    Raises:
        ValueError: if there is no such stage.
    """
    stage = int(asked["stage"])
    count = trace.stage(stage).channels
    pictures, buffers = [], []
    for channel in _channels(asked["pictures"], count, MOST_PICTURES):
        try:
            picture = stage_picture(trace, stage, channel)
        except UserError:
            continue  # the reader is told when the channel is chosen
        maps = picture.pop("maps")
        pictures.append({**picture, "maps": [*maps], "zero_share": zero_shares(trace, stage, channel)})
        buffers += maps.values()
    paths = [
        (wanted["channel"], trace.path(*wanted["pixel"], stage=stage, channel=wanted["channel"]).as_dict())
        for wanted in asked["paths"][:MOST_PATHS]
        if _exists((*wanted["pixel"], wanted["channel"]), (*trace.image.shape[:2], count))
    ]
    return {"pictures": pictures, "paths": paths}, buffers


def _exists(place: tuple[int, ...], size: tuple[int, ...]) -> bool:
    return all(0 <= at < count for at, count in zip(place, size, strict=True))


def _channels(wanted: Any, count: int, most: int) -> list[int]:
    return [channel for channel in map(int, wanted) if 0 <= channel < count][:most]
