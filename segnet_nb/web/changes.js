// @ts-check
// Other indices: all zero, shuffled, or partly random. The page draws with a generator of its own.

/** @import { Indices } from "./types" */

/**
 * Random numbers in 0..1 from a seed (mulberry32).
 * @param {number} seed
 */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A generator for each seed and stage.
 * @param {number} seed
 * @param {number} stage
 */
export function drawnFrom(seed, stage) {
  return randomNumbers(Math.imul(seed + 1, 2654435761) ^ Math.imul(stage, 40503));
}

/**
 * All zero: each value at the top left of its window.
 * @param {Indices} indices
 * @returns {Indices}
 */
export function zeroed(indices) {
  return { ...indices, data: new Uint8Array(indices.data.length) };
}

/**
 * A random permutation of the indices of each channel: complete windows among each other, and the partial ones of
 * an odd edge among each other, so that none points beyond it.
 * @param {Indices} indices
 * @param {() => number} draw
 * @returns {Indices}
 */
export function shuffled(indices, draw) {
  const { channels, height, width, size } = indices, data = indices.data.slice();
  const whole = [size[0] >> 1, size[1] >> 1];
  for (let c = 0; c < channels; c += 1) {
    /** @type {number[][]} */
    const parts = [[], [], [], []];
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        parts[2 * Number(y >= whole[0]) + Number(x >= whole[1])].push((c * height + y) * width + x);
      }
    }
    for (const places of parts) {
      for (let n = places.length - 1; n > 0; n -= 1) {
        const a = places[n], b = places[Math.floor(draw() * (n + 1))], kept = data[a];
        data[a] = data[b];
        data[b] = kept;
      }
    }
  }
  return { ...indices, data };
}

/**
 * A share of the indices replaced by random ones. A larger share replaces those of a smaller one, and more.
 * @param {Indices} indices
 * @param {number} share
 * @param {() => number} draw
 * @returns {Indices}
 */
export function randomized(indices, share, draw) {
  const { height, width, size } = indices, data = indices.data.slice();
  for (let k = 0; k < data.length; k += 1) {
    const chosen = draw() < share, drawn = Math.floor(4 * draw());
    if (!chosen) continue;
    const x = k % width, y = Math.floor(k / width) % height;
    const lower = 2 * y + 1 < size[0] ? drawn & 2 : 0, right = 2 * x + 1 < size[1] ? drawn & 1 : 0;
    data[k] = lower | right;
  }
  return { ...indices, data };
}
