"""The configuration of a training run, checked before any data is read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from segnet_nb import datasets
from segnet_nb._shared.errors import UserError
from segnet_nb.networks import catalogue
from segnet_nb.networks.catalogue import DECODERS, NETWORKS
from segnet_nb.training import _field_checks as checks

LOSSES = ("cross_entropy", "dice", "cross_entropy_dice", "hard_pixel_cross_entropy", "cross_entropy_lovasz")
SOFT_LOSSES = ("cross_entropy", "dice", "cross_entropy_dice")  # that take probabilities as targets
CLASS_WEIGHTS = ("none", "median_frequency", "sqrt_median_frequency", "inverse_log", "published")
OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("constant", "cosine", "poly")
LOSSY_MASKS = ("refuse", "nearest")
MONITORS = ("mean_iou", "global_accuracy")

_OWN = " Register your own first: see segnet_nb.register_{}."


def _field(default: Any, check: checks.Check, text: str) -> Any:
    return field(default=default, metadata={"help": text, "check": check})


def _flag(default: bool, text: str) -> Any:
    return _field(default, checks.true_or_false, text)


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run.

    The defaults train a small network on synthetic scenes. Every field is also an option of
    ``segnet-nb train``, whose ``--help`` describes it.

    Raises:
        ValueError: at once, naming the field, the value and what is possible.
        TypeError: if a value has the wrong type.

    Example:
        >>> TrainConfig(dataset="camvid", epochs=40).image_size
        (180, 240)
    """

    dataset: str = _field(
        "synthetic", checks.dataset, f"one of {', '.join(datasets.NAMES)}, or the path of a folder"
    )
    network: str = _field(
        "small", checks.one_of(NETWORKS, _OWN.format("network")), f"one of {', '.join(NETWORKS)}"
    )
    decoder: str = _field(
        "segnet",
        checks.one_of(DECODERS, _OWN.format("decoder")),
        f"of the networks {' and '.join(catalogue.networks_with_decoders())}, one of {', '.join(DECODERS)}",
    )
    dropout: float = _field(
        0.0, checks.number(0, 0.99), "dropout rate of Bayesian SegNet, 0 for none; published: 0.5"
    )
    loss: str = _field("cross_entropy_dice", checks.one_of(LOSSES), f"one of {', '.join(LOSSES)}")
    class_weights: str = _field(
        "sqrt_median_frequency",
        checks.one_of(CLASS_WEIGHTS),
        f"class weights of the cross-entropy (Dice has none), one of {', '.join(CLASS_WEIGHTS)}",
    )
    initial_weights: str = _field(
        "",
        checks.name_or_path,
        "initial weights: a name of pretrained ones or a .keras file; default: random",
    )
    map_classes: bool = _flag(
        False, "take the classifier of initial_weights over by the names of the classes, if they differ"
    )
    teacher: str = _field(
        "",
        checks.name_or_path,
        "learn the probabilities of this trained network too (distillation): a name of pretrained weights, a "
        ".keras file or the folder of a run",
    )
    teacher_share: float = _field(
        0.5, checks.number(0, 1), "share of the targets that is the teacher's; the rest are the labels"
    )
    epochs: int = _field(20, checks.integer(1, 100_000), "number of epochs; each ends with a validation")
    passes_per_epoch: int = _field(
        1, checks.integer(1, 10_000), "passes over the training images in an epoch, between two validations"
    )
    image_size: tuple[int, int] = _field(
        (180, 240), checks.size, "height and width in pixels for training and validation"
    )
    final_epochs: int = _field(
        0, checks.integer(0, 100_000), "number of last epochs that train at final_size"
    )
    final_size: tuple[int, int] | None = _field(
        None, checks.optional(checks.size), "height and width in pixels in the last epochs"
    )
    val_size: tuple[int, int] | None = _field(
        None, checks.optional(checks.size), "height and width for validation (None: image_size)"
    )
    batch_size: int = _field(4, checks.integer(1, 4096), "images per step")
    optimizer: str = _field("adamw", checks.one_of(OPTIMIZERS), f"one of {', '.join(OPTIMIZERS)}")
    learning_rate: float = _field(2e-3, checks.number(1e-9, 10), "largest learning rate")
    schedule: str = _field(
        "cosine", checks.one_of(SCHEDULES), f"learning rate schedule, one of {', '.join(SCHEDULES)}"
    )
    warmup_epochs: float = _field(
        1.0, checks.number(0, 100_000), "epochs over which the learning rate rises from zero"
    )
    weight_decay: float = _field(
        0.02, checks.number(0, 1), "decoupled weight decay of kernels (adamw) or L2 strength (sgd)"
    )
    momentum: float = _field(0.9, checks.number(0, 0.9999), "momentum of sgd")
    horizontal_flip: bool = _flag(True, "flip half of the training images horizontally")
    scale_min: float = _field(0.75, checks.number(0.1, 10), "smallest scale factor of training images")
    scale_max: float = _field(2.0, checks.number(0.1, 10), "largest scale factor of training images")
    color_jitter: float = _field(
        0.3, checks.number(0, 0.99), "range of random changes of brightness, contrast and saturation, 0: none"
    )
    rare_class_crop_prob: float = _field(
        0.0,
        checks.number(0, 1),
        "share of upscaled crops that contain a class drawn uniformly, so that rare ones are seen",
    )
    photometric: float = _field(
        0.0,
        checks.number(0, 1),
        "strength of random gamma, white balance, haze, shadows, blur, noise and erased rectangles, 0: none",
    )
    class_mix_prob: float = _field(
        0.0,
        checks.number(0, 1),
        "share of training images into which half of the classes of another one are pasted (ClassMix)",
    )
    ema_momentum: float = _field(
        0.0,
        checks.number(0, 0.99999),
        "validate and keep an exponential moving average of the weights with this momentum, 0 for none",
    )
    sampled_statistics: bool = _flag(
        False,
        "train the linear layers at the end of SegNet-Basic as one, faster; batch statistics from a sample",
    )
    seed: int = _field(
        0, checks.integer(0, 2**31 - 1), "random seed of initial weights, order and data augmentation"
    )
    deterministic: bool = _flag(False, "the same history on the same machine, at some cost in speed")
    logit_adjustment: bool = _flag(
        False, "after the last epoch, shift the class biases to the best mean IoU on training images"
    )
    monitor: str = _field(
        "mean_iou", checks.one_of(MONITORS), f"validation score that selects weights: {' or '.join(MONITORS)}"
    )
    train_count: int | None = _field(
        None, checks.optional(checks.integer(1, 10**9)), "use only this many training images"
    )
    val_count: int | None = _field(
        None, checks.optional(checks.integer(1, 10**9)), "use only this many validation images"
    )
    in_memory: bool | None = _field(
        None,
        checks.optional(checks.true_or_false),
        "hold all images in memory, or decode them on the fly (default: in memory up to 256 MiB a split); "
        "the numbers are the same",
    )
    cache_dir: str | None = _field(
        None, checks.optional(checks.name_or_path), "folder that keeps decoded and resized images"
    )
    workers: int | None = _field(
        None,
        checks.optional(checks.integer(1, 256)),
        "threads that decode and augment (None: one per core, at most 8)",
    )
    strict: bool = _flag(
        False,
        "refuse images of a folder that are not 8-bit RGB, such as greyscale, instead of converting them",
    )
    lossy_masks: str = _field(
        "refuse",
        checks.one_of(LOSSY_MASKS),
        "masks of a folder with lossy compression: refuse, or take the nearest class of each pixel",
    )
    hold_out: tuple[str, ...] = _field(
        (),
        checks.names,
        "groups of training images, such as CamVid's drive 0006R0, to leave out of training and to validate "
        "on instead of the validation split",
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            value = each.metadata["check"](each.name, getattr(self, each.name))
            object.__setattr__(self, each.name, value)
        self._check_network()
        self._check_teacher()
        self._check_sizes()

    def _check_network(self) -> None:
        """Raise unless the network, its decoder and what is trained of it fit together."""
        catalogue.check_combination(self.network, self.decoder, self.dropout)
        if self.sampled_statistics and not catalogue.has_linear_end(self.network, self.decoder):
            networks = " and ".join(name for name, info in NETWORKS.items() if info.linear_end)
            decoders = ", ".join(name for name, info in DECODERS.items() if info.linear_end)
            raise UserError(
                f"sampled_statistics is for the networks {networks} with one of the decoders {decoders}, "
                f"which end in linear layers, but got network={self.network!r} and decoder={self.decoder!r}. "
                "Omit sampled_statistics."
            )
        if self.logit_adjustment and not catalogue.has_class_bias(self.network, self.decoder):
            raise UserError(
                f"logit_adjustment shifts the biases of a classifier, but network={self.network!r} with "
                f"decoder={self.decoder!r} ends without one. Omit logit_adjustment."
            )

    def _check_teacher(self) -> None:
        """Raise unless the loss can learn probabilities, if there is a teacher."""
        if self.teacher and self.loss not in SOFT_LOSSES:
            raise UserError(
                f"loss={self.loss!r} ranks pixels by their labels, so it cannot learn the probabilities of a "
                f"teacher. Choose one of {', '.join(SOFT_LOSSES)}, or omit teacher."
            )

    def _check_sizes(self) -> None:
        """Raise unless sizes, epochs and scales fit together."""
        if bool(self.final_epochs) != (self.final_size is not None):
            raise UserError(
                f"final_epochs and final_size belong together, but got {self.final_epochs} and "
                f"{self.final_size}. Pass both or neither."
            )
        if self.final_epochs > self.epochs:
            raise UserError(f"final_epochs={self.final_epochs} is above epochs={self.epochs}.")
        if self.scale_min > self.scale_max:
            raise UserError(f"scale_min={self.scale_min} is above scale_max={self.scale_max}. Swap them.")

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON would hold them."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """The configuration that ``to_dict`` came from.

        Raises:
            ValueError: if a field is unknown, or a value is impossible.

        Example:
            >>> TrainConfig.from_dict(TrainConfig(epochs=7).to_dict()).epochs
            7
        """
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise UserError(f"unknown fields: {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
        return cls(**values)
