"""The layout of a street, and its rendering from far to near. Private to ``synthetic``."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from segnet_nb.datasets.synthetic import cars, ground as flat, objects
from segnet_nb.datasets.synthetic.buildings import WALLS, building
from segnet_nb.datasets.synthetic.canvas import Canvas, Stretch, pick
from segnet_nb.datasets.synthetic.ground import SIDES, Road, Shades

TRAFFIC = (cars.HATCHBACK,) * 5 + (cars.SALOON,) * 4 + (cars.VAN,) * 2
FENCE_COLORS = {
    "railing": ((34, 36, 40), (110, 114, 116), (40, 74, 54), (200, 200, 196), (196, 160, 40)),
    "boards": ((120, 92, 64), (88, 92, 80), (60, 84, 60), (148, 132, 112)),
    "wall": WALLS,
}
FENCE_HEIGHTS = {"railing": 1.1, "boards": 1.6, "wall": 0.85}


class Street:
    """A street with a random layout; each side is a terrace, houses with gardens, or a park."""

    def __init__(self, canvas: Canvas, rnd: Random) -> None:
        self.canvas, self.rnd, self.shades = canvas, rnd, Shades()
        self._objects: list[tuple[tuple[float, float, float], Callable[[], None]]] = []
        zones = ("terrace",) * 6 + ("houses",) * 3 + ("park",) * 2
        self.zones = {side: rnd.choice(zones) for side in SIDES}
        self.parking = {side: 2.2 * (rnd.random() < 0.5) for side in SIDES}
        left, right = rnd.uniform(1.7, 2.4), rnd.choice((2.4, 4.6, 5.0, 5.4, 8.2))
        walks = {side: rnd.choice((0, 2.0, 2.6, 3.2, 4.2)) for side in SIDES}
        if not any(walks.values()):
            walks[rnd.choice(SIDES)] = 2.2
        green = {side: rnd.random() < 0.2 or not walks[side] for side in SIDES}
        self.road = Road(
            edges={-1: left + self.parking[-1], 1: right + self.parking[1]},
            walks=walks,
            verges={side: rnd.uniform(0.8, 2.5) * green[side] for side in SIDES},
            paved={side: self.zones[side] == "terrace" for side in SIDES},
            junction=rnd.uniform(14, 40) if rnd.random() < 0.3 else math.inf,
            turn=rnd.choice(SIDES),
        )
        for side in SIDES:
            self._plan_zone(side)
            self._plan_pavement(side)
        self._plan_traffic()

    def draw(self) -> None:
        """Draw everything, from far to near."""
        flat.skyline(self.canvas, self.rnd)
        flat.ground(self.canvas, self.rnd, self.road)
        flat.markings(self.canvas, self.rnd, self.road)
        flat.shadows(self.canvas, self.rnd, self.shades)
        for _, draw in sorted(self._objects, key=lambda entry: entry[0]):
            draw()

    def _add(self, x: float, near: float, far: float, draw: Callable[..., None], *details: Any) -> None:
        """Register an object: distant sections of the street are drawn first, each from outside inwards."""
        key = -(far // 8), -abs(x), -near
        self._objects.append((key, lambda: draw(self.canvas, *details)))

    def _stand(self, x: float, z: float, draw: Callable[..., None], *details: Any) -> None:
        """Register an object at a point, if it is within the frame there."""
        if self.canvas.sees(x, z, 2.5):
            self._add(x, z, z, draw, self.rnd, x, z, *details)

    def _into_view(self, x: float) -> float:
        """Distance at which an object at x comes into view."""
        return max(abs(x) * self.canvas.camera.focal / 112, 3.5)

    def _plan_zone(self, side: int) -> None:
        rnd, zone = self.rnd, self.zones[side]
        opens, closes = self.road.mouth(side)
        front = self.road.front(side)
        if zone == "park":
            self._plan_park(side, front)
            return
        garden = rnd.choice((0, 0, 0, 1.5)) if zone == "terrace" else rnd.uniform(2.5, 6)
        tall = rnd.uniform(7, 17) if zone == "terrace" else rnd.uniform(5.5, 8)
        z = rnd.uniform(-3, 3)
        while z < 115:
            length = rnd.uniform(6, 15) * (1 + z / 50)
            if z < closes and z + length > opens:
                length = opens - z
                if length < 3:
                    z = closes
                    continue
            x = front + garden + rnd.choice((0, 0, 0.6))
            self._house(side, x, z, z + length, tall * rnd.uniform(0.75, 1.3))
            z += length
            if rnd.random() < (0.14 if zone == "terrace" else 0.8):
                gap = rnd.uniform(2.5, 7)
                self._tree(side * (x + rnd.uniform(0.5, 5)), z + gap / 2, rnd.uniform(5, 11))
                z += gap
        if zone == "houses":
            self._plan_boundary(side, front)
            z = self._into_view(front)
            while z < 90:
                self._tree(side * (front + rnd.uniform(0.8, garden)), z, rnd.uniform(4, 9))
                z += rnd.uniform(8, 20) * (1 + z / 40)
        elif rnd.random() < 0.6 and self.road.walks[side]:
            z, step = rnd.uniform(8, 20), rnd.uniform(9, 15)
            while z < 90:
                self._tree(side * (self.road.edges[side] + 0.8), z, rnd.uniform(6, 11.5))
                z += step * rnd.uniform(0.9, 1.2) * (1 + z / 90)

    def _plan_park(self, side: int, front: float) -> None:
        rnd = self.rnd
        z = rnd.uniform(0, 10)
        while z < 115:
            length = rnd.uniform(8, 20) * (1 + z / 70)
            if rnd.random() < 0.4:
                x = front + rnd.uniform(12, 25)
                self._house(side, x, z, z + length, rnd.uniform(5, 12))
            z += length
        self._plan_boundary(side, front)
        z = self._into_view(front) * 0.8
        while z < 95:
            self._tree(side * (front + rnd.uniform(0.8, 9)), z, rnd.uniform(4, 12))
            z += rnd.uniform(4, 10) * (1 + z / 30)

    def _house(self, side: int, x: float, z0: float, z1: float, height: float) -> None:
        self.shades.houses.append((side, x, z0, z1, height))
        (u0, *_), (u1, *_) = (self.canvas.spot(side * x, 0, z) for z in (z0, z1))
        if max(u0, u1) > 0 and min(u0, u1) < self.canvas.image.width:
            self._add(x, z0, z1, building, self.rnd, Stretch(side, side * x, z0, z1, height))

    def _tree(self, x: float, z: float, height: float) -> None:
        self.shades.crowns.append((x, z, height))
        if self.canvas.sees(x, z, height * 0.4):
            self._add(x, z, z, objects.tree, self.rnd, x, z, height)

    def _plan_boundary(self, side: int, x: float) -> None:
        """Fences, hedges and gaps between a garden or a park and the street."""
        rnd, z = self.rnd, 1.5
        opens, closes = self.road.mouth(side)
        while z < 70:
            length = rnd.uniform(6, 16)
            if z < closes and z + length > opens:
                length = opens - z
                if length < 1:
                    z = closes
                    continue
            kind = rnd.choice(("fence", "fence", "fence", "hedge", "gap"))
            if kind == "fence":
                self._fence(side, x, z, z + length)
            elif kind == "hedge":
                place = Stretch(side, side * x, z, z + length, rnd.uniform(0.8, 1.8))
                self._add(x, z, z + length, objects.hedge, rnd, place)
            z += length

    def _fence(self, side: int, x: float, z0: float, z1: float) -> None:
        kind = self.rnd.choice(("railing", "railing", "boards", "wall"))
        color = pick(self.rnd, FENCE_COLORS[kind])
        height, z = FENCE_HEIGHTS[kind] * self.rnd.uniform(0.85, 1.2), z0
        while z < z1:  # in short segments, so that other objects can be drawn between them
            stop = min(z + 5, z1)
            if self.canvas.sees(side * x, stop, 0):
                place = Stretch(side, side * x, z, stop, height)
                self._add(x, z, stop, objects.fence, kind, color, place)
            z = stop

    def _plan_pavement(self, side: int) -> None:
        rnd, edge = self.rnd, self.road.edges[side]
        x = edge + 0.4
        view = self._into_view(x)
        if rnd.random() < 0.75:
            z, step = view * rnd.uniform(1.2, 2.2), rnd.uniform(20, 30)
            while z < 100:
                self._add(x, z, z, objects.lamp, rnd, side, side * x, z)
                z += step
        for _ in range(rnd.choice((0, 0, 1, 2))):
            self._stand(side * (x + 0.2), view * rnd.uniform(1.1, 3), objects.post)
        for _ in range(rnd.choice((1, 1, 2, 2))):
            self._stand(side * (x + 0.1), view * rnd.uniform(1.0, 3), objects.sign)
        if self.road.junction < flat.FAR:
            self._stand(side * x, self.road.junction - 1, objects.traffic_light)
        if self.zones[side] == "terrace" and rnd.random() < 0.3:
            z = view * rnd.uniform(0.8, 1.6)
            self._fence(side, edge + 0.25, z, z + rnd.uniform(8, 22))
        deep = max(self.road.walks[side], 1.2)
        for _ in range(rnd.choice((0, 0, 1, 1, 2))):
            spot = edge + deep * rnd.uniform(0.3, 1.1)
            self._stand(side * spot, self._into_view(spot) * rnd.uniform(1.1, 2.2), objects.odd_object)
        for _ in range(rnd.choice((0, 1, 2, 3, 4))):
            spot = edge + rnd.uniform(0.4, deep)
            z = self._into_view(spot) * rnd.uniform(0.9, 2.4)
            self._stand(side * spot, z, objects.pedestrian)
            if rnd.random() < 0.35:  # a second person
                self._stand(side * (spot + 0.6), z + rnd.uniform(0, 0.8), objects.pedestrian)

    def _plan_traffic(self) -> None:
        rnd = self.rnd
        for side in SIDES:
            if not self.parking[side]:
                continue
            x = self.road.edges[side] - 1.1
            z, heading = self._into_view(x) * 0.5, rnd.choice(("away", "towards"))
            while z < 65:
                if rnd.random() < 0.7:
                    self._car(side * x, z, heading, rnd.choice(TRAFFIC))
                z += rnd.uniform(5.6, 9) * (1 + z / 80)
        if rnd.random() < 0.55:
            self._car(rnd.uniform(-0.4, 0.3), rnd.uniform(7, 40), "away", rnd.choice(TRAFFIC))
        if self.road.edges[1] > 4:
            for _ in range(rnd.choice((0, 1, 1, 2))):
                x, z = 3.2 + rnd.uniform(-0.3, 0.3), rnd.uniform(8, 55)
                body = cars.BUS if z > 15 and rnd.random() < 0.2 else rnd.choice(TRAFFIC)
                self._car(x, z, "towards", body)
        if self.road.junction < flat.FAR and rnd.random() < 0.6:
            place = rnd.uniform(-3, 6), self.road.junction + rnd.uniform(1, 4)
            self._car(*place, rnd.choice(("left", "right")), rnd.choice(TRAFFIC))
        for _ in range(rnd.choice((0, 1, 1, 2))):
            side = rnd.choice((-1, -1, 1))
            x = side * (self.road.edges[side] - self.parking[side] - rnd.uniform(0.4, 0.8))
            z = self._into_view(x) * rnd.uniform(1.1, 3) + 3
            self._stand(x, z, objects.bicyclist, rnd.choice((0.25, 0.4, 0.6, 1.0)))
        if rnd.random() < 0.35:
            z = rnd.uniform(9, 22)
            for _ in range(rnd.randint(1, 3)):  # crossing the road
                x = rnd.uniform(-self.road.edges[-1], self.road.edges[1])
                self._stand(x, z + rnd.uniform(0, 2), objects.pedestrian)

    def _car(self, x: float, z: float, heading: str, body: cars.Body) -> None:
        wide, long = body.width, body.length
        if heading in ("left", "right"):
            wide, long = long, wide
        if self.canvas.sees(x, z + long, wide):
            self.shades.cars.append((x - wide / 2, x + wide / 2, z, z + long))
            self._add(x, z, z, cars.car, self.rnd, x, z, heading, body)
