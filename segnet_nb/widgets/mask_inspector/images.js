// @ts-check
// The images of the model: those that came with it, and those that the kernel sends when asked.

import { pixelsOf } from "../shared/canvas.js";
import { messageOf } from "../shared/explorer.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { ImageBytes, MaskData, PictureMessage, Traits } from "./types" */

const KEPT_IMAGES = 8;

/**
 * The first channel of an image, cut into planes of `count` pixels.
 * @param {ImageData} image
 * @param {number} count
 */
function planesOf(image, count) {
  const planes = [];
  for (let start = 0; start < image.width * image.height; start += count) {
    const plane = new Uint8Array(count);
    for (let i = 0; i < count; i++) plane[i] = image.data[(start + i) * 4];
    planes.push(plane);
  }
  return planes;
}

/**
 * @param {ImageBytes} parts
 * @param {number[]} size
 * @returns {Promise<MaskData>}
 */
async function decoded(parts, [height, width]) {
  const [photo, truth, classes, percent] = await Promise.all([
    pixelsOf(parts.photo, "image/jpeg"), parts.truth && pixelsOf(parts.truth), pixelsOf(parts.classes),
    pixelsOf(parts.percent),
  ]);
  const top = planesOf(classes, height * width), shares = planesOf(percent, height * width);
  return {
    height, width, photo: photo.data, truth: truth ? planesOf(truth, height * width)[0] : null,
    top, shares, predicted: top[0], percent: shares[0],
  };
}

export class Images {
  /**
   * @param {Scope<Traits>} scope
   * @param {(number: number, problem: string) => void} arrived called once an image is there, or why it is not
   */
  constructor(scope, arrived) {
    this.scope = scope;
    this.arrived = arrived;
    /** @type {Map<number, MaskData>} */
    this.ready = new Map();
    /** @type {Set<number>} */
    this.pending = new Set();
    /** @type {(message: PictureMessage, buffers: DataView<ArrayBuffer>[]) => void} */
    const receive = (message, buffers) => {
      if (message.kind !== "picture" || !this.pending.has(message.image)) return;
      const parts = Object.fromEntries(message.parts.map((name, i) => [name, buffers[i]]));
      this.decode(message.image, /** @type {any} */ (parts));
    };
    scope.model.on("msg:custom", receive);
    scope.ending(() => { scope.model.off("msg:custom", receive); this.ready.clear(); });
  }

  /**
   * The decoded image, or null while it is on its way.
   * @param {number} number
   */
  get(number) {
    const known = this.ready.get(number);
    if (known) {
      this.ready.delete(number);
      this.ready.set(number, known);
      return known;
    }
    const exists = number >= 0 && number < this.scope.get("names").length;
    if (exists && !this.pending.has(number)) this.request(number);
    return null;
  }

  /** @param {number} number */
  request(number) {
    this.pending.add(number);
    const embedded = this.scope.get("pictures")[`${number}`];
    if (embedded) this.decode(number, embedded);
    else if (this.scope.model.offline) this.arrived(number, "This image is not part of the report.");
    else this.scope.model.send({ kind: "picture", image: number });
  }

  /**
   * @param {number} number
   * @param {ImageBytes} parts
   */
  async decode(number, parts) {
    let problem = "";
    try {
      this.ready.set(number, await decoded(parts, this.scope.get("size")));
      for (const oldest of this.ready.keys()) {
        if (this.ready.size > KEPT_IMAGES) this.ready.delete(oldest);
      }
    } catch (failure) {
      problem = `Image ${number} could not be read: ${messageOf(failure)}`;
    }
    this.pending.delete(number);
    if (this.scope.alive) this.arrived(number, problem);
  }
}
