"""Objects of a synthetic street, drawn into image and labels. Private to ``synthetic``.

Each function draws one object, x metres to the right of the car and z metres ahead.
"""

from __future__ import annotations

import math
from random import Random

from segnet_nb.datasets.synthetic.canvas import (
    BICYCLIST,
    FENCE,
    PEDESTRIAN,
    POLE,
    SIGN,
    TREE,
    VOID,
    Board,
    Canvas,
    Color,
    Stretch,
    mix,
    pick,
    shade,
)
from segnet_nb.datasets.synthetic.cars import PAINTS

LEAVES = (
    *((62, 88, 44), (84, 106, 52), (44, 66, 46), (102, 106, 52)),
    *((118, 94, 52), (92, 84, 60), (70, 94, 64)),
)
CLOTHES = (
    *((44, 46, 56), (30, 30, 32), (120, 116, 110), (160, 48, 52), (60, 84, 132), (196, 190, 180)),
    *((70, 92, 60), (212, 176, 60), (110, 70, 100), (90, 70, 54), (96, 150, 176), (232, 110, 50)),
)
SKINS = ((232, 190, 164), (198, 146, 112), (140, 96, 70), (92, 62, 48))


def tree(canvas: Canvas, rnd: Random, x: float, z: float, height: float) -> None:
    """A trunk with branches and a crown of ellipses, dark below and light towards the sun."""
    leaves, bark = pick(rnd, LEAVES, 10), pick(rnd, ((72, 60, 48), (96, 88, 78), (50, 44, 40)), 8)
    board, rim = Board(canvas, x, z, TREE), Board(canvas, x, z, VOID)
    sun, slim = canvas.weather.sun or rnd.choice((-1, 1)), rnd.uniform(0.7, 1.15)
    radius, middle, wide = height * 0.3, height * rnd.uniform(0.6, 0.68), height * 0.03
    if canvas.weather.dusk:
        leaves = shade(leaves, 0.6)
    large = radius * canvas.camera.focal / z > 18  # frame units; distant crowns have less detail
    blobs = [(0.0, middle, radius * 0.76)]
    for _ in range(rnd.randint(12, 16) if large else 6):
        angle, reach = rnd.uniform(0, 2 * math.pi), radius * rnd.uniform(0.45, 1.02)
        at = reach * math.cos(angle) * slim, middle + reach * math.sin(angle)
        blobs.append((*at, radius * rnd.uniform(0.16, 0.4)))
    if rnd.random() < 0.4:
        for across, up, size in blobs:
            rim.disc(across, up, size + 0.16, size * 0.9 + 0.16, None)
    board.polygon(((-wide, 0), (wide, 0), (wide * 0.6, middle), (-wide * 0.6, middle)), bark)
    for part, (across, up, _) in zip((0.6, 0.5), blobs[1:], strict=False):
        board.stroke(((0, middle * part), (across, up)), wide, bark)
    for across, up, size in blobs:
        tone = 0.68 + 0.14 * (up - middle) / radius
        board.disc(across, up, size, size * 0.9, shade(leaves, tone))
    for tone, shrink, lift in ((0.94, 0.7, 0.24), (1.2, 0.36, 0.42)) if large else ((1, 0.6, 0.25),):
        for across, up, size in blobs:
            color = shade(leaves, tone + 0.16 * (up - middle) / radius + rnd.uniform(-0.1, 0.1))
            at = across + sun * lift * size, up + lift * size
            board.disc(*at, size * shrink, size * shrink * 0.8, color, part=False)


def hedge(canvas: Canvas, rnd: Random, place: Stretch) -> None:
    """A hedge along the street, labelled as tree."""
    side, x, z0, z1, height = place
    green, face = pick(rnd, LEAVES[:4], 8), canvas.wall(x, z0, z1, 0, height)
    lit = canvas.weather.facade(side)
    canvas.polygon(canvas.ground(x, x + side, z0, z1, height), shade(green, lit), z0, TREE)
    end = [canvas.point(*p, z0) for p in ((x, 0), (x, height), (x + side, height), (x + side, 0))]
    canvas.polygon(end, shade(green, 0.8 * canvas.weather.front), z0, TREE)
    canvas.polygon(face, shade(green, 0.75 * lit), z0, TREE)


