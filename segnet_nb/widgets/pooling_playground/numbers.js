// @ts-check
// A map's maxima and indices, four ways to upsample them, and their scores. numbers.py computes the same.

import { clamp } from "../shared/values.js";

/** @import { Answer, Preset, Way } from "./types" */

export const PLACES = ["top left", "top right", "bottom left", "bottom right"];

/** @type {Record<Way, { title: string, name: string, note: string }>} */
export const WAYS = {
  unpooled: { title: "Unpooling", name: "unpooling", note: "each maximum to its place, zeros around it" },
  nearest: { title: "Nearest", name: "nearest", note: "each maximum four times" },
  bilinear: { title: "Bilinear", name: "bilinear", note: "maxima blended with their neighbours" },
  transposed: { title: "Transposed convolution", name: "transposed convolution",
    note: "each maximum times these weights, which a network learns" },
};
export const WAY_NAMES = /** @type {Way[]} */ (Object.keys(WAYS));

const EXAMPLE = [
  [1, 3, 2, 2, 4, 0, 6, 1], [0, 2, 2, 2, 1, 7, 3, 5], [-4, -1, 0, 0, 8, 2, 1, 1], [-2, -3, 5, 0, 3, 6, 0, 9],
  [3, 1, 4, 1, 5, 9, 2, 6], [5, 3, 5, 8, 9, 7, 9, 3], [2, 3, 8, 4, 6, 2, 6, 4], [3, 3, 8, 3, 2, 7, 9, 5],
];
const TIES = [[5, 5, 5, 5], [1, 6, 6, 2], [0, 0, 4, 4], [3, 1, 3, 3]];

/**
 * A map made of what a function gives for each place.
 * @template V
 * @param {number} rows
 * @param {number} columns
 * @param {(y: number, x: number) => V} value
 */
export function mapOf(rows, columns, value) {
  return Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (_value, x) => value(y, x)));
}

/**
 * Where in its window a place lies: the index 2 * dy + dx.
 * @param {number} y
 * @param {number} x
 */
export const offsetOf = (y, x) => (y % 2) * 2 + x % 2;

/**
 * @param {Preset} name
 * @param {number} rows
 * @param {number} columns
 * @param {number} seed
 */
export function preset(name, rows, columns, seed) {
  let state = Math.imul(2654435769, seed) >>> 0;  // seeds that are neighbours begin far apart
  const random = () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return Math.floor((state >>> 16) * 19 / 65536) - 9;
  };
  /** @type {Record<Preset, (y: number, x: number) => number>} */
  const values = {
    example: (y, x) => EXAMPLE[y][x],
    ties: (y, x) => TIES[((y >> 1) * 2 + (x >> 1)) % 4][offsetOf(y, x)],
    negative: (y, x) => -1 - (3 * y + 5 * x + x * y) % 9,
    zeros: () => 0,
    random,
  };
  return mapOf(rows, columns, values[name]);
}

/**
 * A value as it is shown: two decimals below 10, one above, none where there are none; `short`: one less.
 * @param {number} value
 */
export function number(value, short = false) {
  const factor = (Math.abs(value) < 10 ? 100 : 10) / (short ? 10 : 1);
  const rounded = Math.sign(value) * Math.floor(Math.abs(value) * factor + 0.5) / factor;
  return String(rounded === 0 ? 0 : rounded);
}

/**
 * The places of a window that lie inside the map, in reading order.
 * @param {number[][]} grid
 * @param {number} wy
 * @param {number} wx
 */
export function placesOf(grid, wy, wx) {
  return [0, 1, 2, 3].map((offset) => ({ offset, y: 2 * wy + (offset >> 1), x: 2 * wx + offset % 2 }))
    .filter(({ y, x }) => y < grid.length && x < grid[0].length)
    .map(({ offset, y, x }) => ({ offset, value: grid[y][x], y, x }));
}

/**
 * Maxima, indices and how many windows have several maxima; the first one in reading order wins.
 * @param {number[][]} grid
 */
