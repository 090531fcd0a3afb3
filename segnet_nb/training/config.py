"""What a training run is asked to do, checked before any data is read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real
from typing import Any

from segnet_nb import datasets
from segnet_nb._shared.errors import UserError, UserTypeError

# Those whose decoder can be chosen.
DECODER_NETWORKS = ("basic", "basic16")
NETWORKS = ("overview", "basic", "basic16", "vgg16", "small", "modern", "lean")
DECODERS = (
    *("bilinear", "segnet", "encoder_addition", "single_channel"),
    *("fcn", "fcn_no_addition", "fcn_no_reduction", "fcn_no_addition_no_reduction"),
    *("transposed", "nearest", "concatenation"),
)
# Those that end in what has no bias for each class.
WITHOUT_BIAS = ("bilinear", "fcn", "fcn_no_addition")
# Those that end in a convolution, batch normalisation and the classifier.
LINEAR_ENDS = ("segnet", "transposed", "nearest", "concatenation")
LOSSES = ("cross_entropy", "dice", "cross_entropy_dice")
CLASS_WEIGHTS = ("none", "median_frequency", "sqrt_median_frequency", "published")
OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("constant", "cosine")


def _field(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run.

    The defaults train a small network on drawn scenes; every field is also an option of
    ``segnet-nb train`` and its help text stands in ``segnet-nb train --help``.

    Raises:
        ValueError: at once, naming the field, what came and what is possible.
        TypeError: if a value has the wrong type.

    Example:
        >>> TrainConfig(dataset="camvid", epochs=40).image_size
        (180, 240)
    """

    dataset: str = _field("synthetic", f"one of {', '.join(datasets.NAMES)}, or the path of a folder")
    network: str = _field("small", f"one of {', '.join(NETWORKS)}")
    decoder: str = _field("segnet", f"of the networks basic and basic16, one of {', '.join(DECODERS)}")
    dropout: float = _field(0.0, "rate of the dropout of Bayesian SegNet, 0 for none; published: 0.5")
    loss: str = _field("cross_entropy_dice", f"one of {', '.join(LOSSES)}")
    class_weights: str = _field(
        "sqrt_median_frequency",
        f"weights in the cross-entropy (Dice has none), one of {', '.join(CLASS_WEIGHTS)}",
    )
    initial_weights: str = _field(
        "", "weights to start from: a name of shipped ones or a .keras file; else random"
    )
    epochs: int = _field(20, "how often to train and validate")
    passes_per_epoch: int = _field(1, "passes over the training images in an epoch, between two validations")
    image_size: tuple[int, int] = _field((180, 240), "height and width in pixels to train and test at")
    final_epochs: int = _field(0, "train so many of the last epochs at final_size")
    final_size: tuple[int, int] | None = _field(None, "height and width in pixels in the last epochs")
    val_size: tuple[int, int] | None = _field(None, "height and width to validate at (None: image_size)")
    batch_size: int = _field(4, "images a step")
    optimizer: str = _field("adamw", f"one of {', '.join(OPTIMIZERS)}")
    learning_rate: float = _field(2e-3, "largest learning rate")
    schedule: str = _field("cosine", f"one of {', '.join(SCHEDULES)}")
    warmup_epochs: float = _field(1.0, "epochs over which the learning rate rises from zero")
    weight_decay: float = _field(0.02, "decoupled decay of kernels (adamw) or L2 strength (sgd)")
    momentum: float = _field(0.9, "momentum of sgd")
    horizontal_flip: bool = _field(True, "mirror half of the training images")
    scale_min: float = _field(0.75, "smallest magnification of training images")
    scale_max: float = _field(2.0, "largest magnification of training images")
    color_jitter: float = _field(0.3, "how far brightness, contrast and saturation stray, 0 for not at all")
    rare_class_crop_prob: float = _field(
        0.0, "share of magnified views laid around a class drawn evenly, so rare ones are seen"
    )
    ema_momentum: float = _field(
        0.0, "validate and keep a running average of the weights with this momentum, 0 for none"
    )
    sampled_statistics: bool = _field(
        False,
        "train the linear layers that SegNet-Basic ends in as one, faster; batch statistics from a sample",
    )
    seed: int = _field(0, "decides initial weights, order and augmentation")
    deterministic: bool = _field(False, "the same history on the same machine, at some cost in speed")
    logit_adjustment: bool = _field(
        False, "after the last epoch, shift the classes' biases to the best mean IoU on training photographs"
    )
    monitor: str = _field("mean_iou", "validation score of the kept weights: mean_iou or global_accuracy")
    train_count: int | None = _field(None, "use only so many training images")
    val_count: int | None = _field(None, "use only so many validation images")

    def __post_init__(self) -> None:
        if not isinstance(self.dataset, str) or (
            self.dataset not in datasets.NAMES and not datasets.is_folder(self.dataset)
        ):
            raise UserError(
                f"dataset must be one of {', '.join(datasets.NAMES)}, or the path of a folder, but "
                f"{self.dataset!r} came."
            )
        for name, choices in (
            ("network", NETWORKS),
            ("decoder", DECODERS),
            ("loss", LOSSES),
            ("class_weights", CLASS_WEIGHTS),
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("monitor", ("mean_iou", "global_accuracy")),
        ):
            value = getattr(self, name)
            if value not in choices:
                raise UserError(f"{name} must be one of {', '.join(choices)}, but {value!r} came.")
        for name in ("horizontal_flip", "sampled_statistics", "logit_adjustment", "deterministic"):
            if not isinstance(value := getattr(self, name), bool):
                raise UserTypeError(f"{name} must be True or False, but {value!r} came.")
        self._check_numbers()
        if self.decoder != "segnet" and self.network not in DECODER_NETWORKS:
            raise UserError(
                f"decoder={self.decoder!r} is one of the networks {' and '.join(DECODER_NETWORKS)}, but "
                f"network={self.network!r} came. "
                "Take network='basic', or leave the decoder out."
            )
        if self.sampled_statistics and (
            self.network not in DECODER_NETWORKS or self.decoder not in LINEAR_ENDS
        ):
            raise UserError(
                f"sampled_statistics is for the networks {' and '.join(DECODER_NETWORKS)} with one of the "
                f"decoders {', '.join(LINEAR_ENDS)}, which end in linear layers, but network="
                f"{self.network!r} and decoder={self.decoder!r} came. Leave sampled_statistics out."
            )
        if self.logit_adjustment and self.decoder in WITHOUT_BIAS:
            raise UserError(
                f"adjust shifts the biases of a classifier, but decoder={self.decoder!r} ends without one. "
                "Leave adjust out."
            )
        if self.dropout and self.network == "overview":
            raise UserError("the overview network has no dropout. Take another network, or dropout=0.")
        for name in ("image_size", "final_size", "val_size"):
            self._check_size(name, required=name == "image_size")
        if bool(self.final_epochs) != (self.final_size is not None):
            raise UserError(
                f"final_epochs and final_size belong together, but {self.final_epochs} and {self.final_size} "
                "came. Give both or neither."
            )
        if self.final_epochs > self.epochs:
            raise UserError(f"final_epochs={self.final_epochs} is above epochs={self.epochs}.")
        if not isinstance(self.initial_weights, str):
            raise UserTypeError(
                f"initial_weights must be a name or a path, but {self.initial_weights!r} came."
            )
        if self.scale_min > self.scale_max:
            raise UserError(f"scale_min={self.scale_min} is above scale_max={self.scale_max}. Swap them.")

    def _check_size(self, name: str, required: bool) -> None:
        size = getattr(self, name)
        if size is None and not required:
            return
        if not isinstance(size, tuple | list) or len(size) != 2:
            raise UserTypeError(f"{name} must be (height, width) in pixels, but {size!r} came.")
        if any(isinstance(side, bool) or not isinstance(side, Integral) or side < 16 for side in size):
            raise UserError(f"{name} must be two whole numbers of at least 16, but {size} came.")
        object.__setattr__(self, name, tuple(map(int, size)))

    def _check_numbers(self) -> None:
        bounds: dict[str, tuple[float, float]] = {
            "epochs": (1, 100_000),
            "batch_size": (1, 4096),
            "learning_rate": (1e-9, 10),
            "warmup_epochs": (0, 100_000),
            "weight_decay": (0, 1),
            "momentum": (0, 0.9999),
            "scale_min": (0.1, 10),
            "scale_max": (0.1, 10),
            "color_jitter": (0, 0.99),
            "rare_class_crop_prob": (0, 1),
            "dropout": (0, 0.99),
            "ema_momentum": (0, 0.99999),
            "passes_per_epoch": (1, 10_000),
            "final_epochs": (0, 100_000),
            "seed": (0, 2**31 - 1),
            "train_count": (1, 10**9),
            "val_count": (1, 10**9),
        }
        whole = {
            "epochs",
            "passes_per_epoch",
            "final_epochs",
            "batch_size",
            "seed",
            "train_count",
            "val_count",
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if value is None and name.endswith("_count"):
                continue
            kind = "a whole number" if name in whole else "a number"
            if isinstance(value, bool) or not isinstance(value, Integral if name in whole else Real):
                raise UserTypeError(f"{name} must be {kind}, but {value!r} came.")
            # Python's own numbers, so that those of NumPy can be written down as JSON too.
            value = int(value) if isinstance(value, Integral) else float(value)
            object.__setattr__(self, name, value)
            if not low <= value <= high:
                raise UserError(f"{name} must be in {low:g}..{high:g}, but {value} came.")

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON would hold them."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """The configuration that ``to_dict`` came from.

        Raises:
            ValueError: if a field is unknown.

        Example:
            >>> TrainConfig.from_dict(TrainConfig(epochs=7).to_dict()).epochs
            7
        """
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise UserError(f"unknown fields: {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
        values = dict(values)
        for name in ("image_size", "final_size", "val_size"):
            if isinstance(values.get(name), list):
                values[name] = tuple(values[name])
        return cls(**values)
