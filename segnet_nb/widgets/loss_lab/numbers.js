// @ts-check
// The numbers behind the loss lab, as numbers.py has them: predictions, losses and their gradients. Masks and maps
// are flat, ROWS x COLUMNS.

import { COLUMNS, LOSSES, ROWS } from "./losses.js";
import { firstOf, orderOf, rounded } from "./shapes.js";

/** @import { Point } from "../shared/types" */
/** @import { ByLoss, Degraded, Numbers, Setting } from "./types" */

const DICE_EPSILON = 1e-6;

/**
 * A Gaussian along one axis; the border is repeated.
 * @param {Float64Array} values
 * @param {number} deviation pixels
 * @param {number} step between neighbors
 * @param {number} length of the axis
 */
function blurred(values, deviation, step, length) {
  const reach = Math.floor(4 * deviation + 0.5);
  const weights = Array.from({ length: reach + 1 }, (_, d) => Math.exp(-0.5 * (d / deviation) ** 2));
  const total = weights.reduce((sum, weight, d) => sum + (d ? 2 : 1) * weight, 0);
  return values.map((value, k) => {
    const at = Math.floor(k / step) % length, first = k - at * step;
    let sum = weights[0] * value;
    for (let d = 1; d <= reach; d += 1) {
      sum += weights[d] * (values[first + Math.max(0, at - d) * step]
        + values[first + Math.min(length - 1, at + d) * step]);
    }
    return sum / total;
  });
}

/**
 * The object's logit per pixel of an imperfect prediction.
 * @param {Uint8Array} mask
 * @param {Degraded} how
 */
export function predictedLogits(mask, { confidence, blur, shift, missed }) {
  const places = Array.from(mask.keys()).filter((k) => mask[k]);
  const found = places.slice(0, places.length - rounded(missed * places.length));
  /** @type {Float64Array<ArrayBufferLike>} */
  let soft = new Float64Array(mask.length);
  for (const k of found) {
    const x = (k % COLUMNS) + shift;
    if (x >= 0 && x < COLUMNS) soft[k + shift] = 1;
  }
  if (blur > 0) soft = blurred(blurred(soft, blur, COLUMNS, ROWS), blur, 1, COLUMNS);
  const scale = Math.log(confidence / (1 - confidence));
  return soft.map((value) => scale * (2 * value - 1));
}

/** @param {number} x log(1 + exp(x)) */
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** @param {number} logit */
export const probability = (logit) => Math.exp(-softplus(-logit));

/**
 * Median frequency balancing for this very mask; 0 for a class that is not there.
 * @param {Uint8Array} mask
 * @returns {Point} of background and object
 */
export function balancingWeights(mask) {
  const share = mask.reduce((sum, on) => sum + on, 0) / mask.length;
  if (share === 0) return [1, 0];
  return share === 1 ? [0, 1] : [0.5 / (1 - share), 0.5 / share];
}

/**
 * Twice the overlap and the sum of the sizes, of background and object.
 * @param {Uint8Array} mask
 * @param {Float64Array} chance of the object
 * @returns {Point[]}
 */
function diceParts(mask, chance) {
  return [0, 1].map((own) => {
    let overlap = 0, size = 0;
    chance.forEach((p, k) => {
      const mine = own ? p : 1 - p, there = mask[k] === own;
      if (there) overlap += mine;
      size += mine + Number(there);
    });
    return [2 * overlap + DICE_EPSILON, size + DICE_EPSILON];
  });
}

/**
 * @param {Uint8Array} mask
 * @param {Float64Array} logits
 * @returns {ByLoss<number>}
 */
export function lossValues(mask, logits) {
  const weights = balancingWeights(mask);
  let entropy = 0, weighted = 0;
  logits.forEach((logit, k) => {
    const loss = softplus(mask[k] ? -logit : logit) / logits.length;
    entropy += loss;
    weighted += weights[mask[k]] * loss;
  });
  const dice = diceParts(mask, logits.map(probability)).reduce((sum, [a, b]) => sum + (1 - a / b) / 2, 0);
  return { cross_entropy: entropy, weighted, dice, cross_entropy_dice: entropy + dice };
}

