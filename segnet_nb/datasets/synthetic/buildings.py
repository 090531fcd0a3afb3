"""Buildings along a synthetic street. Private to ``synthetic``."""

from __future__ import annotations

from random import Random

from segnet_nb.datasets.synthetic.canvas import (
    BUILDING,
    OVERSAMPLING,
    SIGN,
    VOID,
    Board,
    Canvas,
    Color,
    Stretch,
    pick,
    shade,
)
from segnet_nb.datasets.synthetic.cars import PAINTS

WALLS = (
    *((150, 82, 66), (126, 70, 58), (188, 158, 112), (206, 196, 176), (128, 126, 124)),
    *((168, 166, 162), (98, 88, 80), (176, 186, 196), (222, 214, 198), (112, 116, 108)),
)


def building(canvas: Canvas, rnd: Random, place: Stretch) -> None:
    """A building with its facade along the street: roof, gable, windows, perhaps a shop."""
    side, x, z0, z1, height = place
    weather, wall = canvas.weather, pick(rnd, WALLS)
    lit, deep = weather.facade(side), rnd.uniform(5, 9)
    trim = shade(pick(rnd, ((214, 210, 200), (90, 84, 78), wall)), lit)
    middle, far, ridge = x + side * deep / 2, x + side * deep, height
    if rnd.random() < 0.6:
        ridge += deep * rnd.uniform(0.3, 0.45)
        roof = pick(rnd, ((92, 82, 78), (122, 76, 62), (70, 72, 78)), 8)
        corners = ((x, height, z0), (x, height, z1), (middle, ridge, z1), (middle, ridge, z0))
        slope = [canvas.point(*corner) for corner in corners]
        canvas.polygon(slope, shade(roof, lit * 1.1), z0, BUILDING)
        for part in (rnd.uniform(0.1, 0.3), rnd.uniform(0.7, 0.9)):
            chimney = Board(canvas, middle, max(z0 + part * (z1 - z0), 2), BUILDING, ridge - 0.4)
            chimney.box(-0.45, 0.45, 0, 1.5, shade(wall, 0.8))
    gable = ((x, 0), (x, height), (middle, ridge), (far, height), (far, 0))
    outline = [canvas.point(across, up, z0) for across, up in gable]
    canvas.polygon(outline, shade(wall, weather.front * 0.9), z0, BUILDING)
    if 4 < z0 < 45:
        end = Board(canvas, middle, z0, BUILDING)
        for floor in range(int(height / 3)):
            for across in (-0.25 * deep, 0.2 * deep):
                pane = shade((70, 80, 92), weather.front * rnd.uniform(0.5, 1.2))
                end.box(across - 0.45, across + 0.45, 3 * floor + 0.9, 3 * floor + 2.3, pane, False)
    facade = canvas.wall(x, z0, z1, 0, height)
    canvas.polygon(facade, shade(wall, lit), z0, BUILDING)
    if weather.sun == -side:  # the shadow of the houses across the street
        top = height * rnd.uniform(0.05, 0.5)
        canvas.polygon(canvas.wall(x, z0, z1, 0, top), shade(wall, lit * 0.6), z0)
    if rnd.random() < 0.3:  # annotators leave unlabelled gaps between objects
        canvas.label.line(facade[2:], VOID, 2 * OVERSAMPLING)
    canvas.polygon(canvas.wall(x, z0, z1, height - 0.3, height), trim, z0)
    canvas.polygon(canvas.wall(x, z0, z1, 0, 0.5), shade(wall, lit * 0.75), z0)
    if abs(facade[0][0] - facade[1][0]) > 5 * canvas.scale[0]:
        _windows(canvas, rnd, place, trim)


def _windows(canvas: Canvas, rnd: Random, place: Stretch, trim: Color) -> None:
    """Rows of windows above a door or a shop front."""
    side, x, z0, z1, height = place
    glass = pick(rnd, ((38, 44, 52), (66, 78, 92), (124, 142, 160), (52, 48, 44)), 10)
    storey, pitch = rnd.uniform(2.7, 3.4), rnd.uniform(1.9, 3.2)
    floors, columns = max(int((height - 0.3) / storey), 1), max(round((z1 - z0) / pitch), 1)
    step, tall, sill = (z1 - z0) / columns, rnd.uniform(1.2, 1.9), rnd.uniform(0.6, 0.9)
    wide = step * (0.96 if rnd.random() < 0.12 else rnd.uniform(0.36, 0.62))
    shop, framed, front = rnd.random() < 0.4, rnd.random() < 0.6, pick(rnd, PAINTS)
    door, lit = rnd.randrange(columns), canvas.weather.facade(side)
    for column in range(columns):
        za = z0 + (column + 0.5) * step - wide / 2
        if za < 1.5 or not canvas.sees(x, za + wide, 1):
            continue
        (ua, va, up_a), (ub, vb, up_b) = canvas.spot(x, 0, za), canvas.spot(x, 0, za + wide)
        for floor in range(floors):
            low, high = floor * storey + sill, min(floor * storey + sill + tall, height - 0.45)
            pane = shade(glass, rnd.uniform(0.7, 1.3))
            if floor == 0 and shop:
                low, high = 0.4, storey - 0.8
            elif floor == 0 and column == door:
                low, high, pane = 0.05, 2.1, shade(front, lit * 0.7)
            elif canvas.weather.dusk and rnd.random() < 0.3:
                pane = (255, 214, 130)
            if framed and za < 35:
                edge, top, bottom = (ub - ua) * 0.12, high + 0.12, low - 0.12
                frame = ((ua - edge, va - bottom * up_a), (ub + edge, vb - bottom * up_b))
                frame += ((ub + edge, vb - top * up_b), (ua - edge, va - top * up_a))
                canvas.polygon(frame, trim, za)
            corners = ((ua, va - low * up_a), (ub, vb - low * up_b))
            corners += ((ub, vb - high * up_b), (ua, va - high * up_a))
            canvas.polygon(corners, pane, za)
            if framed and za < 16:  # a glazing bar
                half = (low + high) / 2
                bar = (ua, va - half * up_a), (ub, vb - half * up_b)
                canvas.paint.line(bar, canvas.hazed(trim, za), OVERSAMPLING)
    if shop:
        canvas.polygon(canvas.wall(x, z0, z1, storey - 0.7, storey), shade(front, lit), z0)
        _shop_signs(canvas, rnd, place, storey)


def _shop_signs(canvas: Canvas, rnd: Random, place: Stretch, storey: float) -> None:
    """A sign with letters along the facade, and one that hangs over the pavement."""
    side, x, z0, z1, _ = place
    back = pick(rnd, PAINTS)
    ink = (236, 232, 220) if sum(back) < 380 else (44, 40, 46)
    start, long = z0 + 0.2 * (z1 - z0), 0.5 * (z1 - z0)
    if rnd.random() < 0.6:
        low, high, letters = storey - 0.8, storey + 0.15, rnd.randint(4, 8)
        canvas.polygon(canvas.wall(x, start, start + long, low, high), back, z0, SIGN)
        for letter in range(letters):
            za = start + long * (0.1 + 0.8 * letter / letters)
            stroke = canvas.wall(x, za, za + long * 0.5 / letters, low + 0.3, high - 0.3)
            canvas.polygon(stroke, ink, z0)
    if rnd.random() < 0.6 and canvas.sees(x, start, 2):
        hanging = Board(canvas, x - side * 0.65, max(start, 2), SIGN, storey + 0.1)
        hanging.box(-0.4, 0.4, 0, 0.9, back)
        hanging.box(-0.27, 0.27, 0.27, 0.63, ink, part=False)
