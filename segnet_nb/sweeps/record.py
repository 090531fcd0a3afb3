"""What a notebook contributes to the gallery of its sweep."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList

MIME = "application/vnd.segnet-nb.record+json"
VOID = 255


def record(
    *,
    scores: Mapping[str, float | None] | None = None,
    class_scores: Mapping[str, Mapping[str, float | None]] | None = None,
    history: Sequence[Mapping[str, float]] | None = None,
    classes: ClassList | None = None,
    images: Sequence[np.ndarray] = (),
    truth: Sequence[np.ndarray] = (),
    masks: Sequence[np.ndarray] = (),
    names: Sequence[str] | None = None,
) -> None:
    """Show scores, curves and predictions of this notebook in the gallery of a sweep.

    It displays one output, from which the sweep reads them. Outside a sweep it does no harm.

    Args:
        scores: by name, such as ``mean_iou``, each in 0..1 or None.
        class_scores: by metric and class, such as ``{"iou": {"Road": 0.9}}``, in 0..1 or None.
        history: one mapping an epoch, such as ``{"epoch": 1, "loss": 0.9, "mean_iou": 0.4}``.
        classes: names and colours of the ids.
        images: uint8 in 0..255, RGB, each ``(height, width, 3)``.
        truth: ground truth of the images, ids, each ``(height, width)``; ``classes.void_id`` is void.
        masks: predicted ids of the images, each ``(height, width)``.
        names: of the images; None: 0001, 0002 and so on.

    Raises:
        ValueError: if a score is not in 0..1, or images and masks do not belong together.

    Example:
        >>> record(scores={"mean_iou": 0.5})
        Recorded for the sweep: mean_iou 0.500
    """
    from IPython.core.getipython import get_ipython

    content = contents(
        scores=scores, class_scores=class_scores, history=history, classes=classes,
        images=images, truth=truth, masks=masks, names=names,
    )  # fmt: skip
    parts = [f"{name} {value:.3f}" for name, value in content["scores"].items() if value is not None]
    parts += [f"{len(masks)} predictions"] if len(masks) else []
    text = f"Recorded for the sweep: {', '.join(parts) or 'no scores'}"
    if get_ipython() is None:
        print(text)
        return
    from IPython.display import display

    display({MIME: content, "text/plain": text}, raw=True)


def contents(
    *,
    scores: Mapping[str, float | None] | None = None,
    class_scores: Mapping[str, Mapping[str, float | None]] | None = None,
    history: Sequence[Mapping[str, float]] | None = None,
    classes: ClassList | None = None,
    images: Sequence[np.ndarray] = (),
    truth: Sequence[np.ndarray] = (),
    masks: Sequence[np.ndarray] = (),
    names: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The output of ``record`` as JSON holds it; pictures are PNG files in Base64.

    Raises:
        ValueError: as ``record``.
    """
    names = [f"{number:04d}" for number in range(1, len(images) + 1)] if names is None else list(names)
    if not len(images) == len(masks) == len(names) or len(truth) not in (0, len(images)):
        raise UserError(
            f"every image needs one mask and one name, and truth is for all or none, but got {len(images)} "
            f"images, {len(masks)} masks, {len(names)} names and {len(truth)} of truth. Pass as many of each."
        )
    pictures = []
    for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
        image = _image(image)
        entry = {
            "image": hashlib.sha256(image.tobytes()).hexdigest()[:16],
            "name": str(names[number]),
            "pixels": _png(image),
            "mask": _png(_ids(mask, image.shape[:2], classes)),
        }
        if len(truth):
            entry["truth"] = _png(_ids(truth[number], image.shape[:2], classes))
        pictures.append(entry)
    return {
        "scores": {str(name): _score(name, value) for name, value in (scores or {}).items()},
        "class_scores": {
            str(metric): {str(name): _score(name, value) for name, value in values.items()}
            for metric, values in (class_scores or {}).items()
        },
        "history": [{name: _finite(value) for name, value in epoch.items()} for epoch in history or ()],
        "classes": classes and {
            "names": list(classes.names),
            "colors": [list(map(int, color)) for color in classes.colors],
        },
        "pictures": pictures,
    }  # fmt: skip


def _score(name: str, value: Any) -> float | None:
    number = _finite(value)
    if number is not None and not 0 <= number <= 1:
        raise UserError(f"the score {name} must be in 0..1, got {value!r}. Divide percentages by 100.")
    return number


def _finite(value: Any) -> float | None:
    if value is None or not np.isfinite(value):
        return None
    return int(value) if isinstance(value, int | np.integer) else float(value)


def _image(image: Any) -> np.ndarray:
    array = np.ascontiguousarray(image)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise UserError(
            f"images must be uint8 (height, width, 3), got {array.dtype} {array.shape}. Convert them."
        )
    return array


def _ids(mask: Any, size: tuple[int, ...], classes: ClassList | None) -> np.ndarray:
    array = np.asarray(mask)
    if array.shape != tuple(size) or not np.issubdtype(array.dtype, np.integer):
        raise UserError(
            f"masks must hold integers of the size {size} of their image, got {array.dtype} {array.shape}. "
            "Pass ids of classes."
        )
    count = VOID if classes is None else classes.num_classes
    return np.where((array < 0) | (array >= count), VOID, array).astype(np.uint8)


def _png(array: np.ndarray) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def jpeg_of(png: str) -> bytes:
    """A picture of a record, PNG in Base64, as the JPEG that the runs of a sweep share."""
    from PIL import Image

    file = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB").save(file, "JPEG", quality=92)
    return file.getvalue()
