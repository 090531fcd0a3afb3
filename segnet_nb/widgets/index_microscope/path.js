// @ts-check
// The path of a pixel as squares on a map, and in numbers.

import { element, svg } from "../shared/dom.js";

/** @import { Point } from "../shared/types" */
/** @import { Frame, MapName, Path, Square, Step } from "./types" */

// How many poolings a map lies below the image, for stage 0.
const DEPTH = { image: 0, features: -1, pooled: 0, indices: 0, unpooled: -1, dense: -1 };

/** @param {number | null} number */
export function short(number) {
  if (number === null) return "–";
  if (number === 0) return "0";
  const size = Math.abs(number);
  const digits = [100, 10, 1].findIndex((limit) => size >= limit);
  const text = size >= 1000 || size < 0.001 ? number.toExponential(1) : number.toFixed(digits === -1 ? 3 : digits);
  return text.replace("-", "−");
}

/** @param {Point} point */
export function placeText([y, x]) {
  return `(${y},\u00a0${x})`;
}

/**
 * Side of a map's pixel in pixels of the image.
 * @param {MapName} name
 * @param {number} stage
 */
export function cellOf(name, stage) {
  return name === "image" ? 1 : 2 ** (stage + DEPTH[name]);
}

/**
 * The cells of a path on a map, down and then up.
 * @param {Path} path
 * @param {number} level 2 to this power is the side of the map's pixels
 */
export function cellsOf(path, level) {
  const depth = path.steps.length;
  /** @type {Square[]} */
  const down = [], /** @type {Square[]} */ up = [];
  for (let n = level; n <= depth; n += 1) {
    const side = 2 ** n;
    down.push([Math.floor(path.pixel[0] / side) * side, Math.floor(path.pixel[1] / side) * side, side]);
  }
  for (let n = depth; n >= level; n -= 1) {
    const [y, x] = n === depth ? path.steps[depth - 1].source : path.steps[n].returned;
    up.push([y * 2 ** n, x * 2 ** n, 2 ** n]);
  }
  return { down, up };
}

/**
 * A square laid over a map.
 * @param {string} kind
 * @param {Square} square
 * @param {number[]} size of the map in pixels of the image
 * @param {number} smallest side in pixels of the screen
 */
export function marker(kind, [top, left, side], [height, width], smallest) {
  /** @param {number} share */
  const size = (share) => (smallest ? `max(${smallest}px, ${share}%)` : `${share}%`);
  return element("div", {
    class: kind,
    style: `top:${(100 * (top + side / 2)) / height}%;left:${(100 * (left + side / 2)) / width}%;`
      + `height:${size((100 * side) / height)};width:${size((100 * side) / width)}`,
  });
}

/**
 * A line from square to square.
 * @param {Square[]} squares
 * @param {number[]} size of the map in pixels of the image
 */
export function trail(squares, [height, width]) {
  const points = squares.map(([top, left, side]) =>
    ({ x: `${(100 * (left + side / 2)) / width}%`, y: `${(100 * (top + side / 2)) / height}%` }));
  return svg("svg", {}, ...["sn-trail-halo", "sn-trail"].flatMap((kind) => points.slice(1).map((to, i) =>
    svg("line", { class: kind, x1: points[i].x, y1: points[i].y, x2: to.x, y2: to.y }))));
}

/**
 * The numbers of a window; the maximum has the colour of its index.
 * @param {Step} step
 * @param {Frame} frame
 */
function windowNumbers(step, frame) {
  const own = 2 * (step.pixel[0] % 2) + (step.pixel[1] % 2);
  const numbers = step.numbers.flat().map((number, offset) => {
    const won = offset === step.index, [color, name] = frame.offsets[offset];
    const title = [name, won && "the maximum", offset === own && "the pixel itself"];
    return element("span", {
      text: short(number), title: title.filter(Boolean).join(", "), "data-won": won, "data-own": offset === own,
      style: won ? `background:${color}` : null,
    });
  });
  return element("div", { class: "sn-window" }, ...numbers);
}

/**
 * One stage of the path: its window's numbers down, where the value is put up.
 * @param {Step} step
 * @param {boolean} chosen
 * @param {Frame} frame
 */
export function stepCard(step, chosen, frame) {
  const rows = [
    ["down", `${placeText(step.pixel)} → ${placeText(step.window)}`, "from the pixel to its window"],
    ["index", `${step.index} ${frame.offsets[step.index][1]}`, "where in the window the maximum is"],
    ["wins", step.won ? "yes" : "no", "whether the pixel itself is the maximum"],
    ["up", `${placeText(step.source)} → ${placeText(step.returned)}`, "where the decoder takes the value and puts it"],
    ["value", short(step.value), "what the decoder puts there"],
  ];
  return element("div", { class: "sn-step", "data-step": step.stage, "data-chosen": chosen },
    element("h4", {}, element("b", { text: `Stage ${step.stage}` }),
      element("span", { text: `channel ${step.channel}` })),
    windowNumbers(step, frame),
    element("dl", {}, ...rows.flatMap(([term, text, title]) =>
      [element("dt", { text: term, title }), element("dd", { text, title, "data-row": term })])));
}
