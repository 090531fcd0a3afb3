"""Small datasets on disk in every layout, written without the package's readers, and what must be read."""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 12, 16
NAMES = ("background", "disc", "square")
COLORS = np.array([(0, 0, 0), (200, 30, 0), (0, 60, 200)], np.uint8)


def image_of(number: int) -> np.ndarray:
    """An RGB image of noise."""
    return np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def boxes_of(number: int) -> list[tuple[int, int, int, int, int]]:
    """Class, left, top, right and bottom (both outside) of two boxes that do not overlap."""
    return [(1, 1 + number % 3, 2, 6, 7), (2, 9, 4 + number % 2, 15, 10)]


def truth_of(number: int) -> np.ndarray:
    """Ids 0, 1 and 2, uint8."""
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    for value, left, top, right, bottom in boxes_of(number):
        ids[top:bottom, left:right] = value
    return ids


def save(path: Path, pixels: np.ndarray | Image.Image, mode: str | None = None, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels))
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def save_image(path: Path, number: int) -> None:
    save(path, image_of(number))


def palette_image(ids: np.ndarray, colors: np.ndarray = COLORS) -> Image.Image:
    picture = Image.fromarray(ids, "P") if False else Image.fromarray(ids)
    picture.putpalette(np.asarray(colors, np.uint8).ravel().tolist())
    return picture


def write_text(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))


@dataclass
class Expected:
    """What must be read.

    Attributes:
        layout: its name.
        splits: number of pairs by split.
        names: names of the classes.
        numbers: number of the scene by the name of the pair.
        ids: from the ids of the scenes to class ids.
    """

    layout: str
    splits: dict[str, int]
    names: tuple[str, ...] = NAMES
    numbers: dict[str, int] = field(default_factory=dict)
    ids: tuple[int, ...] = (0, 1, 2)


SPLITS = {"train": range(4), "val": range(4, 6)}
COUNTS = {"train": 4, "val": 2}
BY_VALUE = ("class 0", "class 1", "class 2")


def _name(number: int) -> str:
    return f"scene{number}"


def _folders(
    root: Path,
    image: str,
    mask: str,
    *,
    draw: Callable[[np.ndarray], np.ndarray | Image.Image] = lambda ids: ids,
    splits: dict[str, range] = SPLITS,
    words: dict[str, str] | None = None,
) -> dict[str, int]:
    """Files by templates of their paths with {split} and {name}."""
    numbers = {}
    for split, own in splits.items():
        for number in own:
            word = (words or {}).get(split, split)
            save_image(root / image.format(split=word, name=_name(number)), number)
            save(root / mask.format(split=word, name=_name(number)), draw(truth_of(number)))
            numbers[_name(number)] = number
    return numbers


def images_masks(root: Path) -> Expected:
    numbers = _folders(root, "images/{name}.png", "masks/{name}.png")
    return Expected("images-masks", {"all": 6}, BY_VALUE, numbers)


def images_labels(root: Path) -> Expected:
    numbers = _folders(root, "images/{name}.jpg", "labels/{name}.png")
    return Expected("images-masks", {"all": 6}, BY_VALUE, numbers)


def images_annotations_lists(root: Path) -> Expected:
    numbers = _folders(root, "imgs/{name}.png", "annotations/{name}.png")
    write_text(root / "train.txt", "scene0\nscene2.png\n")
    write_text(root / "val.txt", "imgs/scene1.png annotations/scene1.png\n")
    return Expected("images-masks", {"train": 2, "val": 1}, BY_VALUE, numbers)


def images_gt(root: Path) -> Expected:
    numbers = _folders(root, "images/{name}.png", "gt/{name}.bmp")
    return Expected("images-masks", {"all": 6}, BY_VALUE, numbers)


def images_targets(root: Path) -> Expected:
    numbers = _folders(root, "input/{name}.png", "target/{name}.tif")
    return Expected("images-masks", {"all": 6}, BY_VALUE, numbers)


def suffixed_masks(root: Path) -> Expected:
    numbers = _folders(root, "images/{name}.jpg", "masks/{name}_mask.gif")
    return Expected("images-masks", {"all": 6}, BY_VALUE, numbers)


