// @ts-check
// The classes of any image: a photo, or what a camera sees.

import { colored } from "./images.js";
import { labelsOf, unpool } from "./maps.js";
import { Network } from "./network.js";

/** @import { Ort, Page } from "./types" */

export class Prediction {
  /**
   * @param {Ort} ort
   * @param {Page} page
   */
  constructor(ort, page) {
    this.network = new Network(ort, page.network);
    this.palette = page.palette ?? [];
  }

  /** @param {{ image: ImageData, scores?: boolean }} question */
  async answer({ image, scores }) {
    const { bottleneck, stages } = await this.network.encode(image, false);
    let values = bottleneck;
    for (let n = this.network.stages; n >= 1; n -= 1) {
      values = (await this.network.decode(n, unpool(values, stages[n - 1].indices), false)).values;
    }
    const labels = labelsOf(values, [image.height, image.width]);
    if (scores) return { labels, scores: values, indices: stages.map((each) => each.indices) };
    // Coloured and counted here, so that the page does not wait.
    const counts = new Uint32Array(this.palette.length);
    for (const id of labels.data) counts[id] += 1;
    return { mask: colored(labels.data, labels.height, labels.width, this.palette), counts };
  }
}
