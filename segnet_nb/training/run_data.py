"""Whether the data of a run that is resumed are still those that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import LabelledImages
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.run_files import BEST
from segnet_nb.training.run import Run

_SHOWN = 3


def names_of(train_data: LabelledImages, val_data: LabelledImages) -> dict[str, list[str]]:
    """The names of all images, as the record of a run keeps them."""
    return {"training": list(train_data.names), "validation": list(val_data.names)}


def check_unchanged(run: Run, train_data: LabelledImages, val_data: LabelledImages) -> None:
    """Raise if a run has completed epochs on other classes or other images.

    Raises:
        ValueError: with what changed and what to do; nothing has been written then.
    """
    if not run.history:
        return
    changes = [] if run.classes is None else class_changes(run.classes, train_data.classes)
    for what, names in names_of(train_data, val_data).items():
        if what in run.images:
            changes += _image_changes(what, run.images[what], names)
    if changes:
        raise UserError(
            f"the data of the run in {run.directory} changed: {'; '.join(changes)}. Restore the data to "
            "resume, or start a new run in another directory with "
            f"initial_weights={str(run.directory / BEST)!r}."
        )


def class_changes(before: ClassList, now: ClassList) -> list[str]:
    """What differs between two lists of classes, in words.

    Example:
        >>> one = ClassList(("a", "b"), ((1, 1, 1), (2, 2, 2), (0, 0, 0)))
        >>> two = ClassList(("b", "a"), ((1, 1, 1), (2, 2, 2), (0, 0, 0)))
        >>> class_changes(one, two)
        ["the order of the classes was 'a', 'b', now 'b', 'a'"]
    """
    old, new = (", ".join(map(repr, classes.names)) for classes in (before, now))
    if before.num_classes != now.num_classes:
        return [f"there were {before.num_classes} classes ({old}), now {now.num_classes} ({new})"]
    if before.names != now.names:
        what = "order" if sorted(before.names) == sorted(now.names) else "names"
        return [f"the {what} of the classes {'was' if what == 'order' else 'were'} {old}, now {new}"]
    recolored = [
        f"{name!r} was {old_color}, now {new_color}"
        for name, old_color, new_color in zip((*now.names, "void"), before.colors, now.colors, strict=True)
        if old_color != new_color
    ]
    return [f"colours: {', '.join(recolored)}"] if recolored else []


def _image_changes(what: str, before: Sequence[str], now: Sequence[str]) -> list[str]:
    old, new = set(before), set(now)
    changes = []
    for names, done in ((new - old, "added"), (old - new, "removed")):
        if names:
            shown = sorted(names)[:_SHOWN]
            more = ", ..." if len(names) > _SHOWN else ""
            changes.append(f"{what} images {done}: {len(names)} ({', '.join(shown)}{more})")
    if not changes and list(before) != list(now):
        changes.append(f"the order of the {what} images")
    return changes