def fence(canvas: Canvas, kind: str, color: Color, place: Stretch) -> None:
    """A "railing", "boards" or a low "wall" along the street, labelled including its gaps."""
    side, x, z0, z1, height = place
    color, face = shade(color, canvas.weather.facade(side)), canvas.wall(x, z0, z1, 0, height)
    canvas.label.polygon(face, FENCE)
    if kind == "railing":
        canvas.glaze.polygon(face, (*canvas.hazed(color, z0), 80))
    else:
        canvas.paint.polygon(face, canvas.hazed(color, z0))
    if kind == "wall":
        cap = canvas.wall(x, z0, z1, height - 0.1, height + 0.05)
        canvas.polygon(cap, shade(color, 1.2), z0, FENCE)
        return
    gap = (0.35 if kind == "railing" else 0.5) * max(1, z0 / 10)
    dark = canvas.hazed(shade(color, 0.76) if kind == "boards" else color, z0)
    for number in range(int((z1 - z0) / gap) + 1):
        z = max(z0 + number * gap, 1.5)
        u, v, up = canvas.spot(x, 0, z)
        thick = max(round(0.04 * up), 1)
        canvas.paint.line(((u, v), (u, v - height * up)), dark, thick)
    if kind == "railing":
        for low in (0.15, height - 0.1):
            canvas.polygon(canvas.wall(x, z0, z1, low, low + 0.1), color, z0)


def lamp(canvas: Canvas, rnd: Random, side: int, x: float, z: float) -> None:
    """A street lamp with an arm over the road."""
    board, height = Board(canvas, x, z, POLE), rnd.uniform(5.5, 9)
    steel = pick(rnd, ((110, 112, 112), (60, 66, 64), (160, 162, 160)), 10)
    arm = -side * rnd.uniform(0.8, 2.0)
    board.stroke(((0, 0), (0, height - 0.5)), 0.13, steel)
    board.stroke(((0, height - 0.5), (arm * 0.25, height), (arm, height + 0.1)), 0.08, steel)
    bulb = (255, 226, 160) if canvas.weather.dusk else shade(steel, 1.2)
    board.disc(arm, height + 0.05, 0.32, 0.12, bulb)
    board.box(-0.1, 0.1, 0, 1.2, shade(steel, 0.8))


def post(canvas: Canvas, rnd: Random, x: float, z: float) -> None:
    """A bollard, or a wooden utility pole."""
    board, wood = Board(canvas, x, z, POLE), pick(rnd, ((96, 80, 64), (70, 66, 62)), 10)
    if rnd.random() < 0.65:
        board.box(-0.08, 0.08, 0, 1.0, wood)
        board.box(-0.08, 0.08, 0.75, 0.86, (220, 216, 206), part=False)
    else:
        board.stroke(((0, 0), (0, 8)), 0.2, wood)
        board.stroke(((-0.9, 7.4), (0.9, 7.4)), 0.12, wood)


def sign(canvas: Canvas, rnd: Random, x: float, z: float) -> None:
    """A traffic sign on a pole: a ring, a triangle, a disc, a board, or a grey back side."""
    height, size, front = rnd.uniform(2.1, 2.7), rnd.uniform(0.32, 0.46), canvas.weather.front
    steel = pick(rnd, ((130, 132, 132), (80, 82, 80)), 10)
    Board(canvas, x, z, POLE).stroke(((0, 0), (0, height)), 0.08, steel)
    plate = Board(canvas, x, z, SIGN, height)
    red, blue, white, black = (
        shade(color, front) for color in ((190, 36, 42), (34, 80, 156), (232, 230, 224), (32, 32, 36))
    )
    kind = rnd.choice(("ring", "ring", "triangle", "triangle", "disc", "board", "back"))
    if kind == "triangle":
        plate.polygon(((-size * 1.2, -size), (size * 1.2, -size), (0, size * 1.1)), red)
        inner = ((-size * 0.75, -size * 0.72), (size * 0.75, -size * 0.72), (0, size * 0.6))
        plate.polygon(inner, white, part=False)
        plate.box(-size * 0.12, size * 0.12, -size * 0.6, size * 0.1, black, part=False)
    elif kind == "board":
        wide, paint = size * rnd.uniform(1.0, 2.2), pick(rnd, (blue, (36, 104, 66), white), 8)
        plate.box(-wide, wide, -size, size, paint)
        for row in (-0.45, 0.2):
            ink = white if sum(paint) < 420 else black
            plate.box(-wide * 0.7, wide * 0.6, row * size, (row + 0.3) * size, ink, part=False)
    else:
        looks = {"ring": (red, white, black), "disc": (blue, blue, white)}
        outer, inner, ink = looks.get(kind, (steel, steel, shade(steel, 0.8)))
        plate.disc(0, 0, size, size, outer)
        plate.disc(0, 0, size * 0.68, size * 0.68, inner, part=False)
        plate.box(-size * 0.35, size * 0.35, -size * 0.14, size * 0.14, ink, part=False)
    if rnd.random() < 0.35:
        plate.box(-size * 0.8, size * 0.8, -size * 2.0, -size * 1.15, white)


