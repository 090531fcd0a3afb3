// @ts-check
// Where the numbers of an axis stand.

/** @import { Point } from "./types" */

/**
 * Round numbers between two ends, about `count` of them, no closer than `least`.
 * @param {Point} ends
 * @param {number} count
 */
export function ticksOf([low, high], count, least = 0) {
  const rough = Math.max((high - low) / count, least, 1e-12);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5].find((one) => one * power >= rough * 0.999) ?? 10;
  const step = Math.max(least, power * factor);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}