/**
 * How each loss changes with the object's logit of each pixel, in closed form.
 * @param {Uint8Array} mask
 * @param {Float64Array} logits
 * @returns {ByLoss<Float64Array>}
 */
export function lossGradients(mask, logits) {
  const chance = logits.map(probability), weights = balancingWeights(mask), parts = diceParts(mask, chance);
  const entropy = chance.map((p, k) => (p - mask[k]) / mask.length);
  const dice = chance.map((p, k) => {
    const [background, object] = parts.map(([a, b], own) => (a - 2 * Number(mask[k] === own) * b) / b ** 2 / 2);
    return p * (1 - p) * (object - background);
  });
  return {
    cross_entropy: entropy, weighted: entropy.map((value, k) => weights[mask[k]] * value), dice,
    cross_entropy_dice: entropy.map((value, k) => value + dice[k]),
  };
}

/**
 * Share of all pull that comes from pixels of the object.
 * @param {Uint8Array} mask
 * @param {Float64Array} gradient
 */
function pullOf(mask, gradient) {
  const total = gradient.reduce((sum, value) => sum + Math.abs(value), 0);
  return total && gradient.reduce((sum, value, k) => sum + mask[k] * Math.abs(value), 0) / total;
}

/**
 * What is measured on the likelier class; a draw goes to the background.
 * @param {Uint8Array} mask
 * @param {Float64Array} chance
 */
function scoresOf(mask, chance) {
  const matrix = [[0, 0], [0, 0]];
  chance.forEach((p, k) => { matrix[mask[k]][Number(p > 0.5)] += 1; });
  const [[a, b], [c, d]] = matrix, iou = [a, d].map((hits) => hits && hits / (hits + b + c));
  return { global_accuracy: (a + d) / mask.length, mean_iou: (iou[0] + iou[1]) / 2, object_iou: iou[1] };
}

/**
 * All that the lab shows of one state, but for the curves.
 * @param {Uint8Array} mask
 * @param {Degraded} how
 * @returns {Numbers}
 */
export function numbersOf(mask, how) {
  const logits = predictedLogits(mask, how), chance = logits.map(probability);
  const gradients = lossGradients(mask, logits);
  return {
    chance, gradients, losses: lossValues(mask, logits), weights: balancingWeights(mask),
    pull: /** @type {any} */ (Object.fromEntries(LOSSES.map(([name]) => [name, pullOf(mask, gradients[name])]))),
    scores: scoresOf(mask, chance),
  };
}

/**
 * Numbers at equal distances, as NumPy rounds them.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
function spread(low, high, count) {
  const step = (high - low) / (count - 1);
  return Array.from({ length: count }, (_, k) => (k === count - 1 ? high : low + k * step));
}

/** @type {Record<Setting, number[]>} where a curve is sampled */
export const SAMPLES = {
  confidence: [...spread(0.5, 0.99, 50), 0.999], blur: spread(0, 4, 41), shift: spread(-8, 8, 17),
  missed: spread(0, 1, 41), share: spread(0.01, 0.5, 50),
};

/**
 * Every loss as one setting runs through its range and the others stay.
 * @param {Float64Array} field of the object
 * @param {Uint8Array} mask
 * @param {Degraded} how
 * @param {Setting} against
 */
export function lossCurves(field, mask, how, against) {
  /** @type {ByLoss<Point[]>} */
  const lines = { cross_entropy: [], weighted: [], dice: [], cross_entropy_dice: [] };
  const order = against === "share" ? orderOf(field) : [];
  for (const value of SAMPLES[against]) {
    const truth = against === "share" ? firstOf(order, value) : mask;
    const losses = lossValues(truth, predictedLogits(truth, { ...how, [against]: value }));
    for (const [name] of LOSSES) lines[name].push([Math.round(value * 1e4) / 1e4, losses[name]]);
  }
  return lines;
}
