// @ts-check
// Where two predictions differ, and which of them is right, pixel by pixel.

/** @import { Counts } from "./types" */

/** What a pixel is, in the order of COLORS in comparison.js. */
export const OUTCOME = { unknown: 0, both: 1, onlyA: 2, onlyB: 3, neither: 4, wrongDiffer: 5, differ: 6 };

/**
 * What each pixel is. Without truth: unknown, or different.
 * @param {Uint8Array | null} truth ids from `classes` on are void
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 * @param {number} classes
 */
export function outcomes(truth, a, b, classes) {
  const found = new Uint8Array(a.length);
  for (let i = 0; i < a.length; i++) found[i] = outcome(truth ? truth[i] : -1, a[i], b[i], classes);
  return found;
}

/**
 * @param {number} truth -1: there is none
 * @param {number} a
 * @param {number} b
 * @param {number} classes
 */
function outcome(truth, a, b, classes) {
  if (truth < 0) return a === b ? OUTCOME.unknown : OUTCOME.differ;
  if (truth >= classes) return OUTCOME.unknown;
  if (a === truth) return b === truth ? OUTCOME.both : OUTCOME.onlyA;
  if (b === truth) return OUTCOME.onlyB;
  return a === b ? OUTCOME.neither : OUTCOME.wrongDiffer;
}

/** @returns {Counts} */
function none() {
  return { pixels: 0, both: 0, onlyA: 0, onlyB: 0, neither: 0, differ: 0 };
}

/**
 * Counts by true class; without truth by the class that A predicts, where only `pixels` and `differ` mean something.
 * @param {Uint8Array | null} truth
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 * @param {number} classes
 */
export function countsOf(truth, a, b, classes) {
  const found = Array.from({ length: classes }, none);
  for (let i = 0; i < a.length; i++) {
    const counts = found[truth ? truth[i] : a[i]];
    if (!counts) continue;
    counts.pixels++;
    if (a[i] !== b[i]) counts.differ++;
    if (truth) counts[rightOf(a[i] === truth[i], b[i] === truth[i])]++;
  }
  return found;
}

/**
 * @param {boolean} a
 * @param {boolean} b
 * @returns {"both" | "onlyA" | "onlyB" | "neither"}
 */
function rightOf(a, b) {
  if (a) return b ? "both" : "onlyA";
  return b ? "onlyB" : "neither";
}

/**
 * @param {Counts[]} all
 * @returns {Counts}
 */
export function total(all) {
  const sum = none();
  for (const counts of all) {
    for (const name of /** @type {(keyof Counts)[]} */ (Object.keys(sum))) sum[name] += counts[name];
  }
  return sum;
}

/**
 * The counts of several images, class by class.
 * @param {Counts[][]} images
 * @param {number} classes
 */
export function together(images, classes) {
  return Array.from({ length: classes }, (_, id) => total(images.map((counts) => counts[id])));
}
