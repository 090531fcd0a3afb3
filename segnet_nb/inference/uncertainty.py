"""Bayesian SegNet: Monte Carlo dropout and the uncertainty of its predictions.

Source: BAYES = Kendall, Badrinarayanan, Cipolla, arXiv 1511.02680, section 3: dropout at test time samples
networks from an approximate posterior; the mean of their softmax is the prediction, its variance the
uncertainty. Entropy and mutual information as in Gal, "Uncertainty in Deep Learning" (2016), section 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb.inference.prediction import batch_probabilities, check_images


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Mean and uncertainty of stochastic predictions.

    Attributes:
        mean: mean class probabilities, float32 in 0..1, shape ``(count, height, width, num_classes)``.
        variance: variance of the probabilities over the samples, averaged over the classes (BAYES), float32
            in 0..0.25, shape ``(count, height, width)``.
        entropy: of the mean, in nats, 0..log(num_classes), float32: the total uncertainty of a pixel.
        mutual_information: of the prediction and the weights of the network, in nats, 0..entropy, float32:
            the epistemic uncertainty, which more data would reduce; the rest is aleatoric.
        samples: number of predictions per image.
    """

    mean: np.ndarray
    variance: np.ndarray
    entropy: np.ndarray
    mutual_information: np.ndarray
    samples: int

    @property
    def labels(self) -> np.ndarray:
        """The most probable class by the mean, uint8, shape ``(count, height, width)``."""
        return self.mean.argmax(-1).astype("uint8")


class _AlwaysDropout(keras.layers.Dropout):
    """Dropout that stays on in inference."""

    def call(self, inputs: object, training: bool | None = None) -> object:
        """Drop, regardless of ``training``."""
        return super().call(inputs, training=True)


_samplers: WeakKeyDictionary[keras.Model, keras.Model] = WeakKeyDictionary()


def _sampler(model: keras.Model) -> keras.Model:
    """The network with dropout on; everything else, batch normalisation in particular, as in inference."""
    if not any(isinstance(layer, keras.layers.Dropout) and layer.rate for layer in model.layers):
        raise UserError(
            f"{model.name} has no dropout, so every sample would be the same. Build it with dropout=0.5, or "
            "load weights that were trained with dropout."
        )
    found = _samplers.get(model)
    if found is None:

        def cloned(layer: keras.layers.Layer) -> keras.layers.Layer:
            kind = _AlwaysDropout if isinstance(layer, keras.layers.Dropout) else type(layer)
            return kind.from_config(layer.get_config())

        found = _samplers[model] = keras.models.clone_model(model, clone_function=cloned)
    found.set_weights(model.get_weights())
    return found


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    return -(probabilities * np.log(np.maximum(probabilities, 1e-12))).sum(-1)


class _Sums:
    """Sums over the samples of one image; in float64, since a variance is a small difference."""

    def __init__(self) -> None:
        self.count = 0
        self._total: Any = 0.0
        self._squares: Any = 0.0
        self._entropies: Any = 0.0

    def add(self, samples: np.ndarray) -> None:
        """Add samples of shape ``(samples, height, width, num_classes)``."""
        samples = samples.astype("float64")
        self.count += len(samples)
        self._total = self._total + samples.sum(0)
        self._squares = self._squares + (samples**2).sum(0)
        self._entropies = self._entropies + _entropy(samples).sum(0)

    def measures(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Mean, variance, entropy and mutual information of the samples so far."""
        mean = self._total / self.count
        variance = np.maximum(self._squares / self.count - mean**2, 0).mean(-1)
        entropy = _entropy(mean)
        return mean, variance, entropy, np.maximum(entropy - self._entropies / self.count, 0)


def uncertainty_at(
    model: keras.Model,
    images: np.ndarray,
    counts: Sequence[int],
    *,
    batch_size: int = 4,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Uncertainty]:
    """Uncertainty of the same samples after several numbers of them, to see what more samples change.

    Args:
        model: a network with dropout.
        images: as in ``predict_with_uncertainty``.
        counts: numbers of samples, increasing, the first at least 2.
        batch_size: predictions per batch.
        seed: seed of the dropout masks.
        progress: called with the number of finished predictions and of all predictions.

    Returns:
        One ``Uncertainty`` per number of samples.

    Raises:
        ValueError: if the network has no dropout, the images do not fit it, or a number is impossible.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 3, filters=4, kernel_size=3, dropout=0.5)
        >>> found = uncertainty_at(model, np.zeros((16, 24, 3), np.uint8), (2, 5))
        >>> [each.samples for each in found]
        [2, 5]
    """
    counts = list(counts)
    if not counts or counts != sorted(set(counts)):
        raise UserError(f"counts must be increasing numbers of samples, but got {counts}. Try (2, 4, 8, 16).")
    for name, value, least in (("samples", counts[0], 2), ("batch_size", batch_size, 1)):
        if value < least:
            raise UserError(f"{name} must be at least {least}, but got {value}.")
    images = check_images(model, images)
    sampler = _sampler(model)
    for number, layer in enumerate(sampler.layers):
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign(np.array([seed, number], "uint32"))
    found: list[list[tuple[np.ndarray, ...]]] = [[] for _ in counts]
    for number, image in enumerate(images):
        sums = _Sums()
        for stop, kept in zip(counts, found, strict=True):
            while sums.count < stop:
                repeated = np.repeat(image[None], min(batch_size, stop - sums.count), axis=0)
                sums.add(batch_probabilities(sampler, repeated.astype("float32")))
                if progress is not None:
                    progress(number * counts[-1] + sums.count, len(images) * counts[-1])
            kept.append(tuple(part.astype("float32") for part in sums.measures()))
    return [
        Uncertainty(*(np.stack(part) for part in zip(*kept, strict=True)), samples=stop)
        for stop, kept in zip(counts, found, strict=True)
    ]


def predict_with_uncertainty(
    model: keras.Model,
    images: np.ndarray,
    *,
    samples: int = 20,
    batch_size: int = 4,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Uncertainty:
    """Monte Carlo dropout: predict repeatedly with dropout on; the mean and three measures of uncertainty.

    Memory grows with the images, not with the samples. From about 6 samples on the mean is better than one
    prediction with dropout off (BAYES, figure 3, which goes up to 50).

    Args:
        model: a network with dropout, such as ``segnet_basic(dropout=0.5)``, ending in softmax or logits.
        images: shape ``(count, height, width, 3)`` or one image without the first axis; RGB, 0..255.
        samples: predictions per image, at least 2.
        batch_size: predictions per batch.
        seed: seed of the dropout masks: the same seed gives the same result on the same machine.
        progress: called with the number of finished predictions and of all predictions, after each batch.

    Returns:
        An ``Uncertainty`` of all images.

    Raises:
        ValueError: if the network has no dropout, the images do not fit it, or a number is too small.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 3, filters=4, kernel_size=3, dropout=0.5)
        >>> found = predict_with_uncertainty(model, np.zeros((16, 24, 3), np.uint8), samples=3)
        >>> found.mean.shape, found.variance.shape, found.samples
        ((1, 16, 24, 3), (1, 16, 24), 3)
    """
    (found,) = uncertainty_at(model, images, [samples], batch_size=batch_size, seed=seed, progress=progress)
    return found
