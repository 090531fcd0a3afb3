// @ts-check
// Small functions of numbers, texts and keys.

/** @import { Point } from "./types" */

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/**
 * A share in 0..1 as text; a dash where there is none.
 * @param {number | null | undefined} share
 */
export function percent(share, digits = 1) {
  return share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)} %`;
}

/**
 * The step of a key as [rows, columns]: arrows, Page Up and Page Down, Home and End for the ends of a row;
 * undefined for every other key.
 * @param {string} key
 * @returns {Point | undefined}
 */
export function stepOf(key) {
  /** @type {Record<string, Point>} */
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
    PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -Infinity], End: [0, Infinity] };
  return steps[key];
}

/**
 * A pixel moved by a step, kept inside the image.
 * @param {Point} from
 * @param {Point} step
 * @param {number[]} size height and width
 * @returns {Point}
 */
export function moved(from, step, size, pace = 1) {
  return [clamp(from[0] + pace * step[0], 0, size[0] - 1), clamp(from[1] + pace * step[1], 0, size[1] - 1)];
}
