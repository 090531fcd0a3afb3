// @ts-check
// Monte Carlo dropout in a page: other samples of every image, and what the uncertainty lens shows of them, as
// inference/uncertainty.py and widgets/uncertainty_lens/numbers.py compute it. Chance is the engine's.

import { imageOf, labelsFrom } from "./images.js";
import { unpool } from "./maps.js";
import { calibrationOf, keptCurve, keptLevels } from "./certainty.js";
import { Network } from "./network.js";

/** @import { FeatureMap, Labels, Ort, Page, SampledAnswer } from "./types" */
/** @typedef {{ predicted: Uint8Array, confidence: Float32Array, levels: Uint8Array[], truth: Labels }} Recorded */

const MEASURES = /** @type {const} */ (["variance", "entropy", "mutual_information"]);

/** @param {number} p */
const surprise = (p) => (p > 1e-12 ? -p * Math.log(p) : 0);

/** Sums over the samples of one image. */
class Sums {
  /** @param {number} classes @param {number} pixels */
  constructor(classes, pixels) {
    this.classes = classes;
    this.pixels = pixels;
    this.count = 0;
    this.total = new Float64Array(classes * pixels);
    this.squares = new Float64Array(classes * pixels);
    this.entropies = new Float64Array(pixels);
  }

  /**
   * @param {FeatureMap} scores of at least the image's size
   * @param {[number, number]} size of the image
   * @param {boolean} probabilities whether the scores are; logits otherwise
   */
  add({ data, height, width }, [rows, columns], probabilities) {
    const { classes, pixels, total, squares, entropies } = this, plane = height * width;
    const p = new Float64Array(classes);
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        const from = y * width + x, to = y * columns + x;
        let most = -Infinity, sum = 0;
        for (let c = 0; c < classes; c += 1) { p[c] = data[c * plane + from]; most = Math.max(most, p[c]); }
        if (!probabilities) {
          for (let c = 0; c < classes; c += 1) { p[c] = Math.exp(p[c] - most); sum += p[c]; }
          for (let c = 0; c < classes; c += 1) p[c] /= sum;
        }
        for (let c = 0; c < classes; c += 1) {
          total[c * pixels + to] += p[c];
          squares[c * pixels + to] += p[c] * p[c];
          entropies[to] += surprise(p[c]);
        }
      }
    }
    this.count += 1;
  }

  /**
   * @param {number[]} tops of each measure the value of the highest level
   * @param {Labels} truth
   * @returns {Recorded}
   */
  record(tops, truth) {
    const { classes, pixels, total, squares, entropies, count } = this;
    const predicted = new Uint8Array(pixels), confidence = new Float32Array(pixels);
    const levels = MEASURES.map(() => new Uint8Array(pixels));
    for (let k = 0; k < pixels; k += 1) {
      let variance = 0, entropy = 0, best = -1;
      for (let c = 0; c < classes; c += 1) {
        const mean = total[c * pixels + k] / count;
        variance += Math.max(squares[c * pixels + k] / count - mean * mean, 0) / classes;
        entropy += surprise(mean);
        if (mean > best) { best = mean; predicted[k] = c; }
      }
      confidence[k] = best;
      const found = [variance, entropy, Math.max(entropy - entropies[k] / count, 0)];
      found.forEach((value, m) => { levels[m][k] = Math.min(Math.round((value / tops[m]) * 255), 255); });
    }
    return { predicted, confidence, levels, truth };
  }
}

export class Sampling {
  /**
   * @param {Ort} ort
   * @param {Page} page
   */
  constructor(ort, page) {
    if (!page.classes || !page.labels || !page.counts || !page.tops) throw new Error("this page has no samples.");
    this.page = page;
    this.labels = page.labels;
    this.classes = page.classes;
    this.counts = page.counts;
    this.tops = page.tops;
    this.network = new Network(ort, page.network);
  }

  /**
   * One prediction with dropout.
   * @param {ImageData} image
   */
  async sample(image) {
    const { bottleneck, stages } = await this.network.encode(image, false);
    let values = bottleneck;
    for (let n = this.network.stages; n >= 1; n -= 1) {
      values = (await this.network.decode(n, unpool(values, stages[n - 1].indices), false)).values;
    }
    return values;
  }

  /**
   * An image after each number of samples.
   * @param {number} number
   */
  async recorded(number) {
    const image = await imageOf(this.page.images[number]), truth = labelsFrom(await imageOf(this.labels[number]));
    const sums = new Sums(this.classes.count, image.height * image.width), found = [];
    for (const count of this.counts) {
      while (sums.count < count) {
        sums.add(await this.sample(image), [image.height, image.width], this.page.network.probabilities);
      }
      found.push(sums.record(this.tops, truth));
    }
    return found;
  }

  /** @returns {Promise<SampledAnswer>} */
  async answer() {
    /** @type {Recorded[][]} */
    const images = [];
    for (let number = 0; number < this.page.images.length; number += 1) images.push(await this.recorded(number));
    const void_id = this.classes.void_id;
    /** @type {SampledAnswer} */
    const answer = { pictures: {}, curves: {} };
    this.counts.forEach((count, step) => {
      const found = images.map((each) => each[step]);
      found.forEach((each, number) => { answer.pictures[`${number}/${count}`] = pictured(each); });
      answer.curves[count] = {
        calibration: {
          all: calibrationOf(found, void_id), images: found.map((each) => calibrationOf([each], void_id)),
        },
        ...Object.fromEntries(MEASURES.map((name, m) => [name, {
          all: keptCurve(found, m, void_id), images: found.map((each) => keptCurve([each], m, void_id)),
          limits: found.map((each) => keptLevels(each, m, void_id)),
        }])),
      };
    });
    return answer;
  }
}

/**
 * Ids as the red channel of an image, and levels as three channels: what the lens decodes otherwise.
 * @param {Recorded} recorded
 */
function pictured({ predicted, levels, truth: { height, width } }) {
  const ids = new ImageData(width, height), planes = new ImageData(width, height);
  for (let k = 0; k < predicted.length; k += 1) {
    ids.data.fill(predicted[k], 4 * k, 4 * k + 3);
    levels.forEach((level, m) => { planes.data[4 * k + m] = level[k]; });
    ids.data[4 * k + 3] = planes.data[4 * k + 3] = 255;
  }
  return { predicted: ids, levels: planes };
}
