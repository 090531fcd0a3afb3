// @ts-check
// How right the most certain pixels are, and how well confidence fits accuracy, as in
// widgets/uncertainty_lens/numbers.py and metrics/calibration.py.

/** @import { Labels } from "./types" */
/** @typedef {{ predicted: Uint8Array, confidence: Float32Array, levels: Uint8Array[], truth: Labels }} Recorded */

const SHARES = Array.from({ length: 20 }, (_, k) => (k + 1) / 20);
const LEVELS = 256, BINS = 10;

/**
 * Pixels and right pixels of each level.
 * @param {Recorded[]} images
 * @param {number} measure
 * @param {number} void_id
 */
function histogram(images, measure, void_id) {
  const pixels = new Float64Array(LEVELS), right = new Float64Array(LEVELS);
  for (const { predicted, levels, truth } of images) {
    predicted.forEach((id, k) => {
      if (truth.data[k] === void_id) return;
      pixels[levels[measure][k]] += 1;
      right[levels[measure][k]] += Number(id === truth.data[k]);
    });
  }
  return { pixels, right };
}

/**
 * Accuracy of the most certain pixels; pixels of one level count with their mean accuracy.
 * @param {Recorded[]} images
 * @param {number} measure
 * @param {number} void_id
 * @returns {(number | null)[]} for each share kept; null without ground truth
 */
export function keptCurve(images, measure, void_id) {
  const { pixels, right } = histogram(images, measure, void_id);
  const all = pixels.reduce((sum, each) => sum + each, 0);
  let level = 0, before = 0, hits = 0;
  return SHARES.map((share) => {
    if (!all) return null;
    const wanted = share * all;
    while (level < LEVELS - 1 && before + pixels[level] < wanted) {
      before += pixels[level];
      hits += right[level];
      level += 1;
    }
    const part = pixels[level] ? (wanted - before) / pixels[level] : 0;
    return (hits + part * right[level]) / wanted;
  });
}

/**
 * For each share the level up to which pixels are kept, so that at least that share is.
 * @param {Recorded} image
 * @param {number} measure
 * @param {number} void_id
 */
export function keptLevels(image, measure, void_id) {
  const { pixels } = histogram([image], measure, void_id);
  const all = pixels.reduce((sum, each) => sum + each, 0);
  let level = 0, covered = pixels[0];
  return SHARES.map((share) => {
    if (!all) return LEVELS - 1;
    while (covered < share * all - 1e-6) {
      level += 1;
      covered += pixels[level];
    }
    return level;
  });
}

/**
 * @param {Recorded[]} images
 * @param {number} void_id
 * @returns {{ confidence: (number | null)[], accuracy: (number | null)[], error: number | null }}
 */
export function calibrationOf(images, void_id) {
  const pixels = new Float64Array(BINS), right = new Float64Array(BINS), sure = new Float64Array(BINS);
  for (const { predicted, confidence, truth } of images) {
    predicted.forEach((id, k) => {
      if (truth.data[k] === void_id) return;
      const bin = Math.min(Math.floor(confidence[k] * BINS), BINS - 1);
      pixels[bin] += 1;
      right[bin] += Number(id === truth.data[k]);
      sure[bin] += confidence[k];
    });
  }
  const all = pixels.reduce((sum, each) => sum + each, 0);
  if (!all) return { confidence: [], accuracy: [], error: null };
  /** @param {Float64Array} sums */
  const means = (sums) => [...pixels].map((count, bin) => (count ? sums[bin] / count : null));
  const error = pixels.reduce((sum, _, bin) => sum + Math.abs(right[bin] - sure[bin]) / all, 0);
  return { confidence: means(sure), accuracy: means(right), error };
}
