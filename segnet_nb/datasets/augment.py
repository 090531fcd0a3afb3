"""Augmentation of an image and its labels together: scale, crop, flip, colour.

Pillow does the resampling: it filters when it shrinks, it is fast, and labels go through its nearest
neighbour alone. What a small scale leaves open is filled with void, never with a class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance

from segnet_nb._shared.errors import UserError


@dataclass(frozen=True)
class Augmentation:
    """Random views of a labelled image.

    Attributes:
        flip: mirror left and right in half of the views.
        scale: smallest and largest magnification; at 1 the whole image is seen, at 2 a quarter of it, and
            below 1 the image lies somewhere in a field of void.
        color: how far brightness, contrast and saturation stray; 0.3 means factors in 0.7..1.3.
        focus: how often, 0..1, a magnified view is laid around a pixel of a class drawn evenly from those in
            the image, so that rare classes are seen as often as the road; 0: never.

    Raises:
        ValueError: if a number is out of its range.

    Example:
        >>> import numpy as np
        >>> image, labels = np.zeros((48, 64, 3), np.uint8), np.zeros((48, 64), np.uint8)
        >>> view = Augmentation(scale=(0.5, 0.5)).apply(
        ...     image, labels, size=(24, 32), void_id=11, rng=np.random.default_rng(0)
        ... )
        >>> view[0].shape, sorted(set(view[1].ravel().tolist()))
        ((24, 32, 3), [0, 11])
    """

    horizontal_flip: bool = True
    scale: tuple[float, float] = (0.75, 2.0)
    color_jitter: float = 0.3
    rare_class_crop_prob: float = 0.0

    def __post_init__(self) -> None:
        low, high = self.scale
        if not 0.1 <= low <= high <= 10:
            raise UserError(
                f"scale must be (smallest, largest) with 0.1 <= smallest <= largest <= 10, but {self.scale} "
                "came. (1, 1) keeps the whole image."
            )
        if not 0 <= self.color_jitter < 1:
            raise UserError(f"color_jitter must be in 0..1, 1 excluded, but {self.color_jitter} came.")
        if not 0 <= self.rare_class_crop_prob <= 1:
            raise UserError(
                f"rare_class_crop_prob must be in 0..1, but {self.rare_class_crop_prob} came. "
                "At 0.5 every other crop is laid around a rare class."
            )

    def apply(
        self,
        image: np.ndarray,
        labels: np.ndarray,
        *,
        size: tuple[int, int],
        void_id: int,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """One random view.

        Args:
            image: uint8 RGB, shape ``(height, width, 3)``.
            labels: uint8 ids, shape ``(height, width)``.
            size: ``(height, width)`` of the view in pixels.
            void_id: the id that fills what lies outside the image.
            rng: the source of chance; the same state gives the same view.

        Returns:
            uint8 image of shape ``(*size, 3)`` and uint8 labels of shape ``size``.
        """
        # Even steps in the logarithm: doubling is as likely as halving.
        scale = float(np.exp(rng.uniform(*np.log(self.scale))))
        position = rng.random(2)
        mirrored = self.horizontal_flip and rng.random() < 0.5
        factors = rng.uniform(1 - self.color_jitter, 1 + self.color_jitter, 3) if self.color_jitter else None
        if scale > 1 and self.rare_class_crop_prob and rng.random() < self.rare_class_crop_prob:
            position = _around_a_class(labels, void_id, scale, rng)
        picture, ids = Image.fromarray(image), Image.fromarray(labels)
        if scale >= 1:
            view, view_ids = _magnified(picture, ids, size, scale, position)
        else:
            view, view_ids = _set_in_void(picture, ids, size, scale, position, void_id)
        if mirrored:
            view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            view_ids = view_ids.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if factors is not None:
            view = _recolored(view, factors)
        return np.asarray(view), np.asarray(view_ids)


def _around_a_class(labels: np.ndarray, void_id: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Where to lay a window of 1 / scale of the sides so that it holds a pixel of a class drawn evenly.

    Returns:
        The position of the window, 0..1 down and across, as ``_magnified`` takes it.
    """
    present = np.flatnonzero(np.bincount(labels.ravel(), minlength=void_id + 1)[:void_id])
    if not len(present):
        return rng.random(2)
    found = np.flatnonzero(labels.ravel() == rng.choice(present))
    at = np.array(divmod(int(rng.choice(found)), labels.shape[1])) + 0.5
    sides = np.array(labels.shape) / scale
    start = np.clip(at - rng.random(2) * sides, 0, labels.shape - sides)
    return start / (labels.shape - sides)


def _magnified(
    picture: Image.Image,
    ids: Image.Image,
    size: tuple[int, int],
    scale: float,
    position: np.ndarray,
) -> tuple[Image.Image, Image.Image]:
    """A window of 1 / scale of the sides, resized to ``size``."""
    width, height = picture.width / scale, picture.height / scale
    left, top = position[1] * (picture.width - width), position[0] * (picture.height - height)
    # Rounding may step over the edge by a hair, which Pillow refuses.
    box = (left, top, min(left + width, picture.width), min(top + height, picture.height))
    target = size[::-1]
    return (
        picture.resize(target, Image.Resampling.BILINEAR, box=box),
        ids.resize(target, Image.Resampling.NEAREST, box=box),
    )


def _set_in_void(
    picture: Image.Image,
    ids: Image.Image,
    size: tuple[int, int],
    scale: float,
    position: np.ndarray,
    void_id: int,
) -> tuple[Image.Image, Image.Image]:
    """The whole image at ``scale`` of ``size``, somewhere in a field of black and void."""
    height, width = (max(1, round(side * scale)) for side in size)
    corner = (round(position[1] * (size[1] - width)), round(position[0] * (size[0] - height)))
    view = Image.new("RGB", size[::-1])
    view.paste(picture.resize((width, height), Image.Resampling.BILINEAR), corner)
    view_ids = Image.new("L", size[::-1], void_id)
    view_ids.paste(ids.resize((width, height), Image.Resampling.NEAREST), corner)
    return view, view_ids


def _recolored(view: Image.Image, factors: np.ndarray) -> Image.Image:
    for enhance, factor in zip(
        (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color), factors, strict=True
    ):
        view = enhance(view).enhance(float(factor))
    return view
