"""Photometric augmentation: light, weather, lens and sensor change the colours, never the labels.

A network trained on a few hours of film otherwise learns the exposure and the colours of that film. All
changes scale with one strength; the ranges at strength 1 are constants below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from segnet_nb._shared.errors import UserError

# Ranges at strength 1. Logarithms are natural: 0.6 is a factor of 1.82, 0.2 of 1.22.
_LOG_GAMMA = 0.6
_LOG_CHANNEL_GAIN = 0.2
_HAZE = 0.5
_LOG_SHADOW = 1.0
_BLUR_SIGMA = 1.5
_NOISE_DEVIATION = 14.0
_ERASED_SIDE = 0.4
# Shares of images with each of the rarer changes.
_PROBS = {"haze": 0.3, "shadow": 0.4, "blur": 0.25, "noise": 0.35, "grey": 0.1, "erased": 0.3}


@dataclass(frozen=True)
class Photometric:
    """Random changes of the colours of an image.

    In order: gamma and a gain per channel (exposure and white balance), haze (a blend with one grey, as in
    rain or fog), greyscale, a shadow or a light with a soft edge, blur, noise, and an erased rectangle. The
    rectangle keeps its labels, so that the network has to use the surroundings.

    Attributes:
        strength: 0..1; scales the range of every change. 0 changes nothing.

    Raises:
        ValueError: if the strength is out of range.

    Example:
        >>> import numpy as np
        >>> image = np.full((24, 32, 3), 128, np.uint8)
        >>> changed = Photometric(1.0).apply(image, np.random.default_rng(0))
        >>> changed.shape, changed.dtype, bool((changed != image).any())
        ((24, 32, 3), dtype('uint8'), True)
    """

    strength: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise UserError(f"strength must be in 0..1, but got {self.strength}. 0 changes nothing.")

    def apply(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Change an image.

        Args:
            image: uint8 RGB, shape ``(height, width, 3)``.
            rng: random number generator; the same state gives the same image.

        Returns:
            uint8 RGB of the same shape.
        """
        if not self.strength:
            return image
        # Drawn for every image, so that one change does not shift the randomness of the next.
        haze, shadow, blur, noise, grey, erased = rng.random(len(_PROBS)) < list(_PROBS.values())
        image = _tone_curves(rng, self.strength, haze)[np.arange(3), image]
        if grey:
            image = np.repeat(np.asarray(Image.fromarray(image).convert("L"))[..., None], 3, axis=-1)
        if shadow:
            image = _shadow(image, rng, self.strength)
        if blur:
            image = _blur(image, rng.uniform(0, _BLUR_SIGMA * self.strength))
        if noise:
            image = _noise(image, rng, rng.uniform(0, _NOISE_DEVIATION * self.strength))
        if erased:
            image = _erase(image, rng, self.strength)
        return image


def _tone_curves(rng: np.random.Generator, strength: float, haze: bool) -> np.ndarray:
    """Gamma, gain per channel and haze as one table, uint8 ``(3, 256)``."""
    gamma = np.exp(rng.uniform(-_LOG_GAMMA, _LOG_GAMMA) * strength)
    gains = np.exp(rng.uniform(-_LOG_CHANNEL_GAIN, _LOG_CHANNEL_GAIN, 3) * strength)
    share, grey = rng.uniform(0, _HAZE * strength) * haze, rng.uniform(90, 230)
    curve = 255 * (np.arange(256) / 255) ** gamma
    return np.clip((1 - share) * gains[:, None] * curve + share * grey, 0, 255).astype(np.uint8)


def _shadow(image: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Darken or brighten one side of a line at a random place and angle; the edge is soft."""
    height, width = image.shape[:2]
    angle, softness = rng.uniform(0, 2 * np.pi), width * rng.uniform(0.01, 0.2)
    row, column = rng.uniform(0, height), rng.uniform(0, width)
    factor = np.exp(rng.uniform(-_LOG_SHADOW, 0.5 * _LOG_SHADOW) * strength)
    rows, columns = np.arange(height)[:, None] - row, np.arange(width) - column
    distance = (columns * np.cos(angle) + rows * np.sin(angle)).astype(np.float32) / np.float32(softness)
    inside = 1 / (1 + np.exp(-np.clip(distance, -20, 20)))
    light = (1 + (factor - 1) * inside).astype(np.float32)
    return np.minimum(image * light[..., None], 255).astype(np.uint8)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(sigma)))


def _noise(image: np.ndarray, rng: np.random.Generator, deviation: float) -> np.ndarray:
    noise = rng.standard_normal(image.shape, np.float32) * np.float32(deviation)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _erase(image: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Fill a random rectangle with the mean colour of the image."""
    sides = [max(1, round(side * rng.uniform(0.1, 1) * _ERASED_SIDE * strength)) for side in image.shape[:2]]
    top, left = (rng.integers(0, whole - side + 1) for whole, side in zip(image.shape, sides, strict=False))
    erased = image.copy()
    erased[top : top + sides[0], left : left + sides[1]] = image.mean((0, 1))
    return erased