def prefixed_masks(root: Path) -> Expected:
    _folders(root, "images/image_{name}.jpg", "masks/mask_{name}.png")
    return Expected("images-masks", {"all": 6}, BY_VALUE, {f"image_scene{n}": n for n in range(6)})


def nested(root: Path) -> Expected:
    """The same names in two folders, so names have their folders."""
    numbers = {}
    for number in range(4):
        city, name = ("bonn", "ulm")[number % 2], f"{number // 2}"
        save_image(root / "images" / city / f"{name}.png", number)
        save(root / "masks" / city / f"{name}.png", truth_of(number))
        numbers[f"images/{city}/{name}"] = number
    return Expected("images-masks", {"all": 4}, BY_VALUE, numbers)


def split_first(root: Path) -> Expected:
    numbers = _folders(root, "{split}/images/{name}.png", "{split}/masks/{name}.png")
    return Expected("split-first", COUNTS, BY_VALUE, numbers)


def split_second(root: Path) -> Expected:
    words = {"train": "training", "val": "validation"}
    numbers = _folders(root, "images/{split}/{name}.jpg", "annotations/{split}/{name}.png", words=words)
    return Expected("split-second", COUNTS, BY_VALUE, numbers)


def split_names(root: Path) -> Expected:
    numbers = _folders(root, "{split}/{name}.jpg", "{split}_masks/{name}_mask.gif")
    return Expected("split-names", COUNTS, BY_VALUE, numbers)


def unlabelled_test(root: Path) -> Expected:
    numbers = _folders(root, "{split}/images/{name}.png", "{split}/masks/{name}.png")
    save_image(root / "test/images/other.png", 99)
    return Expected("split-first", COUNTS, BY_VALUE, numbers)


def segnet(root: Path) -> Expected:
    numbers = _folders(root, "{split}/{name}.png", "{split}annot/{name}.png")
    return Expected("segnet", COUNTS, BY_VALUE, numbers)


def segnet_lists(root: Path) -> Expected:
    numbers = _folders(root, "{split}/{name}.png", "{split}annot/{name}.png")
    for split, own in SPLITS.items():
        lines = [f"/SegNet/CamVid/{split}/scene{n}.png /SegNet/CamVid/{split}annot/scene{n}.png" for n in own]
        write_text(root / f"{split}.txt", "\r\n".join(lines[:3]) + "\r\n")
    return Expected("segnet", {"train": 3, "val": 2}, BY_VALUE, numbers)


def camvid_kaggle(root: Path) -> Expected:
    rows = [f"{name},{r},{g},{b}" for name, (r, g, b) in zip(NAMES, COLORS, strict=True)]
    write_text(root / "class_dict.csv", "\n".join(["name,r,g,b", *rows, "Void,9,9,9", ""]))
    splits = {**SPLITS, "test": range(6, 7)}
    numbers = _folders(
        root, "{split}/{name}.png", "{split}_labels/{name}_L.png", draw=lambda ids: COLORS[ids], splits=splits
    )
    return Expected("camvid-kaggle", {**COUNTS, "test": 1}, NAMES, numbers)


def fastai(root: Path) -> Expected:
    numbers = _folders(root, "images/{name}.png", "labels/{name}_P.png")
    write_text(root / "codes.txt", "\n".join([*NAMES, "Void"]))
    write_text(root / "valid.txt", "scene1.png\nscene3.png\n")
    return Expected("fastai", {"train": 4, "val": 2}, NAMES, numbers)


def voc(root: Path) -> Expected:
    """Pascal VOC: a palette, 255 at borders, classes by number."""
    colors = np.zeros((256, 3), np.uint8)
    colors[[7, 15, 255]] = (128, 128, 128), (192, 128, 128), (224, 224, 192)
    numbers = {}
    for number in range(6):
        save(root / "JPEGImages" / f"{_name(number)}.jpg", image_of(number))
        ids = np.array([0, 7, 15], np.uint8)[truth_of(number)]
        save(root / "SegmentationClass" / f"{_name(number)}.png", palette_image(ids, colors))
        numbers[_name(number)] = number
    save_image(root / "JPEGImages/unlabelled.jpg", 50)
    write_text(root / "ImageSets/Segmentation/train.txt", "scene0\nscene1\nscene2\n")
    write_text(root / "ImageSets/Segmentation/val.txt", "scene3\n")
    write_text(root / "ImageSets/Segmentation/trainval.txt", "scene0\nscene1\nscene2\nscene3\n")
    from segnet_nb.datasets.layouts.voc import VOC_NAMES

    return Expected("voc", {"train": 3, "val": 1}, VOC_NAMES, numbers, ids=(0, 7, 15))


