"""Data augmentation of an image and its labels together: scale, crop, flip, colour jitter.

Resampling uses Pillow: it applies an antialiasing filter when downsampling and it is fast. Labels are
resampled by nearest neighbour only. Padding at scales below 1 is labelled void, never with a class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.photometric import Photometric


@dataclass(frozen=True)
class Augmentation:
    """Random scaled crops of a labelled image, flipped and with colour jitter.

    Attributes:
        horizontal_flip: flip horizontally with probability 0.5.
        scale: smallest and largest scale factor, sampled log-uniformly; at 1 the crop is the whole image, at
            2 a quarter of its area, and below 1 the image is padded with void.
        color_jitter: range of the brightness, contrast and saturation factors; 0.3 means 0.7..1.3.
        rare_class_crop_prob: probability, 0..1, that a crop at a scale above 1 contains a pixel of a class
            sampled uniformly from the classes in the image, against class imbalance; 0: never.
        photometric: strength, 0..1, of the changes of light, weather, lens and sensor, see
            ``segnet_nb.datasets.photometric``.

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
    photometric: float = 0.0

    def __post_init__(self) -> None:
        low, high = self.scale
        if not 0.1 <= low <= high <= 10:
            raise UserError(
                "scale must be (smallest, largest) with 0.1 <= smallest <= largest <= 10, but got "
                f"{self.scale}. (1, 1) keeps the whole image."
            )
        if not 0 <= self.color_jitter < 1:
            raise UserError(f"color_jitter must be in 0..1, 1 excluded, but got {self.color_jitter}.")
        if not 0 <= self.rare_class_crop_prob <= 1:
            raise UserError(
                f"rare_class_crop_prob must be in 0..1, but got {self.rare_class_crop_prob}. "
                "At 0.5 every other crop contains a class sampled uniformly."
            )
        Photometric(self.photometric)

    def apply(
        self,
        image: np.ndarray,
        labels: np.ndarray,
        *,
        size: tuple[int, int],
        void_id: int,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return one random crop.

        Args:
            image: uint8 RGB, shape ``(height, width, 3)``.
            labels: uint8 ids, shape ``(height, width)``.
            size: ``(height, width)`` of the crop in pixels.
            void_id: label of the padding.
            rng: random number generator; the same state gives the same crop.

        Returns:
            uint8 image of shape ``(*size, 3)`` and uint8 labels of shape ``size``.
        """
        # Log-uniform: doubling is as likely as halving.
        scale = float(np.exp(rng.uniform(*np.log(self.scale))))
        position = rng.random(2)
        flipped = self.horizontal_flip and rng.random() < 0.5
        factors = rng.uniform(1 - self.color_jitter, 1 + self.color_jitter, 3) if self.color_jitter else None
        if scale > 1 and self.rare_class_crop_prob and rng.random() < self.rare_class_crop_prob:
            position = _class_position(labels, void_id, scale, rng)
        picture, ids = Image.fromarray(image), Image.fromarray(labels)
        if scale >= 1:
            crop, crop_ids = _crop(picture, ids, size, scale, position)
        else:
            crop, crop_ids = _pad(picture, ids, size, scale, position, void_id)
        if flipped:
            crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            crop_ids = crop_ids.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if factors is not None:
            crop = _jitter(crop, factors)
        pixels = np.asarray(crop)
        if self.photometric:
            pixels = Photometric(self.photometric).apply(pixels, rng)
        return pixels, np.asarray(crop_ids)


def _class_position(labels: np.ndarray, void_id: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """A position at which the crop contains a pixel of a class sampled uniformly from those in the image.

    Returns:
        The position of the crop, 0..1 down and across, as ``_crop`` takes it.
    """
    present = np.flatnonzero(np.bincount(labels.ravel(), minlength=void_id + 1)[:void_id])
    if not len(present):
        return rng.random(2)
    found = np.flatnonzero(labels.ravel() == rng.choice(present))
    at = np.array(divmod(int(rng.choice(found)), labels.shape[1])) + 0.5
    sides = np.array(labels.shape) / scale
    start = np.clip(at - rng.random(2) * sides, 0, labels.shape - sides)
    return start / (labels.shape - sides)


def _crop(
    picture: Image.Image,
    ids: Image.Image,
    size: tuple[int, int],
    scale: float,
    position: np.ndarray,
) -> tuple[Image.Image, Image.Image]:
    """A crop of 1 / scale of the sides, resized to ``size``."""
    width, height = picture.width / scale, picture.height / scale
    left, top = position[1] * (picture.width - width), position[0] * (picture.height - height)
    # Rounding can exceed the edge slightly, which Pillow rejects.
    box = (left, top, min(left + width, picture.width), min(top + height, picture.height))
    target = (size[1], size[0])
    return (
        picture.resize(target, Image.Resampling.BILINEAR, box=box),
        ids.resize(target, Image.Resampling.NEAREST, box=box),
    )


def _pad(
    picture: Image.Image,
    ids: Image.Image,
    size: tuple[int, int],
    scale: float,
    position: np.ndarray,
    void_id: int,
) -> tuple[Image.Image, Image.Image]:
    """The whole image at ``scale`` times ``size``, padded with black pixels labelled void."""
    height, width = (max(1, round(side * scale)) for side in size)
    corner = (round(position[1] * (size[1] - width)), round(position[0] * (size[0] - height)))
    padded = Image.new("RGB", (size[1], size[0]))
    padded.paste(picture.resize((width, height), Image.Resampling.BILINEAR), corner)
    padded_ids = Image.new("L", (size[1], size[0]), void_id)
    padded_ids.paste(ids.resize((width, height), Image.Resampling.NEAREST), corner)
    return padded, padded_ids


def _jitter(picture: Image.Image, factors: np.ndarray) -> Image.Image:
    """Multiply brightness, contrast and saturation by a factor each."""
    for enhance, factor in zip(
        (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color), factors, strict=True
    ):
        picture = enhance(picture).enhance(float(factor))
    return picture
