// @ts-check
// Image, prediction, errors and uncertainty, in the same whole numbers as numbers.py.

import { contextOf, pixelsOf, resize } from "../shared/canvas.js";
import { element, rgb, swatch } from "../shared/dom.js";
import { KEYS_HELP, linkedImages } from "../shared/linked.js";
import { MEASURES, UNITS } from "./measures.js";

/** @import { LinkedFigure, Point } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { LensData, Traits } from "./types" */

// As in numbers.py.
const RIGHT = [226, 226, 226], WRONG = [213, 94, 0];
const RIGHT_LEFT_OUT = [152, 190, 219], WRONG_LEFT_OUT = [0, 87, 148];
const VOID = [60, 60, 60], HATCH = [[236, 236, 236], [176, 176, 176]];
/** @type {[number[], string][]} */
const KINDS = [[WRONG, "wrong"], [WRONG_LEFT_OUT, "wrong, left out: caught"], [RIGHT, "right"],
  [RIGHT_LEFT_OUT, "right, left out"], [VOID, "void"]];
const KEPT_DECODED = 8;

/**
 * Colour every pixel of a canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {{ height: number, width: number }} size
 * @param {(i: number) => ArrayLike<number>} color
 */
function fill(canvas, { height, width }, color) {
  resize(canvas, { height, width });
  const context = contextOf(canvas), image = context.createImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    image.data.set(color(i), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/**
 * One channel of an image.
 * @param {ImageData} image
 * @param {number} channel
 */
function planeOf(image, channel) {
  return Uint8Array.from({ length: image.height * image.width }, (_, k) => image.data[4 * k + channel]);
}

export class Images {
  /** @param {Scope<Traits>} scope */
  constructor(scope) {
    this.scope = scope;
    this.classes = scope.get("class_names");
    this.readout = element("div", { class: "sn-readout-line sn-number" });
    this.most = element("span", { class: "sn-number" });
    /** @type {LensData | null} */
    this.data = null;
    this.turn = 0;
    // A slider moves many times over the same images: the last few stay decoded.
    /** @type {Map<string, Promise<ImageData>>} */
    this.decoded = new Map();
    this.linked = linkedImages(scope, this.readout, (at) => this.describe(at));
    /** @type {Record<string, LinkedFigure>} */
    this.figures = {
      photo: this.linked.figure("photo", "Image", [1, 1]),
      prediction: this.linked.figure("prediction", "Prediction", [1, 1]),
      errors: this.linked.figure("errors", "Errors", [1, 1]),
      uncertainty: this.linked.figure("uncertainty", "Uncertainty", [1, 1]),
    };
    this.board = element("div", { class: "sn-four", tabindex: 0, role: "application", keydown: this.linked.keydown,
      "aria-label": "Images with a cross at one pixel", "aria-description": KEYS_HELP },
      ...Object.values(this.figures).map((figure) => figure.node));
    this.legend = element("div", { class: "sn-under" }, kindLegend(), rampLegend(scope.get("color_map"), this.most));
  }

  /** @param {Point | null} at */
  describe(at) {
    const { data, scope } = this, measure = scope.get("measure");
    if (!data) return "";
    if (!at) return "Point at a pixel, or use the arrow keys.";
    const i = at[0] * data.width + at[1], truth = data.truth[i], predicted = data.predicted[i];
    const unknown = truth === this.classes.length, wrong = !unknown && truth !== predicted;
    const value = data.level[i] / 255 * scope.get("tops")[measure];
    return `y ${at[0]}, x ${at[1]}: ${this.classes[predicted]}, in truth `
      + `${unknown ? "void" : this.classes[truth]}${wrong ? " ✗" : ""}, `
      + `${MEASURES.find(([key]) => key === measure)?.[1]} ${value.toFixed(4)}${UNITS[measure]}`
      + `${data.level[i] > data.limit ? ", left out" : ""}`;
  }

  /**
   * @param {string} key
   * @param {string} name
   */
  pixels(key, name) {
    const place = `${key} ${name}`;
    const held = this.scope.get("pictures")[key][name];
    const found = this.decoded.get(place) ?? (held instanceof ImageData ? Promise.resolve(held) : pixelsOf(held));
    this.decoded.delete(place);
    this.decoded.set(place, found);
    for (const oldest of this.decoded.keys()) {
      if (this.decoded.size > KEPT_DECODED) this.decoded.delete(oldest);
    }
    return found;
  }

  /** Forget what is decoded: there are other samples. */
  forget() {
    this.decoded.clear();
  }

  /** Decode what is chosen and draw it, unless something newer was chosen meanwhile. */
  async show() {
    const { scope } = this, mine = ++this.turn;
    const measure = scope.get("measure"), image = scope.get("image"), samples = scope.get("samples");
    const [photo, truth, predicted, levels] = await Promise.all([
      this.pixels(`${image}`, "photo"), this.pixels(`${image}`, "truth"),
      this.pixels(`${image}/${samples}`, "predicted"), this.pixels(`${image}/${samples}`, "levels"),
    ]);
    if (!scope.alive || mine !== this.turn) return;
    const share = scope.get("kept"), step = Math.round(share * 20) - 1;
    this.data = {
      height: photo.height, width: photo.width, photo: photo.data,
      truth: planeOf(truth, 0), predicted: planeOf(predicted, 0),
      level: planeOf(levels, MEASURES.findIndex(([key]) => key === measure)),
      limit: scope.get("curves")[samples][measure].limits[image][step],
    };
    this.draw(this.data);
    this.most.textContent = `${scope.get("tops")[measure].toFixed(3)}${UNITS[measure]} and more`;
    this.board.dataset.state = `${image}/${samples}/${measure}/${Math.round(100 * share)}`;
    this.linked.again();
  }

  /** @param {LensData} data */
  draw(data) {
    const { width, photo, truth, predicted, level, limit } = data, voidId = this.classes.length;
    const palette = this.scope.get("palette"), colors = this.scope.get("color_map");
    const { figures } = this;
    fill(figures.photo.canvas, data, (k) => photo.subarray(4 * k, 4 * k + 3));
    fill(figures.prediction.canvas, data, (k) => {
      if (level[k] <= limit) return palette[predicted[k]];
      return HATCH[Math.floor((Math.floor(k / width) + k % width) / 3) % 2];
    });
    fill(figures.errors.canvas, data, (k) => {
      if (truth[k] === voidId) return VOID;
      if (truth[k] === predicted[k]) return level[k] > limit ? RIGHT_LEFT_OUT : RIGHT;
      return level[k] > limit ? WRONG_LEFT_OUT : WRONG;
    });
    fill(figures.uncertainty.canvas, data, (k) => colors[level[k]]);
  }
}

/** What the colours of the errors mean. */
function kindLegend() {
  return element("div", { class: "sn-legend" }, ...KINDS.map(([color, text]) =>
    element("span", { class: "sn-entry" }, swatch(rgb(color)), element("span", { text }))),
  element("span", { class: "sn-entry", text: "hatched: left out" }));
}

/**
 * The colours of the uncertainty, from 0 to the most.
 * @param {number[][]} colors
 * @param {HTMLElement} most
 */
function rampLegend(colors, most) {
  const ramp = element("span", { class: "sn-ramp" });
  ramp.style.background = `linear-gradient(90deg, ${[0, 64, 128, 192, 255].map((i) => rgb(colors[i])).join(", ")})`;
  return element("span", { class: "sn-entry" }, element("span", { text: "uncertainty 0" }), ramp, most);
}
