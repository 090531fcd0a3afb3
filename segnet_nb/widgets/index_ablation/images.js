// @ts-check
// The five images with a cross in all of them, and the classes that they show.

import { contextOf, paint } from "../shared/canvas.js";
import { element, rgb, swatch } from "../shared/dom.js";
import { KEYS_HELP, linkedImages } from "../shared/linked.js";

/** @import { LinkedFigure, Point, Shown } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { Setup, Traits } from "./types" */

// Label maps whose pixels are read.
const READ = ["truth", "reference", "prediction"];
const HINT = "Point at a pixel, or use the arrow keys on the images.";

/**
 * @param {string} truth
 * @param {string} before
 * @param {string} now
 */
function judgement(truth, before, now) {
  if (before === now) return "unchanged";
  if (truth === "void") return "changed, not judged";
  if (before === truth) return "now wrong";
  return now === truth ? "now right" : "wrong before and now";
}

export class Images {
  /**
   * @param {Scope<Traits>} scope
   * @param {Setup} setup
   * @param {() => void} changed called when loading begins or ends
   */
  constructor(scope, setup, changed) {
    this.scope = scope;
    this.setup = setup;
    this.changed = changed;
    this.loading = 0;
    /** @type {[string, string][]} */
    const names = setup.palette.map((color, i) => [color.join(), setup.classes[i]]);
    this.names = new Map(names.reverse());
    /** @type {Record<string, ImageData>} label maps in their colours */
    this.data = {};
    this.readout = element("div", { class: "sn-place sn-number", text: HINT });
    this.legend = element("div", { class: "sn-legend", "aria-label": "Classes in the images" });
    this.linked = linkedImages(scope, this.readout, (at) => (at ? this.describe(at) : HINT));
    const size = setup.sizes[0];
    /** @type {Record<string, LinkedFigure>} */
    this.figures = {
      image: this.linked.figure("image", "Image", size),
      truth: this.linked.figure("truth", "Ground truth", size),
      reference: this.linked.figure("reference", "True indices", size),
      prediction: this.linked.figure("prediction", "Now", size),
      changes: this.linked.figure("changes", "Changed pixels", size),
    };
    const { image, truth, reference, prediction, changes } = this.figures;
    // What asks a canvas for its context first decides that it can be read quickly.
    for (const name of READ) contextOf(this.figures[name].canvas);
    this.node = element("div", {
      class: "sn-pictures", tabindex: 0, role: "application", keydown: this.linked.keydown,
      "aria-label": "Images with a cross at one pixel", "aria-description": KEYS_HELP,
    },
      element("div", { class: "sn-row sn-three" }, image.node, truth.node, reference.node),
      element("div", { class: "sn-row sn-two" }, prediction.node, changes.node));
  }

  loadScene() {
    return this.load(this.scope.get("_scene"));
  }

  loadPictures() {
    return this.load(this.scope.get("_pictures"));
  }

  /**
   * Draw images and keep the pixels of the label maps.
   * @param {Record<string, Shown>} bytes
   */
  async load(bytes) {
    this.loading += 1;
    try {
      await Promise.all(Object.entries(bytes).map(async ([name, content]) => {
        const { canvas } = this.figures[name];
        await paint(this.scope, canvas, content, name === "image" ? "image/jpeg" : "image/png");
        if (READ.includes(name)) this.data[name] = contextOf(canvas).getImageData(0, 0, canvas.width, canvas.height);
      }));
    } finally {
      this.loading -= 1;
      if (this.scope.alive) { this.showLegend(); this.linked.again(); this.changed(); }
    }
  }

  /** @param {Point} at */
  describe(at) {
    const [truth, before, now] = READ.map((name) => this.classAt(name, at));
    return `row ${at[0]}, column ${at[1]}:  truth ${truth}  ·  true indices ${before}  ·  now ${now}  –  `
      + judgement(truth, before, now);
  }

  /**
   * @param {string} name
   * @param {Point} at
   */
  classAt(name, [y, x]) {
    const found = this.data[name];
    if (!found) return "";
    const k = 4 * (y * found.width + x);
    return this.names.get([...found.data.slice(k, k + 3)].join()) ?? "";
  }

  showLegend() {
    const present = new Set();
    for (const { data } of Object.values(this.data)) {
      let last = -1;  // neighbours are mostly alike, and a set is slow
      for (let k = 0; k < data.length; k += 4) {
        const color = (data[k] << 16) | (data[k + 1] << 8) | data[k + 2];
        if (color !== last) present.add(color);
        last = color;
      }
    }
    this.legend.replaceChildren(...this.setup.palette.flatMap((color, i) => {
      if (!present.has((color[0] << 16) | (color[1] << 8) | color[2])) return [];
      return [element("span", { class: "sn-entry" }, swatch(rgb(color)), this.setup.classes[i])];
    }));
  }
}
