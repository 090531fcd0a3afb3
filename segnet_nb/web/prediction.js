// @ts-check
// The classes of any image: a photo, or what a camera sees.

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
  }

  /** @param {{ image: ImageData, scores?: boolean }} question */
  async answer({ image, scores }) {
    const { bottleneck, stages } = await this.network.encode(image, false);
    let values = bottleneck;
    for (let n = this.network.stages; n >= 1; n -= 1) {
      values = (await this.network.decode(n, unpool(values, stages[n - 1].indices), false)).values;
    }
    return { labels: labelsOf(values, [image.height, image.width]), scores: scores ? values : null };
  }
}
