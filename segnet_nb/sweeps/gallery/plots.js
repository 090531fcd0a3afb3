// @ts-check
// Axes of the gallery's plots, and the look of lines that must be told apart.

import { svg } from "../../widgets/shared/dom.js";
import { ticksOf } from "../../widgets/shared/ticks.js";

/** @import { Point } from "../../widgets/shared/types" */

/** Lines with a colour and a dash pattern of their own, .gl-line-1 and so on in plots.css. */
export const STYLES = 8;

/**
 * @typedef {{ width: number, height: number, left: number, right: number, top: number, bottom: number }} Frame
 */

/**
 * A range that holds all values, with a little room.
 * @param {number[]} values
 * @returns {Point}
 */
export function rangeOf(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  const room = (high - low) * 0.06 || Math.abs(high) * 0.05 || 0.5;
  return [low - room, high + room];
}

/**
 * Where values lie in a frame.
 * @param {Frame} frame
 * @param {Point} x
 * @param {Point} y
 */
export function scales({ width, height, left, right, top, bottom }, x, y) {
  return {
    /** @param {number} value */
    across: (value) => left + (value - x[0]) / (x[1] - x[0] || 1) * (width - left - right),
    /** @param {number} value */
    down: (value) => height - bottom - (value - y[0]) / (y[1] - y[0] || 1) * (height - top - bottom),
  };
}

/**
 * Lines of the grid with their numbers.
 * @param {Frame} frame
 * @param {Point} y
 * @param {(value: number) => string} text
 */
export function gridLines(frame, y, text) {
  const { down } = scales(frame, [0, 1], y);
  return ticksOf(y, 4).flatMap((tick) => [
    svg("line", { x1: frame.left, x2: frame.width - frame.right, y1: down(tick), y2: down(tick), class: "gl-rule" }),
    svg("text", { x: frame.left - 6, y: down(tick) + 4, "text-anchor": "end", text: text(tick) }),
  ]);
}

/**
 * The numbers below a plot.
 * @param {Frame} frame
 * @param {Point} x
 */
export function numbersBelow(frame, x) {
  const { across } = scales(frame, x, [0, 1]);
  return ticksOf(x, 8, 1).map((tick) => svg("text", {
    x: across(tick), y: frame.height - frame.bottom + 16, "text-anchor": "middle", text: `${tick}`,
  }));
}

/**
 * The number of an axis: in per cent where the values are shares.
 * @param {boolean} share
 */
export function tickText(share) {
  /** @param {number} value */
  return (value) => `${Number((share ? 100 * value : value).toPrecision(6))}`;
}
