"""Which speed-ups a training uses: measured at its start where that pays, and kept for the next one.

What is fast depends on the processor: gradients of convolutions by matrix products are faster than
TensorFlow's on one and slower on another. No choice changes numbers beyond rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from segnet_nb._shared.errors import UserError
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.speed import patches, remembered

if TYPE_CHECKING:
    import keras

SpeedUps = tuple[str, ...]
Measure = Callable[[Sequence[SpeedUps]], list[float]]
"""Seconds of a training step with each of several sets of speed-ups, infinity where it fails."""

# Pixels of all images of a training: from here on, measuring takes a few per cent of its time.
_WORTH_MEASURING = 2e8
# A speed-up has to save at least this share of a step: less is noise.
_LEAST_GAIN = 0.02


@dataclass(frozen=True)
class Choice:
    """The speed-ups of a training.

    Attributes:
        used: names of ``patches.SPEED_UPS``.
        source: ``"measured"``, ``"remembered"`` from an earlier training on this machine, or ``"default"``.
        seconds: of a training step with each set that was measured, its names joined by ``" + "``; without
            any it is ``"none"``.
    """

    used: SpeedUps
    source: str
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Choice:
        """The choice that ``to_dict`` came from.

        Raises:
            ValueError: if an entry is missing or impossible.
        """
        try:
            used = tuple(name for name in patches.SPEED_UPS if name in values["used"])
            seconds = {str(name): float(value) for name, value in values["seconds"].items()}
            if len(used) == len(values["used"]) and (
                not seconds or {_label(used), _label(())} <= set(seconds)
            ):
                return cls(used, str(values["source"]), seconds)
        except (AttributeError, KeyError, TypeError, ValueError):
            pass
        raise UserError(
            f"{values!r} is no choice of speed-ups; those of this version: {', '.join(patches.SPEED_UPS)}. "
            "Train again in another directory."
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON would hold them."""
        return asdict(self) | {"used": list(self.used)}

    def line(self) -> str:
        """The choice as one line of text.

        Example:
            >>> seconds = {"none": 0.4, "fused_normalization": 0.25}
            >>> Choice(("fused_normalization",), "measured", seconds).line()
            'speed-ups: fused_normalization (measured: 0.250 s a step, without 0.400 s)'
        """
        times = ""
        if self.seconds:
            now, before = self.seconds[_label(self.used)], self.seconds[_label(())]
            times = f": {now:.3f} s a step, without {before:.3f} s"
        return f"speed-ups: {_label(self.used)} ({self.source}{times})"


def _label(used: SpeedUps) -> str:
    return " + ".join(used) or "none"


def choose(
    model: keras.Model, config: TrainConfig, steps: int, measure: Measure, key: dict[str, Any]
) -> Choice:
    """The speed-ups for a training.

    Measured if the training is long enough, and remembered under ``key``. A short training uses the default,
    and so does ``config.deterministic``, whose results must not depend on what a clock says.

    Args:
        model: the compiled network.
        config: the configuration of its training.
        steps: training steps in all epochs.
        measure: times sets of speed-ups; ``timing.StepTimer`` for this network.
        key: what the times depend on, see ``remembered.key``.
    """
    candidates = patches.applicable(model)
    pixels = steps * config.batch_size * config.image_size[0] * config.image_size[1]
    if not candidates or config.deterministic or pixels < _WORTH_MEASURING:
        default = tuple(name for name in candidates if name in patches.DEFAULT_SPEED_UPS)
        return Choice(default, "default")
    known = _from_cache(key)
    if known is not None:
        return known
    choice = fastest(candidates, measure)
    remembered.write(key, choice.to_dict())
    return choice


def _from_cache(key: dict[str, Any]) -> Choice | None:
    values = remembered.read(key)
    try:
        return None if values is None else Choice.from_dict(values | {"source": "remembered"})
    except UserError:  # edited, or of a version with other speed-ups
        return None


def fastest(candidates: Sequence[str], measure: Measure) -> Choice:
    """The fastest set of speed-ups: each is added in turn and kept if it makes a step faster.

    Example:
        >>> times = {(): 4.0, ("a",): 5.0, ("b",): 3.0}
        >>> fastest(("a", "b"), lambda sets: [times[each] for each in sets]).used
        ('b',)
    """
    used: SpeedUps = ()
    seconds: dict[str, float] = {}
    # The default ones first: the gradients of convolutions then prove themselves on what those leave.
    for name in sorted(candidates, key=lambda name: name not in patches.DEFAULT_SPEED_UPS):
        more = tuple(sorted((*used, name)))
        # Both anew and in turns, since the load of the machine changes.
        before, after = measure([used, more])
        seconds |= {_label(used): before, _label(more): after}
        if after < before * (1 - _LEAST_GAIN):
            used = more
    finite = {name: round(value, 5) for name, value in seconds.items() if value < float("inf")}
    return Choice(used, "measured", finite)
