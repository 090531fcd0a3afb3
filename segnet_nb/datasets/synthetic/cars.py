"""Cars as solids: a side profile extruded across their width. Private to ``synthetic``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from segnet_nb.datasets.synthetic.canvas import CAR, VOID, Canvas, Color, Points, mix, pick, shade

PAINTS = (
    *((186, 190, 194), (222, 222, 220), (34, 36, 40), (104, 108, 112), (150, 44, 40)),
    *((40, 74, 54), (96, 132, 170), (36, 48, 88), (176, 160, 128), (190, 152, 70), (110, 60, 48)),
)


@dataclass(frozen=True)
class Body:
    """A type of car, in metres along and up its side.

    ``outline`` runs from the lower edge of the rear over the roof to the lower edge of the front;
    its first strip is the rear bumper, the second has the tail lamps, the second to last the
    headlamps. ``panes`` are the strips made of glass.
    """

    outline: Points
    panes: tuple[int, ...]
    windows: tuple[Points, ...]
    wheels: tuple[float, float]
    width: float

    @property
    def length(self) -> float:
        """Length from bumper to bumper."""
        return self.outline[-2][0]


HATCHBACK = Body(
    outline=(
        *((0.05, 0.28), (0, 0.62), (0.1, 0.92), (0.5, 1.38), (1.0, 1.47), (2.1, 1.44)),
        *((2.95, 0.97), (3.75, 0.8), (3.95, 0.58), (3.93, 0.26)),
    ),
    panes=(2, 5),
    windows=(
        ((0.5, 0.96), (0.78, 1.32), (1.4, 1.37), (1.42, 0.96)),
        ((1.52, 0.96), (1.5, 1.37), (2.05, 1.35), (2.7, 0.96)),
    ),
    wheels=(0.72, 3.2),
    width=1.7,
)
SALOON = Body(
    outline=(
        *((0.05, 0.3), (0, 0.62), (0.06, 0.94), (0.75, 1.0), (1.4, 1.4), (2.4, 1.43)),
        *((3.25, 0.98), (4.25, 0.82), (4.45, 0.58), (4.42, 0.26)),
    ),
    panes=(3, 5),
    windows=(
        ((1.0, 1.0), (1.5, 1.33), (1.9, 1.36), (1.92, 0.98)),
        ((2.0, 0.98), (1.98, 1.36), (2.35, 1.35), (3.0, 0.98)),
    ),
    wheels=(0.85, 3.6),
    width=1.76,
)
VAN = Body(
    outline=(
        *((0.0, 0.35), (0, 0.9), (0.03, 1.25), (0.1, 1.9), (0.4, 2.05), (3.2, 2.0)),
        *((4.0, 1.25), (4.7, 1.05), (4.85, 0.7), (4.85, 0.3)),
    ),
    panes=(2, 5),
    windows=(((2.75, 1.25), (2.75, 1.75), (3.15, 1.75), (3.75, 1.25)),),
    wheels=(0.9, 3.9),
    width=1.95,
)
BUS = Body(
    outline=(
        *((0.0, 0.4), (0, 1.1), (0.0, 1.5), (0.05, 2.4), (0.2, 2.9), (8.8, 2.9)),
        *((8.98, 2.5), (9.0, 1.1), (9.0, 0.7), (9.0, 0.35)),
    ),
    panes=(2, 6),
    windows=tuple(
        ((a, 1.3), (a, 2.2), (a + 1.2, 2.2), (a + 1.2, 1.3)) for a in (0.5, 1.9, 3.3, 4.7, 6.1, 7.5)
    ),
    wheels=(2.0, 7.4),
    width=2.45,
)

_TURN = tuple((math.sin(k * math.pi / 5), math.cos(k * math.pi / 5)) for k in range(10))


def car(canvas: Canvas, rnd: Random, x: float, z: float, heading: str, body: Body, label: int = CAR) -> None:
    """A car whose centre is at x and whose near end is at z.

    ``heading`` is "away" or "towards" along the street, "left" or "right" across it.
    """
    paint = pick(rnd, PAINTS)
    glass = pick(rnd, ((34, 40, 48), (58, 68, 80), (104, 120, 134)), 8)
    lit = canvas.weather.dusk or rnd.random() < 0.3
    solid = _Solid(canvas, x, z, heading, body)
    solid.label, solid.paint, solid.glass = label, paint, glass
    solid.draw_body()
    if solid.detailed:
        solid.draw_lamps(lit)


class _Solid:
    """A car at its place, with its faces projected to pixels."""

    label: int
    paint: Color
    glass: Color

    def __init__(self, canvas: Canvas, x: float, z: float, heading: str, body: Body) -> None:
        self.canvas, self.x, self.z, self.body, self.half = canvas, x, z, body, body.width / 2
        self.crossing, self.forward = heading in ("left", "right"), heading in ("away", "right")
        self.detailed = z < 45
        self.lefts = [self.place(along, -self.half, y) for along, y in body.outline]
        self.rights = [self.place(along, self.half, y) for along, y in body.outline]
        edges = zip(self.lefts, self.rights, self.rights[1:], self.lefts[1:], strict=False)
        self.strips = list(edges)
        self.steep = [
            abs(end[1] - start[1]) > abs(end[0] - start[0])
            for start, end in zip(body.outline, body.outline[1:], strict=False)
        ]

    def place(self, along: float, across: float, y: float) -> tuple[float, float]:
        """Pixel of a point of the car."""
        along = along if self.forward else self.body.length - along
        if self.crossing:
            return self.canvas.point(self.x - self.body.length / 2 + along, y, self.z + self.half + across)
        return self.canvas.point(self.x + across, y, self.z + along)

    def seen(self, pixels: Points) -> bool:
        """Whether a face is visible: the orientation of its corners tells front from back."""
        after = (*pixels[1:], pixels[0])
        area = sum(a * d - b * c for (a, b), (c, d) in zip(pixels, after, strict=True))
        return (area < 0) == ((self.forward != self.crossing) != self.canvas.camera.mirrored)

    def draw_body(self) -> None:
        """Tyres, then flat strips, sides and steep strips."""
        body, canvas, z = self.body, self.canvas, self.z
        end = body.wheels[0] if self.forward else body.wheels[1]
        for across in (-0.97, 0.7):  # the tyres under the near end
            corners = ((0, 0), (0.27, 0), (0.27, 0.4), (0, 0.4))
            tyre = [self.place(end, (across + d) * self.half, y) for d, y in corners]
            canvas.polygon(tyre, (18, 18, 20), z, self.label)
        # Flat strips first, from the far end: the side and the steep strips are in front of them.
        for k in sorted(range(len(self.strips)), reverse=self.forward):
            if not self.steep[k] and self.seen(self.strips[k]):
                color = self.glass if k in body.panes else shade(self.paint, 1.12)
                canvas.polygon(self.strips[k], color, z, self.label)
        for side, outline in ((-1, self.lefts), (1, self.rights)):
            if self.seen(outline if side < 0 else outline[::-1]):
                self._draw_side(side, outline)
        for k, strip in enumerate(self.strips):
            if self.steep[k] and self.seen(strip):
                tone = canvas.weather.front * (0.97 if k else 0.8)
                canvas.polygon(strip, shade(self.paint, tone), z, self.label)
                if k in body.panes:
                    self._patch(k, (0.1, 0.92), (0.07, 0.93), self.glass)

    def _draw_side(self, side: int, outline: Points) -> None:
        """One side with its sill, windows and wheels."""
        body, canvas, z, across = self.body, self.canvas, self.z, side * self.half
        tone = canvas.weather.front if self.crossing else canvas.weather.facade(-side)
        canvas.polygon(outline, shade(self.paint, 0.92 * tone), z, self.label)
        sill = ((0.05, 0.28), (0.02, 0.46), (body.length, 0.46), (body.length - 0.03, 0.26))
        dark = shade(self.paint, 0.6 * tone)
        canvas.polygon([self.place(a, across, y) for a, y in sill], dark, z)
        for window in body.windows:
            canvas.polygon([self.place(a, across, y) for a, y in window], self.glass, z)
        for wheel in body.wheels:
            hub = self.place(wheel, across, 0.33)
            tyre = [self.place(wheel + 0.33 * s, across, 0.33 + 0.33 * c) for s, c in _TURN]
            canvas.polygon(tyre, (22, 22, 24), z, self.label)
            if self.detailed:
                canvas.polygon([mix2(hub, point, 0.58) for point in tyre], (138, 140, 142), z)
                canvas.polygon([mix2(hub, point, 0.2) for point in tyre], (60, 60, 62), z)

    def _patch(
        self, strip: int, rows: tuple[float, float], columns: tuple[float, float], color: Color
    ) -> None:
        """Fill a part of a strip, given as fractions of its height and of its width."""
        a, b, c, d = self.strips[strip]
        (low, high), (start, stop) = rows, columns
        left = mix2(a, d, low), mix2(a, d, high)
        right = mix2(b, c, low), mix2(b, c, high)
        corners = (mix2(left[0], right[0], start), mix2(left[0], right[0], stop))
        corners += (mix2(left[1], right[1], stop), mix2(left[1], right[1], start))
        self.canvas.polygon(corners, color, self.z)

    def draw_lamps(self, lit: bool) -> None:
        """Lamps, number plates and the grille."""
        nose = len(self.strips) - 2
        if self.seen(self.strips[1]):
            for start in (0.03, 0.77):
                color = (255, 44, 30) if lit else (160, 30, 32)
                self._patch(1, (0.1, 0.95), (start, start + 0.2), color)
            self._patch(0, (0.45, 0.85), (0.35, 0.65), (226, 190, 60))
        if self.seen(self.strips[nose]):
            for start in (0.03, 0.75):
                color = (255, 246, 214) if lit else (206, 210, 212)
                self._patch(nose, (0.15, 0.9), (start, start + 0.22), color)
            self._patch(nose, (0.25, 0.9), (0.27, 0.73), (34, 34, 38))
            self._patch(nose + 1, (0.2, 0.55), (0.35, 0.65), (226, 226, 222))


def mix2(first: Sequence[float], second: Sequence[float], part: float) -> tuple[float, float]:
    """Linear interpolation from the first point to the second."""
    return first[0] + (second[0] - first[0]) * part, first[1] + (second[1] - first[1]) * part


def bonnet(canvas: Canvas, rnd: Random) -> None:
    """The bonnet of the camera's car at the bottom of the image, labelled void."""
    (sx, sy), paint = canvas.scale, shade(pick(rnd, PAINTS), 0.55)
    height, lean = rnd.uniform(7, 16), rnd.uniform(-5, 5)
    arch = [(u, math.sin(math.pi * (u + 30) / 300) ** 0.7) for u in range(0, 241, 16)]
    edge = [(u * sx, (180 - height * a + lean * (u / 240 - 0.5)) * sy) for u, a in arch]
    canvas.polygon([*edge, (241 * sx, 190 * sy), (-1, 190 * sy)], paint, 0, VOID)
    for top, bottom, part in ((0.6, 2.4, 0.45), (2.4, 5.0, 0.2)):
        gloss = [(u, v + top * sy) for u, v in edge] + [(u, v + bottom * sy) for u, v in edge[::-1]]
        canvas.polygon(gloss, mix(paint, canvas.weather.haze, part), 0)
