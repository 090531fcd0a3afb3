// @ts-check
// Scores of images and classes, from the confusion matrix of each image; without labels, how certain they are.

/** @import { Scope } from "../shared/scope.js" */
/** @import { Traits } from "./types" */

/** @param {number} share */
export const wholePercent = (share) => `${Math.round(100 * share)} %`;

/** @param {Scope<Traits>} scope */
export function paletteOf(scope) {
  const palettes = scope.get("palettes");
  return palettes[scope.get("colors")] ?? palettes.published;
}

export class Scores {
  /** @param {Scope<Traits>} scope */
  constructor(scope) {
    const bytes = scope.get("matrices");
    this.scope = scope;
    this.classes = scope.get("class_names");
    this.counts = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    this.labels = scope.get("has_labels");
    this.images = this.labels ? scope.get("names").map((_, image) => this.meanIou(image)) : scope.get("certainties");
  }

  /**
   * Pixels of a true class that an image's prediction gives to a class.
   * @param {number} image
   * @param {number} truth
   * @param {number} predicted
   */
  count(image, truth, predicted) {
    const classes = this.classes.length;
    return this.counts[(image * classes + truth) * classes + predicted];
  }

  /**
   * The same over all images.
   * @param {number} truth
   * @param {number} predicted
   */
  countInAll(truth, predicted) {
    return this.images.reduce((sum, _, image) => sum + this.count(image, truth, predicted), 0);
  }

  /**
   * Intersection over union of a class, or null where the image has none of it.
   * @param {number} image
   * @param {number} id
   */
  iou(image, id) {
    let row = 0, column = 0;
    for (let k = 0; k < this.classes.length; k++) {
      row += this.count(image, id, k);
      column += this.count(image, k, id);
    }
    const both = this.count(image, id, id);
    return row ? both / (row + column - both) : null;
  }

  /**
   * Mean of the classes in an image; 0 where there are none.
   * @param {number} image
   */
  meanIou(image) {
    const present = this.classes.map((_, id) => this.iou(image, id)).filter((iou) => iou !== null);
    return present.length ? present.reduce((sum, iou) => sum + iou, 0) / present.length : 0;
  }

  /** The chosen cell as [true class, predicted class]; null where none is. */
  cell() {
    const ids = this.scope.get("cell").map((name) => this.classes.indexOf(name));
    return ids.length ? ids : null;
  }

  /** Numbers of the images, worst first; with a chosen cell, those with most of its pixels first. */
  order() {
    const cell = this.cell();
    const badness = this.images.map((score, image) => (cell ? -this.count(image, cell[0], cell[1]) : score));
    return badness.map((_, image) => image).sort((a, b) => badness[a] - badness[b] || a - b);
  }

  /**
   * The image so many places further in that order; undefined beyond its ends.
   * @param {number} by
   */
  neighbour(by) {
    const order = this.order();
    return order[order.indexOf(this.scope.get("image")) + by];
  }
}