def cvat(root: Path) -> Expected:
    numbers = _folders(
        root, "JPEGImages/{name}.jpg", "SegmentationClass/{name}.png", draw=lambda ids: COLORS[ids]
    )
    rows = [f"{name}:{r},{g},{b}::" for name, (r, g, b) in zip(NAMES, COLORS, strict=True)]
    write_text(root / "labelmap.txt", "\n".join(["# label:color_rgb:parts:actions", *rows, ""]))
    write_text(root / "ImageSets/Segmentation/default.txt", "\n".join(numbers))
    return Expected("voc", {"all": 6}, NAMES, numbers)


def cityscapes(root: Path) -> Expected:
    """Ids 7 (road), 26 (car) and 33 (bicycle), which are classes 0, 13 and 18 of the 19."""
    numbers = {}
    for split, own in SPLITS.items():
        for number in own:
            stem = f"ulm_{number:06}_000019"
            save_image(root / f"leftImg8bit/{split}/ulm/{stem}_leftImg8bit.png", number)
            ids = np.array([7, 26, 33], np.uint8)[truth_of(number)]
            save(root / f"gtFine/{split}/ulm/{stem}_gtFine_labelIds.png", ids)
            save(root / f"gtFine/{split}/ulm/{stem}_gtFine_color.png", COLORS[truth_of(number)])
            numbers[stem] = number
    from segnet_nb.datasets.layouts.cityscapes import CLASSES

    return Expected("cityscapes", COUNTS, tuple(name for _, name, _ in CLASSES), numbers, ids=(0, 13, 18))


def coco(root: Path) -> Expected:
    """Polygons in one split, run lengths in the other; ids of categories with gaps."""
    numbers = {}
    for split, own in SPLITS.items():
        images, annotations = [], []
        for number in own:
            save_image(root / f"{split}2017/{_name(number)}.jpg", number)
            numbers[_name(number)] = number
            images.append(
                {"id": 100 + number, "file_name": f"{_name(number)}.jpg", "height": HEIGHT, "width": WIDTH}
            )
            for value, left, top, right, bottom in boxes_of(number):
                polygon = [left, top, right, top, right, bottom, left, bottom]
                mask = truth_of(number) == value
                segmentation = [polygon] if split == "train" else _run_lengths(mask)
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": 100 + number,
                        "category_id": (18, 44)[value - 1],
                        "segmentation": segmentation,
                        "iscrowd": int(split == "val"),
                        "area": int(mask.sum()),
                        "bbox": [left, top, right - left, bottom - top],
                    }
                )
        categories = [{"id": 44, "name": "square"}, {"id": 18, "name": "disc"}]
        content = {"images": images, "annotations": annotations, "categories": categories}
        write_text(root / f"annotations/instances_{split}2017.json", json.dumps(content))
        captions = {"images": images, "annotations": [{"image_id": 100, "caption": "a scene"}]}
        write_text(root / f"annotations/captions_{split}2017.json", json.dumps(captions))
    return Expected("coco", COUNTS, NAMES, numbers)


def _run_lengths(mask: np.ndarray) -> dict:
    """COCO's run lengths: of zeros and ones in turn, column by column."""
    counts, value, run = [], 0, 0
    for pixel in mask.ravel(order="F").astype(int).tolist():
        if pixel != value:
            counts.append(run)
            value, run = pixel, 0
        run += 1
    return {"size": [HEIGHT, WIDTH], "counts": [*counts, run]}


