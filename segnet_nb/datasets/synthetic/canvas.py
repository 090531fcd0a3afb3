"""A canvas with a camera: projects points of a street to pixels of an image and of its labels.

Private to ``synthetic``. Coordinates are in metres relative to the car: x to the right, y up from the road,
z ahead. A side is -1 (left) or 1 (right).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw

from segnet_nb.datasets.classes import CAMVID

Color = tuple[float, float, float]
Points = Sequence[tuple[float, float]]

SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(CAMVID.num_classes)
VOID = CAMVID.void_id

# A frame independent of the image size: decisions that depend on the apparent size of an object use
# these units, so that a scene has the same layout at every image size.
FRAME_WIDTH, FRAME_HEIGHT = 240.0, 180.0
OVERSAMPLING = 2  # rendered at twice the size, then averaged: antialiased images, sharp labels

NEAREST = 0.9  # near plane in metres: nothing behind the camera is drawn


def shade(color: Color, factor: float) -> Color:
    """The colour with its brightness multiplied by a factor."""
    red, green, blue = color
    return red * factor, green * factor, blue * factor


def mix(first: Color, second: Color, part: float) -> Color:
    """Linear interpolation from the first colour (part 0) to the second (part 1)."""
    (r0, g0, b0), (r1, g1, b1) = first, second
    return r0 + (r1 - r0) * part, g0 + (g1 - g0) * part, b0 + (b1 - b0) * part


def pick(rnd: Random, colors: Sequence[Color], amount: float = 16) -> Color:
    """One of the colours with noise, so that no exact value identifies a class."""
    red, green, blue = rnd.choice(colors)
    light, tint = rnd.gauss(0, amount), rnd.uniform(-amount, amount) / 2
    return max(red + light + tint, 8), max(green + light, 8), max(blue + light - tint, 8)


class Stretch(NamedTuple):
    """Where an object along the street stands, and its height; in metres."""

    side: int
    x: float
    z0: float
    z1: float
    height: float


@dataclass(frozen=True)
class Camera:
    """The camera: horizon, centre and focal length in frame units, height in metres."""

    horizon: float
    center: float
    focal: float
    height: float
    bend: float  # curvature: the street is displaced sideways by bend * z ** 2 metres at z
    hill: float  # and upwards by hill * z ** 2
    roll: float  # slope of the horizon
    mirrored: bool


@dataclass(frozen=True)
class Weather:
    """Lighting, atmosphere and exposure: brightness of surfaces by direction, sky, haze, sensor."""

    kind: str
    sun: int  # side of the sun, 0 behind clouds
    facades: tuple[float, float]  # brightness of the left and the right side of the street
    front: float  # of what faces the car
    ground: float
    haze: Color  # colour of distant objects
    clear_distance: float
    zenith: Color
    rim: Color  # the sky at the horizon
    cloud: Color
    cover: float
    exposure: float
    gamma: float
    cast: Color  # gain of red, green and blue
    slope: float  # brightness gradient from the centre of the image to its right edge
    soft: float  # blur: weight of neighbouring pixels, 0 for a sharp lens
    grain: float  # sensor noise in grey levels

    @property
    def dusk(self) -> bool:
        """Whether lamps are on."""
        return self.kind == "dusk"

    def facade(self, side: int) -> float:
        """Brightness of the facades on this side of the street."""
        return self.facades[side > 0]


class Canvas:
    """An image and its labels under one camera, in one weather."""

    def __init__(self, image_size: tuple[int, int], camera: Camera, weather: Weather) -> None:
        height, width = image_size
        size = OVERSAMPLING * width, OVERSAMPLING * height
        self.camera, self.weather = camera, weather
        self.scale = size[0] / FRAME_WIDTH, size[1] / FRAME_HEIGHT
        self.flip = -1 if camera.mirrored else 1
        self.image, self.labels = Image.new("RGB", size), Image.new("L", size, SKY)
        self.paint, self.label = ImageDraw.Draw(self.image), ImageDraw.Draw(self.labels)
        self.glaze = ImageDraw.Draw(self.image, "RGBA")  # blends colours with an alpha channel
        center = FRAME_WIDTH - camera.center if camera.mirrored else camera.center
        self._lens = (*self.scale, self.flip, center, camera.horizon, camera.focal)
        self._path = camera.height, camera.bend, camera.hill, camera.roll

    def spot(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Projection of a point to a pixel, and the number of pixels per vertical metre there."""
        wide, high, flip, center, horizon, focal = self._lens
        height, bend, hill, roll = self._path
        if z < NEAREST:
            z = NEAREST
        metre, square = focal / z, z * z
        u = (x + bend * square) * metre
        v = horizon + (height - y - hill * square) * metre + roll * u
        return (center + flip * u) * wide, v * high, metre * high

    def point(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Projection of a point to a pixel."""
        u, v, _ = self.spot(x, y, z)
        return u, v

    def sees(self, x: float, z: float, reach: float) -> bool:
        """Whether an object that extends ``reach`` metres to both sides is within the frame."""
        u, _, metre = self.spot(x, 0, z)
        return z > NEAREST and -reach * metre * 1.4 < u < FRAME_WIDTH * self.scale[0] + reach * metre * 1.4

    def hazed(self, color: Color, z: float) -> tuple[int, int, int]:
        """The colour as seen from z metres away."""
        keep = math.exp(-z / self.weather.clear_distance) if z > 0 else 1.0
        (r0, g0, b0), (red, green, blue) = self.weather.haze, color
        return (
            int(r0 + (red - r0) * keep),
            int(g0 + (green - g0) * keep),
            int(b0 + (blue - b0) * keep),
        )

    def polygon(self, points: Points, color: Color, z: float, label: int | None = None) -> None:
        """Fill a polygon of pixels; without a label only in the image."""
        self.paint.polygon(points, self.hazed(color, z))
        if label is not None:
            self.label.polygon(points, label)

    def ground(self, x0: float, x1: float, z0: float, z1: float, y: float = 0) -> Points:
        """Corners of a horizontal rectangle."""
        point = self.point
        return point(x0, y, z0), point(x1, y, z0), point(x1, y, z1), point(x0, y, z1)

    def wall(self, x: float, z0: float, z1: float, y0: float, y1: float) -> Points:
        """Corners of a vertical rectangle along the street."""
        (ua, va, up_a), (ub, vb, up_b) = self.spot(x, 0, z0), self.spot(x, 0, z1)
        low, high = (ub, vb - y0 * up_b), (ub, vb - y1 * up_b)
        return (ua, va - y0 * up_a), low, high, (ua, va - y1 * up_a)


class Board:
    """A flat object that faces the car, in local coordinates in metres: right and up from a point."""

    def __init__(self, canvas: Canvas, x: float, z: float, label: int, y: float = 0, size: float = 1) -> None:
        self.canvas, self.id = canvas, label
        self.u, self.v, self.up = canvas.spot(x, y, z)
        self.up *= size
        self.across = self.up * canvas.flip * canvas.scale[0] / canvas.scale[1]
        self.paint, self.label = canvas.paint, canvas.label
        self.z = z

    def polygon(self, points: Points, color: Color, part: bool = True) -> None:
        """Fill a polygon; if it is not part of the outline of the object, the labels are left unchanged."""
        pixels = [(self.u + x * self.across, self.v - y * self.up) for x, y in points]
        self.paint.polygon(pixels, self.canvas.hazed(color, self.z))
        if part:
            self.label.polygon(pixels, self.id)

    def box(self, x0: float, x1: float, y0: float, y1: float, color: Color, part: bool = True) -> None:
        """Fill a rectangle."""
        self.polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), color, part)

    def disc(self, x: float, y: float, rx: float, ry: float, color: Color | None, part: bool = True) -> None:
        """Fill an ellipse; without a colour only in the labels."""
        u, v = self.u + x * self.across, self.v - y * self.up
        du, dv = rx * abs(self.across), ry * self.up
        box = (u - du, v - dv, u + du, v + dv)
        if color is not None:
            self.paint.ellipse(box, self.canvas.hazed(color, self.z))
        if part:
            self.label.ellipse(box, self.id)

    def stroke(self, points: Points, width: float, color: Color) -> None:
        """Draw a line, at least one pixel of the final image wide."""
        pixels = [(self.u + x * self.across, self.v - y * self.up) for x, y in points]
        thick = max(round(width * self.up), OVERSAMPLING)
        self.paint.line(pixels, self.canvas.hazed(color, self.z), thick)
        self.label.line(pixels, self.id, thick)