function pool(grid) {
  const rows = Math.ceil(grid.length / 2), columns = Math.ceil(grid[0].length / 2);
  const windows = mapOf(rows, columns, (wy, wx) => {
    const places = placesOf(grid, wy, wx);
    const value = Math.max(...places.map((place) => place.value));
    const winners = places.filter((place) => place.value === value);
    return { value, index: winners[0].offset, tied: winners.length > 1 };
  });
  return {
    pooled: windows.map((row) => row.map(({ value }) => value)),
    indices: windows.map((row) => row.map(({ index }) => index)),
    ties: windows.flat().filter(({ tied }) => tied).length,
  };
}

/**
 * The maxima upsampled in four ways.
 * @param {number[][]} pooled
 * @param {number[][]} indices
 * @param {number[][]} kernel
 * @param {number[]} size rows and columns
 * @returns {Record<Way, number[][]>}
 */
function upsample(pooled, indices, kernel, [rows, columns]) {
  /** @type {(y: number, x: number) => number} */
  const maximum = (y, x) => pooled[y >> 1][x >> 1];
  return {
    unpooled: mapOf(rows, columns, (y, x) => (indices[y >> 1][x >> 1] === offsetOf(y, x) ? maximum(y, x) : 0)),
    nearest: mapOf(rows, columns, maximum),
    bilinear: mapOf(rows, columns, (y, x) => {
      // Half-pixel centres: a quarter of a window from the own centre, towards the neighbour on that side.
      const y2 = clamp((y >> 1) + (y % 2 ? 1 : -1), 0, pooled.length - 1);
      const x2 = clamp((x >> 1) + (x % 2 ? 1 : -1), 0, pooled[0].length - 1);
      /** @param {number} row */
      const along = (row) => 0.75 * pooled[row][x >> 1] + 0.25 * pooled[row][x2];
      return 0.75 * along(y >> 1) + 0.25 * along(y2);
    }),
    transposed: mapOf(rows, columns, (y, x) => maximum(y, x) * kernel[y % 2][x % 2]),
  };
}

/**
 * Maxima, indices, the four maps and their scores.
 * @param {number[][]} grid
 * @param {number[][]} kernel
 * @returns {Answer}
 */
export function answer(grid, kernel) {
  const found = pool(grid);
  const maps = upsample(found.pooled, found.indices, kernel, [grid.length, grid[0].length]);
  /** @type {Record<Way, number>} */
  const errors = { unpooled: 0, nearest: 0, bilinear: 0, transposed: 0 }, kept = { ...errors };
  for (const way of WAY_NAMES) {
    maps[way].forEach((row, y) => row.forEach((value, x) => {
      errors[way] += Math.abs(value - grid[y][x]);
      kept[way] += value === grid[y][x] ? 1 : 0;
    }));
    errors[way] = Math.round(errors[way] * 1e9) / 1e9;
  }
  return { ...found, maps, errors, kept };
}

/**
 * What there is to see in this map, in a few words.
 * @param {number[][]} grid
 * @param {Answer} found
 */
export function explain(grid, { errors, kept, ties }) {
  const values = grid.flat(), rows = grid.length, columns = grid[0].length;
  const said = [];
  if (values.every((value) => value === 0)) said.push("All values are zero: every way up gives the map back.");
  else if (values.every((value) => value < 0)) {
    said.push("All values are negative: the zeros that unpooling leaves are larger than any of them.");
  }
  if (ties === 0) said.push("No window has a tie.");
  else {
    const who = ties === 1 ? "1 window has a tie" : `${ties} windows have ties`;
    said.push(`${who}; the first maximum in reading order wins.`);
  }
  const partial = Math.ceil(rows / 2) * Math.ceil(columns / 2) - (rows >> 1) * (columns >> 1);
  if (partial) said.push(`${partial} windows at an odd edge hold fewer than four values.`);
  if (values.some((value) => value !== 0)) {
    const least = Math.min(...Object.values(errors)), most = Math.max(...Object.values(kept));
    said.push(`Smallest error: ${namesWith(errors, least)} (${number(least)}).`);
    said.push(`Most values exactly right: ${namesWith(kept, most)} (${most} of ${values.length}).`);
  }
  return said.join(" ");
}

/**
 * @param {Record<Way, number>} scores
 * @param {number} score
 */
function namesWith(scores, score) {
  return WAY_NAMES.filter((way) => scores[way] === score).map((way) => WAYS[way].name).join(" and ");
}
