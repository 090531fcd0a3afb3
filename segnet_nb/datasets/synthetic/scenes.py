"""Synthetic road scenes with labels, without a download.

A scene is a street with a camera in it. Its layout is derived from a seed in units independent of the
image size, so that a scene looks the same at every size. Objects are drawn from far to near, into the
image and into the labels, at twice the size; then the image is averaged (antialiasing), and the labels
are subsampled, which keeps them sharp.

The colours of the classes overlap on purpose: walls are as grey as the road, cars as green as trees,
clothes have any colour, so that a model must use shape and position.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from random import Random

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import CAMVID
from segnet_nb.datasets.names import SPLITS, check_request
from segnet_nb.datasets.streaming import StreamedDataset, provide
from segnet_nb.datasets.synthetic.canvas import (
    FRAME_HEIGHT,
    FRAME_WIDTH,
    OVERSAMPLING,
    Camera,
    Canvas,
    Weather,
    mix,
    pick,
)
from segnet_nb.datasets.synthetic.cars import bonnet
from segnet_nb.datasets.synthetic.street import Street

IMAGE_SIZE = (180, 240)
COUNTS = {"train": 240, "val": 60, "test": 60}
SMALLEST = 16  # pixels; smaller images show no recognisable street

# Amplitude of the surface texture by class id: fine grain of one or two pixels, and larger patches.
GRAINS = np.array((0.0, 0.05, 0.03, 0.04, 0.05, 0.2, 0.02, 0.06, 0.02, 0.04, 0.04, 0.03), np.float32)
PATCHES = np.array((0.0, 0.05, 0.03, 0.04, 0.05, 0.1, 0.02, 0.05, 0.02, 0.03, 0.03, 0.03), np.float32)


def load(
    split: str,
    *,
    image_size: tuple[int, int] | None = None,
    count: int | None = None,
    seed: int = 0,
    in_memory: bool | None = None,
    workers: int | None = None,
) -> Dataset | StreamedDataset:
    """Generate the synthetic road scenes of one split, with the 11 CamVid classes and void as 11.

    A scene depends only on the seed, the split and its index: a smaller ``count`` returns the first
    scenes of a larger one, and another image size shows the same streets. The splits are disjoint.

    Args:
        split: ``"train"``, ``"val"`` or ``"test"``.
        image_size: ``(height, width)`` in pixels, each at least 16. None: 180 x 240.
        count: number of scenes. None: 240 for train, 60 for val and test.
        seed: 0 or more; another seed generates other scenes.
        in_memory: see ``segnet_nb.datasets.load``; streamed scenes are drawn whenever they are used.
        workers: number of threads; None: one per core, at most 8.

    Returns:
        A ``Dataset``, or a ``StreamedDataset`` with the same pixels: ``images`` uint8 in 0..255 of
        shape ``(count, height, width, 3)``, ``labels``
        uint8 in 0..11 of shape ``(count, height, width)``.

    Raises:
        ValueError: if the split is unknown, or the size, the count or the seed is invalid.

    Example:
        >>> data = load("val", image_size=(45, 60), count=2)
        >>> data.images.shape, data.labels.shape, data.names
        ((2, 45, 60, 3), (2, 45, 60), ('scene_0000', 'scene_0001'))
    """
    check_request("synthetic", split)
    height, width = _checked_size(IMAGE_SIZE if image_size is None else image_size)
    count = _checked_integer("count", COUNTS[split] if count is None else count, 1)
    seed = _checked_integer("seed", seed, 0)

    def draw(index: int) -> tuple[np.ndarray, np.ndarray]:
        return draw_scene(np.random.default_rng([seed, SPLITS.index(split), index]), (height, width))

    streamed = StreamedDataset(
        read=draw,
        items=range(count),
        classes=CAMVID,
        names=tuple(f"scene_{index:04d}" for index in range(count)),
        source=f"synthetic road scenes, {split}, seed {seed}",
        sizes=((height, width),),
        workers=workers,
    )
    return provide(streamed, in_memory)


def draw_scene(
    seed: int | np.random.Generator, image_size: tuple[int, int] = IMAGE_SIZE
) -> tuple[np.ndarray, np.ndarray]:
    """Generate one synthetic road scene.

    Args:
        seed: 0 or more, or a NumPy generator, which advances by the same amount for every scene and size.
        image_size: ``(height, width)`` in pixels, each at least 16.

    Returns:
        The image, uint8 in 0..255 of shape ``(height, width, 3)``, and its labels, uint8 in 0..11 of
        shape ``(height, width)``.

    Raises:
        ValueError: if the size or the seed is invalid.

    Example:
        >>> image, labels = draw_scene(7, (90, 120))
        >>> image.shape, labels.shape, int(labels.max()) <= 11
        ((90, 120, 3), (90, 120), True)
    """
    size = _checked_size(image_size)
    if not isinstance(seed, np.random.Generator):
        seed = np.random.default_rng(_checked_integer("seed", seed, 0))
    plan, pixels = (int(number) for number in seed.integers(2**63, size=2))
    # Two random streams, so that per-pixel noise does not affect the layout. Python's generator
    # for the layout, because it is many times faster than NumPy's for single numbers.
    rnd, rng = Random(plan), np.random.default_rng(pixels)  # noqa: S311  (draws a picture)
    canvas = Canvas(size, _camera(rnd), _weather(rnd))
    _paint_sky(canvas, rnd, rng)
    Street(canvas, rnd).draw()
    if rnd.random() < 0.4:
        bonnet(canvas, rnd)
    labels = np.asarray(canvas.labels)[::OVERSAMPLING, ::OVERSAMPLING].copy()
    return _develop(canvas, labels, rng), labels


def _checked_size(image_size: Sequence[int]) -> tuple[int, int]:
    sides = tuple(image_size) if isinstance(image_size, Sequence | np.ndarray) else (image_size,)
    if len(sides) != 2 or not all(_is_integer(side) and side >= SMALLEST for side in sides):
        raise UserError(
            f"image_size must be (height, width), two integers of at least {SMALLEST}, but got "
            f"{image_size!r}. Pass for example image_size={IMAGE_SIZE}."
        )
    return int(sides[0]), int(sides[1])


def _checked_integer(name: str, value: int, smallest: int) -> int:
    if not _is_integer(value) or value < smallest:
        raise UserError(
            f"{name} must be an integer of at least {smallest}, but got {value!r}. "
            f"Pass for example {name}={smallest}."
        )
    return int(value)


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _camera(rnd: Random) -> Camera:
    return Camera(
        horizon=FRAME_HEIGHT * rnd.uniform(0.4, 0.56),
        center=FRAME_WIDTH * rnd.uniform(0.38, 0.62),
        focal=rnd.uniform(185, 250),
        height=rnd.uniform(1.3, 2.0),
        bend=rnd.uniform(-0.003, 0.003) * (rnd.random() < 0.5),
        hill=rnd.uniform(-0.0003, 0.0003),
        roll=min(max(rnd.gauss(0, 0.012), -0.035), 0.035),
        mirrored=rnd.random() < 0.5,
    )


def _weather(rnd: Random) -> Weather:
    """Sun, clouds, low sun or dusk."""
    kind = rnd.choice(("sunny",) * 4 + ("overcast",) * 3 + ("low sun",) * 2 + ("dusk",))
    bright, dim, ground, warm, cover = {
        "sunny": (1.12, 0.66, 1.0, 0.0, rnd.uniform(-0.6, 0.9)),
        "overcast": (0.9, 0.9, 0.9, 0.0, rnd.uniform(-0.4, 0.8)),
        "low sun": (1.2, 0.5, 0.9, 0.06, rnd.uniform(-0.4, 0.6)),
        "dusk": (0.62, 0.62, 0.6, -0.04, rnd.uniform(-0.4, 0.8)),
    }[kind]
    zeniths, rims, cloud = {
        "sunny": (((70, 122, 196), (98, 146, 206)), ((206, 220, 234),), (246, 246, 246)),
        "overcast": (((176, 182, 190), (150, 156, 164)), ((214, 216, 218),), (128, 132, 140)),
        "low sun": (((120, 142, 176),), ((250, 214, 160), (252, 226, 190)), (250, 226, 200)),
        "dusk": (((62, 74, 110),), ((196, 160, 150), (150, 156, 186)), (70, 74, 96)),
    }[kind]
    sun = rnd.choice((-1, 1)) if kind in ("sunny", "low sun") else 0
    rim, warm = pick(rnd, rims, 6), warm + rnd.gauss(0, 0.03)
    return Weather(
        kind=kind,
        sun=sun,
        facades=(bright if sun > 0 or not sun else dim, bright if sun < 0 or not sun else dim),
        front=rnd.uniform(dim, bright),
        ground=ground,
        haze=mix(rim, (150, 156, 164), 0.3),
        clear_distance=rnd.uniform(90, 260),
        zenith=pick(rnd, zeniths, 10),
        rim=rim,
        cloud=cloud,
        cover=cover,
        exposure=rnd.uniform(0.9, 1.15) * (0.9 if kind == "dusk" else 1),
        gamma=rnd.uniform(0.85, 1.15),
        cast=(1 + warm, 1 + rnd.gauss(0, 0.01), 1 - warm),
        slope=rnd.uniform(-0.12, 0.12),
        soft=max(rnd.uniform(-0.4, 0.4), 0),
        grain=rnd.uniform(2, 10),
    )


def _noise(rng: np.random.Generator, grid: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Smooth noise with mean 0, interpolated from a fixed grid, so that it looks the same at every size."""
    # Uniform bytes are much faster than normal variates, and after smoothing they look the same.
    coarse = Image.frombytes("L", (grid[1], grid[0]), rng.bytes(grid[0] * grid[1]))
    smooth = coarse.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    noise = np.asarray(smooth, np.float32)
    noise -= 127.5
    noise /= 74
    return noise


