"""Cars as solids: a side outline swept across their width. Private to ``synthetic``."""

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
    """A kind of car, by metres along and up its side.

    ``outline`` runs from the lower edge of the rear over the roof to the lower edge of the front;
    its first strip is the rear bumper, the second carries the tail lamps, the last but one the
    headlamps. ``panes`` are the strips of glass.
    """

    outline: Points
    panes: tuple[int, ...]
    windows: tuple[Points, ...]
    wheels: tuple[float, float]
    width: float

    @property
    def length(self) -> float:
        """From bumper to bumper."""
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
    """A car whose middle is at x and whose near end is at z.

    ``heading`` is "away" or "towards" along the street, "left" or "right" across it.
    """
    weather, paint, half = canvas.weather, pick(rnd, PAINTS), body.width / 2
    glass = pick(rnd, ((34, 40, 48), (58, 68, 80), (104, 120, 134)), 8)
    crossing, forth = heading in ("left", "right"), heading in ("away", "right")
    detailed = z < 45
    lit = weather.dusk or rnd.random() < 0.3

    def place(along: float, across: float, y: float) -> tuple[float, float]:
        along = along if forth else body.length - along
        if crossing:
            return canvas.point(x - body.length / 2 + along, y, z + half + across)
        return canvas.point(x + across, y, z + along)

    def seen(pixels: Points) -> bool:
        """Whether a face is turned to the eye: its corners then run one way round on screen."""
        after = (*pixels[1:], pixels[0])
        area = sum(a * d - b * c for (a, b), (c, d) in zip(pixels, after, strict=True))
        return (area < 0) == ((forth != crossing) != canvas.camera.mirrored)

    lefts = [place(along, -half, y) for along, y in body.outline]
    rights = [place(along, half, y) for along, y in body.outline]
    strips = [(lefts[k], rights[k], rights[k + 1], lefts[k + 1]) for k in range(len(body.outline) - 1)]
    rises = [
        abs(end[1] - start[1]) > abs(end[0] - start[0])
        for start, end in zip(body.outline, body.outline[1:], strict=False)
    ]

    def patch(strip: int, low: float, high: float, start: float, stop: float, color: Color) -> None:
        """Fill a part of a strip, given in parts of its height and of its width."""
        a, b, c, d = strips[strip]
        left = mix2(a, d, low), mix2(a, d, high)
        right = mix2(b, c, low), mix2(b, c, high)
        corners = (mix2(left[0], right[0], start), mix2(left[0], right[0], stop))
        corners += (mix2(left[1], right[1], stop), mix2(left[1], right[1], start))
        canvas.polygon(corners, color, z)

    end = body.wheels[0] if forth else body.wheels[1]
    for across in (-0.97, 0.7):  # the tyres under the near end
        spots = [place(end, (across + d) * half, y) for d, y in ((0, 0), (0.27, 0), (0.27, 0.4), (0, 0.4))]
        canvas.polygon(spots, (18, 18, 20), z, label)
    # Flat strips first, from the far end: the side and the steep strips stand before them.
    for k in sorted(range(len(strips)), reverse=forth):
        if not rises[k] and seen(strips[k]):
            canvas.polygon(strips[k], glass if k in body.panes else shade(paint, 1.12), z, label)
    for side, outline in ((-1, lefts), (1, rights)):
        if not seen(outline if side < 0 else outline[::-1]):
            continue
        tone = weather.front if crossing else weather.facade(-side)
        canvas.polygon(outline, shade(paint, 0.92 * tone), z, label)
        sill = ((0.05, 0.28), (0.02, 0.46), (body.length, 0.46), (body.length - 0.03, 0.26))
        dark = shade(paint, 0.6 * tone)
        canvas.polygon([place(a, side * half, y) for a, y in sill], dark, z)
        for window in body.windows:
            canvas.polygon([place(a, side * half, y) for a, y in window], glass, z)
        for wheel in body.wheels:
            hub = place(wheel, side * half, 0.33)
            tyre = [place(wheel + 0.33 * s, side * half, 0.33 + 0.33 * c) for s, c in _TURN]
            canvas.polygon(tyre, (22, 22, 24), z, label)
            if detailed:
                canvas.polygon([mix2(hub, spot, 0.58) for spot in tyre], (138, 140, 142), z)
                canvas.polygon([mix2(hub, spot, 0.2) for spot in tyre], (60, 60, 62), z)
    for k, strip in enumerate(strips):
        if rises[k] and seen(strip):
            canvas.polygon(strip, shade(paint, weather.front * (0.97 if k else 0.8)), z, label)
            if k in body.panes:
                patch(k, 0.1, 0.92, 0.07, 0.93, glass)
    if not detailed:
        return
    nose = len(strips) - 2
    if seen(strips[1]):
        for start in (0.03, 0.77):
            patch(1, 0.1, 0.95, start, start + 0.2, (255, 44, 30) if lit else (160, 30, 32))
        patch(0, 0.45, 0.85, 0.35, 0.65, (226, 190, 60))
    if seen(strips[nose]):
        for start in (0.03, 0.75):
            patch(nose, 0.15, 0.9, start, start + 0.22, (255, 246, 214) if lit else (206, 210, 212))
        patch(nose, 0.25, 0.9, 0.27, 0.73, (34, 34, 38))
        patch(nose + 1, 0.2, 0.55, 0.35, 0.65, (226, 226, 222))


def mix2(first: Sequence[float], second: Sequence[float], part: float) -> tuple[float, float]:
    """A point on the way from the first to the second."""
    return first[0] + (second[0] - first[0]) * part, first[1] + (second[1] - first[1]) * part


def bonnet(canvas: Canvas, rnd: Random) -> None:
    """The edge of one's own car at the bottom of the picture, which has no class."""
    (sx, sy), paint = canvas.scale, shade(pick(rnd, PAINTS), 0.55)
    height, lean = rnd.uniform(7, 16), rnd.uniform(-5, 5)
    arch = [(u, math.sin(math.pi * (u + 30) / 300) ** 0.7) for u in range(0, 241, 16)]
    edge = [(u * sx, (180 - height * a + lean * (u / 240 - 0.5)) * sy) for u, a in arch]
    canvas.polygon([*edge, (241 * sx, 190 * sy), (-1, 190 * sy)], paint, 0, VOID)
    for top, bottom, part in ((0.6, 2.4, 0.45), (2.4, 5.0, 0.2)):
        gloss = [(u, v + top * sy) for u, v in edge] + [(u, v + bottom * sy) for u, v in edge[::-1]]
        canvas.polygon(gloss, mix(paint, canvas.weather.haze, part), 0)
