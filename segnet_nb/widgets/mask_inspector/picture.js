// @ts-check
// The picture of one state, pixel by pixel; picture.py does the same in the same whole-number arithmetic.

/** @import { MaskData, MaskState } from "./types" */

const NOTHING = 255;
const HIGHLIGHT = [240, 228, 66];

/**
 * Write the picture into `out` as RGBA bytes.
 * @param {MaskData} data
 * @param {MaskState} state
 * @param {Uint8ClampedArray} out
 * @param {Uint8Array} keys room for the class that colours each pixel
 */
export function compose(data, state, out, keys) {
  chooseClasses(data, state, keys);
  paintPhoto(data, state, out);
  paintClasses(data, state, keys, out);
  if (state.cell) highlight(data, state.cell, out);
}

/**
 * The first column of the prediction where truth and prediction are compared.
 * @param {MaskState} state
 * @param {number} width
 */
export function curtainAt(state, width) {
  return state.overlay === "compare" ? Math.round(state.curtain * width) : 0;
}

/**
 * @param {MaskData} data
 * @param {MaskState} state
 * @param {Uint8Array} keys
 */
function chooseClasses({ width, truth, predicted, percent: certainty }, state, keys) {
  const { threshold, visible } = state;
  if (!truth) {
    const on = state.overlay !== "none";
    for (let i = 0; i < keys.length; i++) {
      keys[i] = on && certainty[i] >= threshold && visible[predicted[i]] ? predicted[i] : NOTHING;
    }
    return;
  }
  const voidId = state.palette.length - 1, curtain = curtainAt(state, width);
  /** @param {number} i */
  const trueClass = (i) => (visible[truth[i]] ? truth[i] : NOTHING);
  /** @param {number} i */
  const predictedClass = (i) => (certainty[i] >= threshold && visible[predicted[i]] ? predicted[i] : NOTHING);
  /** @param {number} i */
  const wrongClass = (i) => (truth[i] !== voidId && truth[i] !== predicted[i] ? predictedClass(i) : NOTHING);
  const choose = {
    truth: trueClass,
    prediction: predictedClass,
    errors: wrongClass,
    none: () => NOTHING,
    /** @param {number} i */
    compare: (i) => (i % width < curtain ? trueClass(i) : predictedClass(i)),
  }[state.overlay];
  for (let i = 0; i < keys.length; i++) keys[i] = choose(i);
}

/**
 * The image itself: grey where errors are shown, hatched where the prediction is less certain than the threshold.
 * @param {MaskData} data
 * @param {MaskState} state
 * @param {Uint8ClampedArray} out
 */
function paintPhoto({ height, width, photo, percent: certainty }, state, out) {
  const { overlay, threshold } = state;
  const grey = overlay === "errors", curtain = curtainAt(state, width);
  const hatched = threshold > 0 && (grey || overlay === "prediction" || overlay === "compare");
  for (let y = 0, i = 0, j = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++, j += 4) {
      let r = photo[j], g = photo[j + 1], b = photo[j + 2];
      if (grey) r = g = b = (r * 77 + g * 151 + b * 28) >> 8;
      if (hatched && ((x + y) & 3) === 0 && certainty[i] < threshold && x >= curtain) {
        r >>= 1; g >>= 1; b >>= 1;
      }
      out[j] = r; out[j + 1] = g; out[j + 2] = b; out[j + 3] = 255;
    }
  }
}

/**
 * @param {MaskData} data
 * @param {MaskState} state
 * @param {Uint8Array} keys
 * @param {Uint8ClampedArray} out
 */
function paintClasses({ width }, state, keys, out) {
  const outline = state.drawing === "outline";
  const alpha = outline ? 256 : Math.round(256 * state.opacity), beta = 256 - alpha;
  const shades = Int32Array.from(state.palette.flat(), (part) => part * alpha + 128);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (key === NOTHING || (outline && !isEdge(keys, i, width))) continue;
    for (let part = 0; part < 3; part++) out[4 * i + part] = (out[4 * i + part] * beta + shades[3 * key + part]) >> 8;
  }
}

/**
 * Whether a pixel to the left, right, above or below has another class.
 * @param {Uint8Array} keys
 * @param {number} i
 * @param {number} width
 */
function isEdge(keys, i, width) {
  const x = i % width, key = keys[i];
  return (x > 0 && keys[i - 1] !== key) || (x < width - 1 && keys[i + 1] !== key)
    || (i >= width && keys[i - width] !== key) || (i + width < keys.length && keys[i + width] !== key);
}

/**
 * Light the pixels of one cell of the confusion matrix and darken all others.
 * @param {MaskData} data
 * @param {number[]} cell
 * @param {Uint8ClampedArray} out
 */
function highlight({ truth, predicted }, cell, out) {
  const light = HIGHLIGHT.map((part) => part * 224 + 128);
  for (let i = 0, j = 0; i < predicted.length; i++, j += 4) {
    const lit = truth && truth[i] === cell[0] && predicted[i] === cell[1];
    for (let part = 0; part < 3; part++) {
      const value = out[j + part];
      out[j + part] = lit ? (value * 32 + light[part]) >> 8 : (value * 90 + 128) >> 8;
    }
  }
}

/**
 * Of the pixels with a class: the share at least as certain as the threshold, and the share of those that is right.
 * Without labels all pixels count, and none is known to be right.
 * @param {MaskData} data
 * @param {number} threshold in percent
 * @param {number} voidId
 */
export function certainPixels({ truth, predicted, percent: certainty }, threshold, voidId) {
  let known = 0, certain = 0, right = 0;
  for (let i = 0; i < predicted.length; i++) {
    if (truth && truth[i] === voidId) continue;
    known += 1;
    if (certainty[i] < threshold) continue;
    certain += 1;
    if (truth && truth[i] === predicted[i]) right += 1;
  }
  return { share: certain / Math.max(known, 1), right: right / Math.max(certain, 1) };
}
