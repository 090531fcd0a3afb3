// @ts-check
// What the lab shows of its state, computed here with a kernel and without one. Only the shape of the object comes
// from the kernel where there is one.

import { COLUMNS, LOSSES, PIXELS, ROWS } from "./losses.js";
import { lossCurves, numbersOf } from "./numbers.js";
import { maskOf, objectAt, objectField, presetField, PRESETS, rounded, textOf } from "./shapes.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { ByLoss, Numbers, Traits } from "./types" */

export class Computed {
  /** @param {Scope<Traits>} scope */
  constructor(scope) {
    this.scope = scope;
    /** @type {{ key: string, numbers: Numbers } | null} */
    this.last = null;
  }

  mask() {
    return maskOf(this.scope.get("mask"));
  }

  how() {
    const { scope } = this;
    return { confidence: scope.get("confidence"), blur: scope.get("blur"), shift: scope.get("shift"),
      missed: scope.get("missed") };
  }

  /** @returns {Numbers} */
  numbers() {
    const key = JSON.stringify([this.scope.get("mask"), this.how()]);
    if (this.last?.key !== key) this.last = { key, numbers: numbersOf(this.mask(), this.how()) };
    return this.last.numbers;
  }

  /** In which order the object takes its pixels when it is resized. */
  field() {
    const preset = this.scope.get("preset");
    return preset === "own" ? objectField(maskOf(this.scope.get("painted"))) : presetField(preset);
  }

  lines() {
    return lossCurves(this.field(), this.mask(), this.how(), this.scope.get("against"));
  }

  /**
   * The value of full color in each map, times the number of pixels: for cross-entropy that is p - y.
   * @returns {ByLoss<number>}
   */
  largest() {
    const { gradients } = this.numbers();
    const each = LOSSES.map(([name]) =>
      PIXELS * gradients[name].reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    const most = Math.max(...each), same = this.scope.get("same_scale");
    return /** @type {any} */ (Object.fromEntries(LOSSES.map(([name], k) => [name, same ? most : each[k]])));
  }

  /** The pixel under the cursor, in a flat map. */
  place() {
    const [y, x] = this.scope.get("cursor");
    return y * COLUMNS + x;
  }
}

/**
 * Without a kernel, what it does with the object: shape, share and painted mask follow each other.
 * @param {Scope<Traits>} scope
 * @param {Computed} computed
 */
export function followObject(scope, computed) {
  let following = false;
  /** @param {() => void} set */
  const follow = (set) => () => {
    if (following) return;
    following = true;
    set();
    following = false;
  };
  const resize = () => scope.set("mask", textOf(objectAt(computed.field(), scope.get("share"))));
  scope.watch("share", follow(resize));
  scope.watch("preset", follow(() => {
    const preset = scope.get("preset");
    if (preset === "own") return;
    scope.set("share", PRESETS[preset]);
    resize();
  }));
  scope.watch("mask", follow(() => {
    const mask = computed.mask(), count = mask.reduce((sum, on) => sum + on, 0);
    scope.set("painted", scope.get("mask"));
    scope.set("preset", "own");
    scope.set("share", rounded(count / PIXELS * 1e4) / 1e4);
  }));
}

const WHITE = [255, 255, 255], LESS = [0, 114, 178], MORE = [213, 94, 0];
const OUTSIDE = [232, 232, 236], INSIDE = [230, 159, 0];

/**
 * A map as an image, mixed from two colors for each value.
 * @param {Float64Array} values
 * @param {number[]} low
 * @param {(value: number) => { color: number[], strength: number }} colorOf
 */
function mixed(values, low, colorOf) {
  const image = new ImageData(COLUMNS, ROWS);
  values.forEach((value, k) => {
    const { color, strength } = colorOf(value);
    for (let c = 0; c < 3; c += 1) image.data[4 * k + c] = rounded(low[c] + strength * (color[c] - low[c]));
    image.data[4 * k + 3] = 255;
  });
  return image;
}

/**
 * Blue below 0, white at 0, vermilion above.
 * @param {Float64Array} values
 * @param {number} largest value of full color
 */
export function diverging(values, largest) {
  return mixed(values, WHITE, (value) => ({
    color: value < 0 ? LESS : MORE, strength: Math.min(1, Math.abs(value) / (largest || 1)),
  }));
}

/**
 * Pale grey at 0, orange at 1.
 * @param {Float64Array} values
 */
export function between(values) {
  return mixed(values, OUTSIDE, (value) => ({ color: INSIDE, strength: value }));
}
