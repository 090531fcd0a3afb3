// @ts-check
// Mean IoU and boundary F1 of one image, as segnet_nb.metrics computes them: classes that the image lacks are
// ignored, and so are pixels without a class.

/** @import { Labels } from "./types" */

const TOLERANCE = 0.0075;  // of the diagonal

/**
 * @param {Labels} truth
 * @param {Labels} predicted
 * @param {number} count of the classes
 */
export function meanIoU(truth, predicted, count) {
  const hits = new Float64Array(count), rows = new Float64Array(count), columns = new Float64Array(count);
  for (let k = 0; k < truth.data.length; k += 1) {
    const t = truth.data[k], p = predicted.data[k];
    if (t >= count) continue;
    rows[t] += 1;
    columns[p] += 1;
    if (t === p) hits[t] += 1;
  }
  let sum = 0, shown = 0;
  for (let c = 0; c < count; c += 1) {
    if (!rows[c]) continue;
    shown += 1;
    sum += hits[c] / (rows[c] + columns[c] - hits[c]);
  }
  return shown ? sum / shown : 0;
}

/**
 * Bits of the classes with a boundary at each pixel: in its 2 x 2 block, but not filling it.
 * @param {Labels} labels
 * @param {number} count ids from here on have no bit
 */
function boundaries({ data, height, width }, count) {
  const words = new Int32Array(data.length), found = new Int32Array(data.length);
  for (let k = 0; k < data.length; k += 1) words[k] = data[k] < count ? 1 << data[k] : 0;
  for (let y = 0; y < height; y += 1) {
    const below = y + 1 < height ? width : 0;
    for (let x = 0; x < width; x += 1) {
      const k = y * width + x, right = x + 1 < width ? 1 : 0;
      const a = words[k], b = words[k + right], c = words[k + below], d = words[k + below + right];
      found[k] = (a | b | c | d) & ~(a & b & c & d);
    }
  }
  return found;
}

/**
 * Every bit grown by a disc.
 * @param {Int32Array} words
 * @param {number} height
 * @param {number} width
 * @param {number} squared radius
 */
function dilated(words, height, width, squared) {
  const grown = new Int32Array(words.length), radius = Math.floor(Math.sqrt(squared));
  for (let dy = -radius; dy <= radius; dy += 1) {
    const reach = Math.floor(Math.sqrt(squared - dy * dy));
    for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y += 1) {
      const to = (y + dy) * width, from = y * width;
      for (let x = 0; x < width; x += 1) {
        const word = words[from + x];
        if (!word) continue;
        const last = Math.min(width - 1, x + reach);
        for (let at = Math.max(0, x - reach); at <= last; at += 1) grown[to + at] |= word;
      }
    }
  }
  return grown;
}

/**
 * @param {Int32Array} words
 * @param {Int32Array | null} within
 * @param {number} count
 */
function bits(words, within, count) {
  const found = new Float64Array(count);
  for (let k = 0; k < words.length; k += 1) {
    const word = within ? words[k] & within[k] : words[k];
    for (let c = 0; word >> c; c += 1) found[c] += (word >> c) & 1;
  }
  return found;
}

/**
 * @param {Labels} truth
 * @param {Labels} predicted
 * @param {number} count of the classes, at most 30
 */
export function boundaryF1(truth, predicted, count) {
  const { height, width } = truth;
  // Where the truth is void any prediction is allowed.
  const judged = { height, width, data: predicted.data.map((id, k) => (truth.data[k] < count ? id : count)) };
  const squared = Math.floor(TOLERANCE ** 2 * (height ** 2 + width ** 2) + 1e-9);
  const edges = boundaries(truth, count), drawn = boundaries(judged, count);
  const real = bits(edges, null, count), claimed = bits(drawn, null, count);
  const recalled = bits(edges, dilated(drawn, height, width, squared), count);
  const correct = bits(drawn, dilated(edges, height, width, squared), count);
  let sum = 0, scored = 0;
  for (let c = 0; c < count; c += 1) {
    if (!real[c]) continue;
    scored += 1;
    const recall = recalled[c] / real[c], precision = correct[c] / Math.max(1, claimed[c]);
    if (recall + precision > 0) sum += (2 * precision * recall) / (precision + recall);
  }
  return scored ? sum / scored : 0;
}