def roboflow_coco(root: Path) -> Expected:
    numbers = {}
    for split, word in (("train", "train"), ("val", "valid")):
        images, annotations = [], []
        for number in SPLITS[split]:
            name = f"{_name(number)}_jpg.rf.0a1b{number}"
            save_image(root / word / f"{name}.jpg", number)
            numbers[name] = number
            images.append({"id": number, "file_name": f"{name}.jpg", "height": HEIGHT, "width": WIDTH})
            for value, left, top, right, bottom in boxes_of(number):
                polygon = [left, top, right, top, right, bottom, left, bottom]
                annotations.append({"image_id": number, "category_id": value, "segmentation": [polygon]})
        categories = [{"id": 0, "name": "shapes", "supercategory": "none"}]
        categories += [{"id": n, "name": NAMES[n], "supercategory": "shapes"} for n in (1, 2)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        write_text(root / word / "_annotations.coco.json", json.dumps(content))
    return Expected("coco", COUNTS, NAMES, numbers)


def labelme(root: Path) -> Expected:
    """A polygon and a rectangle per image; Pillow draws their right and lower borders too."""
    numbers = {}
    for number in range(6):
        save_image(root / f"{_name(number)}.jpg", number)
        (_, left, top, right, bottom), (_, x0, y0, x1, y1) = boxes_of(number)
        corners = [[left, top], [right - 1, top], [right - 1, bottom - 1], [left, bottom - 1]]
        shapes = [
            {"label": "disc", "points": corners, "shape_type": "polygon"},
            {"label": "square", "points": [[x1 - 1, y1 - 1], [x0, y0]], "shape_type": "rectangle"},
            {"label": "disc", "points": [[0, 0]], "shape_type": "point"},
        ]
        content = {"imagePath": f"{_name(number)}.jpg", "imageHeight": HEIGHT, "imageWidth": WIDTH}
        write_text(root / f"{_name(number)}.json", json.dumps({**content, "shapes": shapes}))
        numbers[_name(number)] = number
    return Expected("labelme", {"all": 6}, NAMES, numbers)


def labelme_folders(root: Path) -> Expected:
    """JSON files in a folder of their own, with paths of Windows to the images, and labels.txt."""
    labelme(root / "flat")
    numbers = {}
    for number in range(6):
        save_image(root / "images" / f"{_name(number)}.png", number)
        content = json.loads((root / "flat" / f"{_name(number)}.json").read_text())
        content["imagePath"] = f"..\\images\\{_name(number)}.png"
        write_text(root / "labels" / f"{_name(number)}.json", json.dumps(content), "utf-8-sig")
        numbers[_name(number)] = number
    write_text(root / "labels.txt", "__ignore__\n_background_\nsquare\ndisc\n")
    for path in (root / "flat").iterdir():
        path.unlink()
    (root / "flat").rmdir()
    return Expected("labelme", {"all": 6}, ("background", "square", "disc"), numbers, ids=(0, 2, 1))


def roboflow_masks(root: Path) -> Expected:
    numbers = {}
    for split, word in (("train", "train"), ("val", "valid")):
        for number in SPLITS[split]:
            name = f"{_name(number)}_png.rf.0a1b{number}"
            save_image(root / word / f"{name}.jpg", number)
            save(root / word / f"{name}_mask.png", truth_of(number))
            numbers[name] = number
        write_text(root / word / "_classes.csv", "Pixel Value, Class\n0, unlabeled\n1, disc\n2, square\n")
    return Expected("roboflow", COUNTS, NAMES, numbers)


def supervisely(root: Path) -> Expected:
    """A polygon and a bitmap per image."""
    classes = [
        {"title": "disc", "shape": "polygon", "color": "#C81E00"},
        {"title": "square", "shape": "bitmap", "color": "#003CC8"},
        {"title": "tip", "shape": "point", "color": "#FFFFFF"},
    ]
    write_text(root / "meta.json", json.dumps({"classes": classes, "tags": []}))
    numbers = {}
    for split, own in SPLITS.items():
        for number in own:
            name = f"{_name(number)}.jpg"
            save_image(root / split / "img" / name, number)
            (_, left, top, right, bottom), (_, x0, y0, x1, y1) = boxes_of(number)
            corners = [[left, top], [right - 1, top], [right - 1, bottom - 1], [left, bottom - 1]]
            packed = io.BytesIO()
            Image.fromarray(np.full((y1 - y0, x1 - x0), True)).save(packed, "PNG")
            data = base64.b64encode(zlib.compress(packed.getvalue())).decode()
            objects = [
                {
                    "classTitle": "disc",
                    "geometryType": "polygon",
                    "points": {"exterior": corners, "interior": []},
                },
                {
                    "classTitle": "square",
                    "geometryType": "bitmap",
                    "bitmap": {"data": data, "origin": [x0, y0]},
                },
            ]
            content = {"size": {"height": HEIGHT, "width": WIDTH}, "objects": objects}
            write_text(root / split / "ann" / f"{name}.json", json.dumps(content))
            numbers[_name(number)] = number
    return Expected("supervisely", COUNTS, NAMES, numbers)


def supervisely_masks(root: Path) -> Expected:
    numbers = _folders(root, "ds0/img/{name}.jpg", "ds0/masks_machine/{name}.jpg.png")
    _folders(root, "ds0/img/{name}.jpg", "ds0/masks_human/{name}.jpg.png", draw=lambda ids: COLORS[ids])
    content = {"disc": [1, 1, 1], "square": [2, 2, 2]}
    write_text(root / "obj_class_to_machine_color.json", json.dumps(content))
    return Expected("supervisely", {"all": 6}, NAMES, numbers)


def beside(root: Path) -> Expected:
    numbers = _folders(root, "{name}.png", "{name}_label.png")
    return Expected("beside", {"all": 6}, BY_VALUE, numbers)


def beside_splits(root: Path) -> Expected:
    numbers = _folders(root, "{split}/{name}_sat.jpg", "{split}/{name}_mask.png")
    return Expected("beside", COUNTS, BY_VALUE, {f"{name}_sat": n for name, n in numbers.items()})


def beside_endings(root: Path) -> Expected:
    numbers = _folders(root, "{name}.jpg", "{name}.png")
    return Expected("beside", {"all": 6}, BY_VALUE, numbers)


def one_folder_in(root: Path) -> Expected:
    """An archive that was unpacked into a folder of its own."""
    numbers = _folders(root / "CamVid", "{split}/images/{name}.png", "{split}/masks/{name}.png")
    return Expected("split-first", COUNTS, BY_VALUE, numbers)


def voc_in_its_archive(root: Path) -> Expected:
    return voc(root / "VOCdevkit" / "VOC2012")


def beside_in_folders(root: Path) -> Expected:
    """One folder per patient."""
    numbers = {}
    for number in range(6):
        stem = f"TCGA_{number % 3}_{number}"
        save_image(root / f"kaggle_3m/TCGA_{number % 3}/{stem}.tif", number)
        save(root / f"kaggle_3m/TCGA_{number % 3}/{stem}_mask.tif", truth_of(number))
        numbers[stem] = number
    return Expected("beside", {"all": 6}, BY_VALUE, numbers)


def ade20k(root: Path) -> Expected:
    numbers = {}
    for split, word in (("train", "training"), ("val", "validation")):
        for number in SPLITS[split]:
            save_image(root / f"ADE/images/{word}/{_name(number)}.jpg", number)
            save(root / f"ADE/annotations/{word}/{_name(number)}.png", truth_of(number))
            numbers[_name(number)] = number
    return Expected("split-second", COUNTS, BY_VALUE, numbers)


def isic(root: Path) -> Expected:
    start = "ISIC2018_Task1_Training"
    numbers = _folders(root, start + "_Input/{name}.jpg", start + "_GroundTruth/{name}_segmentation.png")
    splits = {"train": 6}
    return Expected("split-names", splits, BY_VALUE, numbers)


WRITERS: tuple[Callable[[Path], Expected], ...] = (
    *(images_masks, images_labels, images_annotations_lists, images_gt, images_targets, suffixed_masks),
    *(prefixed_masks, nested, split_first, split_second, split_names, unlabelled_test, segnet, segnet_lists),
    *(camvid_kaggle, fastai, voc, cvat, cityscapes, coco, roboflow_coco, labelme, labelme_folders),
    *(roboflow_masks, supervisely, supervisely_masks, beside, beside_splits, beside_endings, one_folder_in),
    *(voc_in_its_archive, beside_in_folders, ade20k, isic),
)
for _end in ("_mask", "_masks", "_label", "_labels", "_L", "_P", "_gt", "_seg"):

    def _suffixed(root: Path, end: str = _end) -> Expected:
        numbers = _folders(root, "images/{name}.jpg", "masks/{name}" + end + ".png")
        return Expected("images-masks", {"all": 6}, BY_VALUE, numbers)

    _suffixed.__name__ = f"suffix{_end}"
    WRITERS = (*WRITERS, _suffixed)