def _paint_sky(canvas: Canvas, rnd: Random, rng: np.random.Generator) -> None:
    """A gradient, clouds, the glow of the sun."""
    weather, rows, columns = canvas.weather, 36, 60
    fall = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None] ** 0.8
    zenith, rim, cloud = (
        np.array(color, np.float32) for color in (weather.zenith, weather.rim, weather.cloud)
    )
    sky = zenith * (1 - fall) + rim * fall
    clouds = weather.cover + sum(
        part * _noise(rng, grid, (rows, columns)) for part, grid in ((0.9, (8, 5)), (0.4, (24, 17)))
    )
    veil = 0.85 * np.clip(clouds, 0, 1)[..., None]
    sky = sky + (cloud - sky) * veil
    x, y = columns * (0.5 + weather.sun * rnd.uniform(0.15, 0.5)), rows * rnd.uniform(0.2, 0.9)
    if weather.sun:
        spread = 260 if weather.kind == "low sun" else 90
        reach = (np.arange(columns) - x) ** 2 + (np.arange(rows)[:, None] - y) ** 2
        sky += 90 * np.exp(-reach / spread, dtype=np.float32)[..., None]
    picture = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    if canvas.camera.mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    width, height = canvas.image.size
    bottom = int(height / OVERSAMPLING * (canvas.camera.horizon + 14) / FRAME_HEIGHT) + 1
    picture = picture.resize((width // OVERSAMPLING, bottom), Image.Resampling.BILINEAR)
    picture = picture.resize((width, bottom * OVERSAMPLING), Image.Resampling.NEAREST)
    canvas.image.paste(picture, (0, 0))


def _develop(canvas: Canvas, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Downsample with a sharp or a soft lens, add texture and sensor noise, apply the exposure."""
    weather, size = canvas.weather, (labels.shape[0], labels.shape[1])
    gain = 1 + GRAINS.take(labels) * _noise(rng, (120, 130), size)
    gain += PATCHES.take(labels) * _noise(rng, (20, 24), size)
    gain += np.linspace(-weather.slope, weather.slope, size[1], dtype=np.float32)
    image = np.asarray(canvas.image.reduce(OVERSAMPLING), np.float32) * gain[..., None]
    if weather.soft:
        image[1:] += weather.soft * (image[:-1] - image[1:])
        image[:, 1:] += weather.soft * (image[:, :-1] - image[:, 1:])
    grain = np.frombuffer(rng.bytes(image.size), np.uint8).reshape(image.shape)
    image += grain * np.float32(weather.grain / 128) - np.float32(weather.grain)
    np.clip(image, 0, 255, out=image)
    levels = np.arange(256) / 255
    tones = [np.clip(levels * weather.exposure * cast, 0, 1) ** weather.gamma for cast in weather.cast]
    table = np.rint(255 * np.concatenate(tones)).astype(int).tolist()
    return np.array(Image.fromarray(image.astype(np.uint8)).point(table))
