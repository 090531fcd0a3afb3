"""The words that names of folders and files are made of: what holds images, masks and splits."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IMAGES = {
    *("images", "image", "imgs", "img", "photos", "photo", "pictures", "picture", "pics", "jpegimages"),
    *("pngimages", "input", "inputs", "rgb", "frames", "frame", "original", "originals", "scans"),
}
_MASKS = {
    *("masks", "mask", "labels", "label", "annotations", "annotation", "annots", "annot", "anns", "ann"),
    *("gt", "gts", "groundtruth", "truth", "targets", "target", "segmentation", "segmentations"),
    *("segmentationclass", "seg", "segs", "semantic", "trimaps", "trimap", "labelled", "labeled"),
    *("labelids", "labeltrainids"),
}
_SPLITS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
_PLAIN = {"png", "jpg", "jpeg", "tif", "tiff", "dir", "raw", "full", "data", "dataset", "set", "files", "the"}
_JOINED = re.compile(
    r"(train|val|valid|test)"
    r"(annots?|annotations?|images?|imgs?|masks?|labels?|gts?|segs?|groundtruth|targets?)"
)

MASK_SUFFIXES = (
    *("_mask", "_masks", "_label", "_labels", "_L", "_P", "_gt", "_seg", "-mask", "-masks", "-label", "-gt"),
    *("-seg", ".mask", ".label", ".seg", "_segmentation", "_segmented", "_annotation", "_groundtruth"),
    *("_ground_truth", "_target", "_trimap", "_labelIds", "_gtFine_labelIds", " mask", "_GT", "_manual"),
)
"""What the name of a mask may end with, after that of its image."""

IMAGE_ENDS = ("_image", "_img", "_sat", "_rgb", "_leftImg8bit", "-image", "_input", "_photo")
"""What the name of an image may end with, in place of the end of its mask."""

MASK_PREFIXES = (
    "mask_",
    "masks_",
    "label_",
    "gt_",
    "seg_",
    "annotation_",
    "target_",
    "mask-",
    "mask",
    "label",
)
IMAGE_PREFIXES = ("image_", "images_", "img_", "photo_", "input_", "image-", "img-", "image", "img")


@dataclass(frozen=True)
class FolderWords:
    """What the path of a folder says.

    Attributes:
        split: ``"train"``, ``"val"``, ``"test"`` or None.
        role: ``"masks"``, ``"images"`` or None.
        rest: the other words, by which folders of images and of masks are matched.
        split_first: whether the split is in an earlier folder than the role.
    """

    split: str | None
    role: str | None
    rest: tuple[str, ...]
    split_first: bool | None


def words_of(folder: str) -> FolderWords:
    """Read the path of a folder relative to its dataset.

    Example:
        >>> words_of("train_labels")
        FolderWords(split='train', role='masks', rest=(), split_first=None)
        >>> words_of("images/val/berlin").rest
        ('berlin',)
    """
    split = role = None
    split_at = role_at = -1
    rest: list[str] = []
    for at, part in enumerate(folder.split("/") if folder else ()):
        words = _tokens(part)
        found = next((_SPLITS[word] for word in words if word in _SPLITS), None)
        if found and split is None:
            split, split_at = found, at
        kind = "masks" if _MASKS & set(words) else "images" if _IMAGES & set(words) else None
        if kind and role != "masks":
            role, role_at = kind, at
        left = [w for w in words if w not in _SPLITS and w not in _IMAGES | _MASKS | _PLAIN]
        kept = [word for word in left if not re.fullmatch(r"\d{1,4}", word)] if found or kind else words
        rest += [" ".join(kept)] if kept and not (len(words) == 1 and words[0] in _PLAIN) else []
    both = split_at >= 0 and role_at >= 0 and split_at != role_at
    return FolderWords(split, role, tuple(rest), split_at < role_at if both else None)


def split_of(text: str) -> str | None:
    """The split that a name contains as a word.

    Example:
        >>> split_of("instances_train2017"), split_of("trainer")
        ('train', None)
    """
    return next((_SPLITS[word] for word in _tokens(text) if word in _SPLITS), None)


def _tokens(part: str) -> list[str]:
    """The words of a name in lower case; ``trainannot`` and ``train2017`` are taken apart."""
    spaced = re.sub(r"([a-z])([A-Z][a-z])", r"\1 \2", part) if not part.islower() else part
    words: list[str] = []
    for joined in re.findall(r"[^\W_]+", part.casefold()):
        if match := _JOINED.fullmatch(joined):
            words += match.groups()
        elif match := re.fullmatch(r"([^\W\d_]+)(\d{1,4})", joined):
            known = match[1] in _SPLITS or match[1] in _IMAGES | _MASKS
            words += match.groups() if known else [joined]
        else:
            words.append(joined)
    if not ({*_SPLITS} | _IMAGES | _MASKS) & set(words):
        again = [word for word in re.findall(r"[^\W_]+", spaced.casefold()) if word]
        if ({*_SPLITS} | _IMAGES | _MASKS) & set(again):
            return again
    return words
