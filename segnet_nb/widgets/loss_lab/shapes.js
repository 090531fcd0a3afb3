// @ts-check
// Objects on the lab's pixels: shapes, and what is painted, in any size. Masks and fields are flat, ROWS x COLUMNS.

import { COLUMNS, PIXELS, ROWS } from "./losses.js";

/** @import { Point } from "../shared/types" */

/** The shapes there are, with the share of the pixels that each takes at first. */
export const PRESETS = { disc: 0.1146, pole: 0.03, blobs: 0.1 };

/** @param {number} value one half goes to the even neighbor, as in NumPy */
export function rounded(value) {
  const below = Math.floor(value), rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

/** @param {number} a @param {number} b */
const distance = (a, b) => Math.sqrt(a * a + b * b);

/**
 * A value for each pixel.
 * @param {(y: number, x: number) => number} valueAt
 */
const fieldOf = (valueAt) =>
  Float64Array.from({ length: PIXELS }, (_, k) => valueAt(Math.floor(k / COLUMNS), k % COLUMNS));

/**
 * In which order a shape takes its pixels: the smallest values first.
 * @param {string} name
 */
export function presetField(name) {
  if (name === "pole") return fieldOf((y, x) => 2 * ROWS * Math.abs(x - 15.75) + Math.abs(y - 11.5));
  if (name === "blobs") {
    return fieldOf((y, x) => Math.min(distance(y - 8.5, x - 9.5), distance(y - 16, x - 24) + 2.5));
  }
  return fieldOf((y, x) => distance(y - 11.5, x - 15.5));
}

/**
 * The same for a painted object: it is resized from its outline. Beyond the image is background.
 * @param {Uint8Array} mask
 */
export function objectField(mask) {
  if (!mask.includes(1)) return presetField("disc");
  /** @type {Point[][]} places of background and object */
  const places = [[], []];
  for (let y = -1; y <= ROWS; y += 1) {
    for (let x = -1; x <= COLUMNS; x += 1) {
      const inside = y >= 0 && y < ROWS && x >= 0 && x < COLUMNS;
      places[inside ? mask[y * COLUMNS + x] : 0].push([y, x]);
    }
  }
  return fieldOf((y, x) => {
    const own = mask[y * COLUMNS + x];
    let least = Infinity;
    for (const [row, column] of places[1 - own]) least = Math.min(least, (y - row) ** 2 + (x - column) ** 2);
    return own ? -Math.sqrt(least) : Math.sqrt(least);
  });
}

/** @param {Float64Array} field */
export const orderOf = (field) => Array.from(field.keys()).sort((a, b) => field[a] - field[b] || a - b);

/**
 * The object that takes the first pixels of an order.
 * @param {number[]} order
 * @param {number} share 0..1
 */
export function firstOf(order, share) {
  const mask = new Uint8Array(order.length);
  for (const k of order.slice(0, rounded(share * order.length))) mask[k] = 1;
  return mask;
}

/**
 * The object that takes this share of all pixels.
 * @param {Float64Array} field
 * @param {number} share 0..1
 */
export const objectAt = (field, share) => firstOf(orderOf(field), share);

/**
 * The object as the trait has it.
 * @param {Iterable<number>} mask
 */
export function textOf(mask) {
  const signs = Array.from(mask, (on) => ".#"[on]).join("");
  return Array.from({ length: ROWS }, (_, y) => signs.slice(y * COLUMNS, (y + 1) * COLUMNS)).join("\n");
}

/**
 * The mask of textOf.
 * @param {string} text
 */
export function maskOf(text) {
  return Uint8Array.from(text.replaceAll("\n", ""), (sign) => Number(sign === "#"));
}
