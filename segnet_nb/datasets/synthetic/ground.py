"""The ground of a synthetic street, and the skyline at its end. Private to ``synthetic``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from PIL import Image, ImageDraw

from segnet_nb.datasets.synthetic.buildings import WALLS
from segnet_nb.datasets.synthetic.canvas import (
    BUILDING,
    PAVEMENT,
    ROAD,
    TREE,
    Canvas,
    Color,
    Points,
    mix,
    pick,
    shade,
)
from segnet_nb.datasets.synthetic.objects import LEAVES

FAR = 130.0  # metres to the end of the street
STEPS = (FAR, 70, 42, 26, 16, 10, 6, 3, 1.2)  # the ground is subdivided at these distances
SIDES = (-1, 1)


@dataclass(frozen=True)
class Road:
    """The cross-section of a street, by side.

    The road extends from ``-edges[-1]`` to ``edges[1]``, with the camera at 0 in the left lane. A pavement
    and a verge follow, either of which may have width 0, then paved ground or grass.
    """

    edges: dict[int, float]
    walks: dict[int, float]
    verges: dict[int, float]
    paved: dict[int, bool]
    junction: float  # distance of a side street; infinite if there is none
    turn: int  # side of the side street

    def front(self, side: int) -> float:
        """Distance of the property line on a side."""
        return self.edges[side] + self.walks[side] + self.verges[side]

    def mouth(self, side: int) -> tuple[float, float]:
        """Start and end of the opening for the side street on this side."""
        start = self.junction - 1 if side == self.turn else math.inf
        return start, start + 9


@dataclass
class Shades:
    """Objects that cast a shadow on the ground."""

    houses: list[tuple[int, float, float, float, float]] = field(default_factory=list)
    crowns: list[tuple[float, float, float]] = field(default_factory=list)
    cars: list[tuple[float, float, float, float]] = field(default_factory=list)


def skyline(canvas: Canvas, rnd: Random) -> None:
    """Distant roofs and trees along the horizon."""
    (sx, sy), u, tallest = canvas.scale, -10.0, rnd.uniform(10, 42)
    base = canvas.point(0, 0, FAR)[1] / sy + 4
    while u < 250:
        wide, high = rnd.uniform(8, 34), 4 + rnd.uniform(0.1, 1) * tallest
        left, top, right, bottom = u * sx, (base - high) * sy, (u + wide) * sx, base * sy
        if rnd.random() < 0.55:
            corners, color = (left, top, right, bottom), pick(rnd, WALLS)
            canvas.paint.rectangle(corners, canvas.hazed(color, FAR))
            canvas.label.rectangle(corners, BUILDING)
            storeys = canvas.hazed(shade(color, 0.75), FAR)
            for row in range(1, int(high / 5)):
                v = top + row * 4 * sy
                canvas.paint.line(((left + 2 * sx, v), (right - 2 * sx, v)), storeys, 2)
        else:
            color = pick(rnd, LEAVES)
            for _ in range(4):
                middle, size = rnd.uniform(left, right), wide * rnd.uniform(0.2, 0.4) * sx
                peak = bottom - (bottom - top) * rnd.uniform(0.5, 1)
                box = middle - size, peak, middle + size, bottom + 6 * sy
                tone = shade(color, rnd.uniform(0.85, 1.1))
                canvas.paint.ellipse(box, canvas.hazed(tone, FAR))
                canvas.label.ellipse(box, TREE)
        u += wide * rnd.uniform(0.5, 0.9)


def ground(canvas: Canvas, rnd: Random, road: Road) -> None:
    """Land, verges, pavements with their kerbs, the road, and a side street."""
    bright = canvas.weather.ground
    asphalt = shade(pick(rnd, ((112, 112, 114), (90, 90, 94), (128, 124, 118)), 8), bright)
    slabs = (158, 152, 146), (136, 134, 132), (150, 128, 112), (116, 116, 120)
    slab = shade(pick(rnd, slabs, 8), bright)
    grass = shade(pick(rnd, ((92, 104, 60), (112, 114, 72), (80, 94, 62)), 8), bright)
    stone, gutter = shade(slab, 1.18), shade(slab, 0.85)
    # Strips along the street: from x, y to x, y, in a colour, with a label.
    strips: list[tuple[float, float, float, float, Color, int]] = []
    for side in SIDES:
        kerb, front = side * road.edges[side], side * road.front(side)
        outer = kerb + side * road.walks[side]
        land = (slab, PAVEMENT) if road.paved[side] else (grass, TREE)
        strips.append((front, 0, side * 300, 0, *land))
        if road.verges[side]:
            strips.append((outer, 0, front, 0, grass, TREE))
        if road.walks[side]:
            strips.append((kerb, 0.1, outer, 0.1, slab, PAVEMENT))
            strips.append((kerb, 0, kerb, 0.1, gutter, PAVEMENT))
            strips.append((kerb, 0.1, kerb + side * 0.15, 0.1, stone, PAVEMENT))
    strips.append((-road.edges[-1], 0, road.edges[1], 0, asphalt, ROAD))
    for far, near in pairwise(STEPS):
        for x0, y0, x1, y1, color, label in strips:
            spots = (x0, y0, near), (x1, y1, near), (x1, y1, far), (x0, y0, far)
            canvas.polygon([canvas.point(*spot) for spot in spots], color, near, label)
    if road.junction < FAR:
        start, z = road.turn * (road.edges[road.turn] - 0.2), road.junction
        canvas.polygon(canvas.ground(start, road.turn * 60, z, z + 7), asphalt, z, ROAD)
    for _ in range(rnd.randint(0, 3)):  # repaired patches
        x, z = rnd.uniform(-road.edges[-1], road.edges[1] - 1.5), rnd.uniform(4, 25)
        patch = canvas.ground(x, x + rnd.uniform(0.6, 1.5), z, z + rnd.uniform(1, 5))
        canvas.polygon(patch, shade(asphalt, rnd.choice((0.86, 1.12))), z)


def markings(canvas: Canvas, rnd: Random, road: Road) -> None:
    """Lane lines, yellow lines, a crossing, a stop line; all labelled as road."""
    left, right = -road.edges[-1], road.edges[1]
    white = shade((222, 220, 212), canvas.weather.ground)
    yellow = mix(white, (220, 180, 40), 0.7)

    def stripe(x: float, width: float, z0: float, z1: float, color: Color = white) -> None:
        canvas.polygon(canvas.ground(x - width / 2, x + width / 2, z0, z1), color, z0)

    dash, gap = rnd.choice(((2, 4), (4, 2), (3, 3), (6, 0)))
    for x in (1.65,) * (right > 4) + (5.2,) * (right > 8):
        z = rnd.uniform(1, 5)
        while z < 70:
            stripe(x, 0.13, z, z + dash)
            z += dash + gap
    for side in SIDES:
        for offset in (0.25, 0.45) if rnd.random() < 0.3 else ():
            for far, near in pairwise(STEPS[1:]):
                stripe(side * (road.edges[side] - offset), 0.09, near, far, yellow)
    if rnd.random() < 0.2:
        z = rnd.uniform(7, 20)
        for bar in range(int(right - left)):
            stripe(left + 0.7 + bar, 0.5, z, z + 2.6)
    if road.junction < FAR:
        stop = canvas.ground(left, 1.6, road.junction - 1.8, road.junction - 1.4)
        canvas.polygon(stop, white, road.junction)


def shadows(canvas: Canvas, rnd: Random, shades: Shades) -> None:
    """Shadows of buildings, trees and cars, and the darkness under cars."""
    sun, length, slant = canvas.weather.sun, rnd.uniform(0.4, 1.2), rnd.uniform(-0.6, 0.6)
    if sun:
        # One mask for all of them: overlapping shadows must not add up.
        mask = Image.new("L", canvas.image.size)
        draw, dark = ImageDraw.Draw(mask), rnd.randint(90, 145)
        for shape in _cast(canvas, rnd, shades, sun, length, slant):
            draw.polygon(shape, dark)
        box = mask.getbbox()
        if box:
            canvas.image.paste((14, 16, 26), box, mask.crop(box))
    for x0, x1, z0, z1 in shades.cars:
        under = canvas.ground(x0 - 0.1, x1 + 0.1, z0 - 0.15, z1)
        canvas.glaze.polygon(under, (12, 12, 16, 150))


def _cast(canvas: Canvas, rnd: Random, shades: Shades, sun: int, length: float, slant: float) -> list[Points]:
    """Outlines of shadows; ``length`` is in metres of shadow per metre of height."""
    shapes = []
    for side, x, z0, z1, height in shades.houses:
        if side == sun:
            foot, tip, lean = side * x, side * (x - height * length), slant * height * length
            corners = (foot, z0), (foot, z1), (tip, z1 + lean), (tip, z0 + lean)
            shapes.append([canvas.point(u, 0, z) for u, z in corners])
    for x, z, height in shades.crowns:
        for _ in range(4 if z < 45 else 0):
            reach, radius = height * length * rnd.uniform(0.5, 0.9), height * rnd.uniform(0.12, 0.24)
            u, w = x - sun * reach, z + slant * reach + rnd.uniform(-1, 1)
            turns = [k * math.pi / 5 for k in range(10)]
            around = [(u + radius * math.cos(t), w + radius * math.sin(t)) for t in turns]
            shapes.append([canvas.point(a, 0, b) for a, b in around])
    for x0, x1, z0, z1 in shades.cars:
        reach = 1.2 * length
        shapes.append(canvas.ground(x0 - reach * (sun > 0), x1 + reach * (sun < 0), z0, z1))
    return shapes
