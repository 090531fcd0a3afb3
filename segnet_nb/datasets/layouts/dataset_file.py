"""``dataset.json``: a reading that is pinned, and can be edited."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.files import write_whole
from segnet_nb.datasets.layouts import coco
from segnet_nb.datasets.layouts.declared import Declared, declared_from
from segnet_nb.datasets.layouts.pairs import UNSPLIT, LeftOut, MaskSource, Pair
from segnet_nb.datasets.layouts.reading import DATASET_FILE, Reading
from segnet_nb.datasets.layouts.shapes import CocoMask, LabelMeMask, SuperviselyMask
from segnet_nb.datasets.layouts.text_files import read_json
from segnet_nb.datasets.mask_encoding import FolderError
from segnet_nb.datasets.names import SPLITS

VERSION = 1
_CLASS_KEYS = ("classes", "void", "colors", "kind")


def is_pinned(path: Path) -> bool:
    """Whether a file named dataset.json is one of this package."""
    try:
        return "segnet_nb_dataset" in read_json(path)
    except (FolderError, TypeError):
        return True  # so that the error about it is shown


def write_dataset_file(
    reading: Reading, declared: Declared, path: Path | None = None, *, lossy_masks: str = "refuse"
) -> Path:
    """Write a reading to ``dataset.json``.

    Args:
        reading: what was read.
        declared: the classes, declared or inferred.
        path: the file to write; None: ``dataset.json`` in the folder of the dataset.
        lossy_masks: what to do with masks with lossy compression.

    Returns:
        The path of the file.

    Raises:
        ValueError: if the file exists: it may have been edited.
    """
    path = path or reading.root / DATASET_FILE
    if path.exists():
        raise UserError(f"{path} exists, and may have been edited. Delete it first, or pass --output FILE.")
    head: dict[str, Any] = {"segnet_nb_dataset": VERSION, "layout": reading.layout}
    head["structure"] = reading.structure
    if path.resolve().parent != reading.root.resolve():
        head["root"] = Path(os.path.relpath(reading.root.resolve(), path.resolve().parent)).as_posix()
    head |= {"classes_from": declared.source, **declared.to_dict(), "lossy_masks": lossy_masks}
    if numbers := _numbers_of(reading):
        head["drawn"] = numbers
    head["left_out"] = [{"what": each.what, "why": each.why} for each in reading.left_out]
    head["notes"] = list(reading.notes)
    splits = {split: [_entry(pair, reading.root) for pair in own] for split, own in reading.splits.items()}
    write_whole(path, _formatted(head, splits))
    return path


def _numbers_of(reading: Reading) -> dict[str, int]:
    """What each label of drawn masks is drawn as."""
    masks = [pair.mask for pair in reading.pairs[:1] if not isinstance(pair.mask, Path)]
    if masks and isinstance(masks[0], LabelMeMask | SuperviselyMask):
        return dict(masks[0].numbers)
    if masks and reading.declared:
        return {e.name: v for e in reading.declared.entries for v in e.values if isinstance(v, int)}
    return {}


def _entry(pair: Pair, root: Path) -> dict[str, str]:
    mask = _relative(pair.mask, root) if isinstance(pair.mask, Path) else pair.mask.to_text(root)
    return {"name": pair.name, "image": _relative(pair.image, root), "mask": mask}


def _relative(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _formatted(head: Mapping[str, Any], splits: Mapping[str, list[dict[str, str]]]) -> str:
    """JSON with one line per pair."""
    lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
    parts = []
    for split, own in splits.items():
        rows = ",\n".join(f"   {json.dumps(each, ensure_ascii=False)}" for each in own)
        parts.append(f"  {json.dumps(split)}: [\n{rows}\n  ]")
    return "\n".join(["{", *lines, ' "splits": {', ",\n".join(parts), " }", "}", ""])


def read_dataset_file(path: Path) -> Reading:
    """The reading that a ``dataset.json`` pins.

    Raises:
        FolderError: if it is invalid, or a file that it names does not exist.
    """
    content = read_json(path)
    try:
        root = (path.parent / content.get("root", "")).resolve() if "root" in content else path.parent
        classes = {key: content[key] for key in _CLASS_KEYS if key in content}
        numbers = {str(name): int(number) for name, number in content.get("drawn", {}).items()}
        splits = {
            str(split): tuple(_pairs(own, root, path, numbers)) for split, own in content["splits"].items()
        }
        left = tuple(LeftOut(str(each["what"]), str(each["why"])) for each in content.get("left_out", ()))
        texts = {key: str(content.get(key, "")) for key in ("layout", "structure", "classes_from")}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, FolderError):
            raise
        raise FolderError(
            f"{path} is not a valid {DATASET_FILE} ({error!r}). `segnet-nb data inspect FOLDER --write` "
            "writes "
            "one to start from."
        ) from error
    if unknown := sorted(set(splits) - {*SPLITS, UNSPLIT}):
        raise FolderError(f"{path} has the split {unknown[0]!r}, but splits are train, val and test, or all.")
    source = texts["classes_from"]
    return Reading(
        root,
        texts["layout"],
        texts["structure"],
        splits,
        declared_from(classes, path, source if source else path.name),
        lossy_masks=str(content.get("lossy_masks", "refuse")),
        left_out=left,
        notes=(*map(str, content.get("notes", ())), f"pinned by {path.name}"),
    )


def _pairs(entries: list[Any], root: Path, path: Path, numbers: Mapping[str, int]) -> list[Pair]:
    indexes: dict[Path, Callable[[str], CocoMask]] = {}
    found = []
    for entry in entries:
        image = root / entry["image"]
        mask = _mask(str(entry["mask"]), root, dict(numbers), indexes)
        needed = [image, mask if isinstance(mask, Path) else mask.path]
        if gone := [each for each in needed if not each.is_file()]:
            raise FolderError(
                f"{path} names {gone[0]}, which does not exist. Correct the file, or write it again."
            )
        found.append(Pair(str(entry.get("name") or image.stem), image, mask))
    if not found:
        raise FolderError(f"{path} has a split without pairs. Remove it, or add pairs.")
    return found


def _mask(
    text: str, root: Path, numbers: dict[str, int], indexes: dict[Path, Callable[[str], CocoMask]]
) -> Path | MaskSource:
    kind, _, rest = text.partition(":")
    if kind == "labelme":
        return LabelMeMask(root / rest, numbers)
    if kind == "supervisely":
        return SuperviselyMask(root / rest, numbers)
    if kind == "coco":
        name, _, image_id = rest.rpartition("#")
        if root / name not in indexes:
            indexes[root / name] = _coco_index(root / name, numbers)
        return indexes[root / name](image_id)
    return root / text


def _coco_index(path: Path, numbers: Mapping[str, int]) -> Callable[[str], CocoMask]:
    content = coco.load_file(path)
    names = {key: name for key, name in coco.category_names(content).items() if name in numbers}
    areas, _ = coco.areas_of(content, names, numbers)
    entries = {str(entry["id"]): entry for entry in content["images"]}

    def find(image_id: str) -> CocoMask:
        if image_id not in entries:
            raise FolderError(f"{path} has no image with the id {image_id}. Correct {DATASET_FILE}.")
        return coco.mask_of(entries[image_id], path, areas)

    return find