def traffic_light(canvas: Canvas, rnd: Random, x: float, z: float) -> None:
    """Three lamps in a dark case on a pole, labelled as sign like in CamVid."""
    Board(canvas, x, z, POLE).stroke(((0, 0), (0, 2.6)), 0.11, (72, 74, 74))
    case, burning = Board(canvas, x, z, SIGN, 2.5), rnd.randrange(3)
    case.box(-0.24, 0.24, 0, 1.1, (28, 30, 30))
    for number, color in enumerate(((90, 245, 150), (250, 180, 50), (250, 60, 50))):
        glow = color if number == burning else shade(color, 0.25)
        case.disc(0, 0.2 + 0.35 * number, 0.13, 0.13, glow, part=False)


def pedestrian(canvas: Canvas, rnd: Random, x: float, z: float) -> None:
    """A pedestrian: striding legs, a jacket or a coat, arms, a head, perhaps a bag."""
    board = Board(canvas, x, z, PEDESTRIAN, size=rnd.choice((1.0, 1.0, 0.95, 1.06, 0.75)))
    lit = canvas.weather.front
    coat, trousers = shade(pick(rnd, CLOTHES), lit), shade(pick(rnd, CLOTHES[:5]), lit * 0.85)
    skin, hair = shade(rnd.choice(SKINS), lit), pick(rnd, ((40, 32, 28), (120, 92, 60)), 12)
    stride, sideways, hem = rnd.uniform(0.04, 0.34), rnd.random() < 0.5, rnd.choice((0.8, 0.55))
    wide = 0.17 if sideways else 0.23
    for foot, tone in ((-stride, 0.85), (stride, 1.0)):
        leg = ((foot * 0.2 - 0.1, 0.88), (foot * 0.2 + 0.1, 0.88), (foot + 0.07, 0.05))
        board.polygon((*leg, (foot - 0.07, 0.05)), shade(trousers, tone))
        board.box(foot - 0.09, foot + 0.12, 0, 0.08, shade(trousers, 0.5))
    for arm in (-1, 1):
        hand = arm * (wide + 0.06 + stride * 0.4 * sideways), 0.82
        board.stroke(((arm * wide * 0.9, 1.38), hand), 0.1, shade(coat, 0.85))
        board.disc(*hand, 0.05, 0.06, skin)
    torso = ((-wide * 0.8, 1.46), (wide * 0.8, 1.46), (wide, 1.3), (wide * 0.85, hem))
    board.polygon((*torso, (-wide * 0.85, hem), (-wide, 1.3)), coat)
    board.polygon(((0, 1.46), (wide, 1.3), (wide * 0.85, hem), (0, hem)), shade(coat, 0.85), False)
    board.disc(0, 1.63, 0.12, 0.15, hair)
    board.disc(0.04 if sideways else 0, 1.6, 0.09, 0.12, skin, part=False)
    if rnd.random() < 0.35:
        board.box(wide * 0.6, wide + 0.18, 0.55, 0.95, pick(rnd, CLOTHES))


def bicyclist(canvas: Canvas, rnd: Random, x: float, z: float, turned: float) -> None:
    """A cyclist; ``turned`` from 0.2 (seen from behind) to 1 (from the side)."""
    board, lit = Board(canvas, x, z, BICYCLIST), canvas.weather.front
    coat, trousers = shade(pick(rnd, CLOTHES), lit), shade(pick(rnd, CLOTHES[:5]), lit * 0.85)
    frame, skin = pick(rnd, PAINTS), shade(rnd.choice(SKINS), lit)
    along, rim = turned * rnd.choice((-1, 1)), max(0.34 * turned, 0.05)
    behind = mix(canvas.weather.haze, (96, 96, 96), 0.7)  # background between the spokes
    for hub in (-0.52 * along, 0.52 * along):
        board.disc(hub, 0.34, rim, 0.34, (26, 26, 28))
        board.disc(hub, 0.34, rim * 0.82, 0.28, behind, part=False)
    hip, shoulder, bar = (-0.2 * along, 0.98), (0.18 * along, 1.48), (0.42 * along, 1.02)
    crank, saddle = (0.0, 0.32), (-0.18 * along, 0.84)
    rear, fork = (-0.52 * along, 0.34), (0.52 * along, 0.34)
    for tube in ((rear, saddle), (rear, crank, saddle), (crank, (0.36 * along, 0.85)), (fork, bar)):
        board.stroke(tube, 0.05, frame)
    knees, feet = (
        ((0.16 * along - 0.1, 0.62), (0.2 * along + 0.1, 0.78)),
        ((-0.05, 0.18), (0.08, 0.42)),
    )
    for knee, foot in zip(knees, feet, strict=True):
        board.stroke((hip, knee), 0.17, trousers)
        board.stroke((knee, foot), 0.12, trousers)
    half = 0.22 - 0.07 * turned
    low = ((hip[0] - half * 0.8, 0.92), (hip[0] + half * 0.8, 0.92))
    high = ((shoulder[0] + half, 1.4), (shoulder[0], 1.54), (shoulder[0] - half, 1.4))
    board.polygon((*low, *high), coat)
    board.stroke((shoulder, (0.36 * along, 1.2), bar), 0.09, shade(coat, 0.8))
    board.disc(0.28 * along, 1.69, 0.1, 0.13, skin)
    helmet = pick(rnd, CLOTHES) if rnd.random() < 0.7 else (44, 34, 30)
    board.disc(0.27 * along, 1.76, 0.12, 0.09, helmet)


def odd_object(canvas: Canvas, rnd: Random, x: float, z: float) -> None:
    """An object without a class, labelled void: a bin, a cabinet, a skip, a bench."""
    board, lit = Board(canvas, x, z, VOID), canvas.weather.front
    paint = shade(pick(rnd, ((40, 74, 54), (44, 46, 50), (196, 160, 40), (150, 44, 40))), lit)
    kind = rnd.choice(("bin", "bin", "cabinet", "skip", "bench"))
    if kind == "bin":
        board.polygon(((-0.26, 0), (0.26, 0), (0.34, 1.0), (-0.34, 1.0)), paint)
        board.box(-0.37, 0.37, 0.98, 1.1, shade(paint, 0.75))
    elif kind == "cabinet":
        board.box(-0.6, 0.6, 0, 1.35, paint)
        board.box(-0.02, 0.02, 0.1, 1.25, shade(paint, 0.6), part=False)
    elif kind == "skip":
        board.polygon(((-1.7, 1.25), (1.7, 1.25), (0.6, 1.6), (-0.8, 1.5)), (96, 84, 72))
        board.polygon(((-1.2, 0), (1.2, 0), (1.8, 1.25), (-1.8, 1.25)), paint)
        for rib in (-0.7, 0.0, 0.7):
            board.stroke(((rib, 0.05), (rib * 1.3, 1.2)), 0.08, shade(paint, 0.75))
    else:
        for leg in (-0.65, 0.55):
            board.box(leg, leg + 0.1, 0, 0.5, (50, 50, 50))
        for low in (0.42, 0.62, 0.82):
            board.box(-0.8, 0.8, low, low + 0.14, shade((120, 88, 56), lit))
