// @ts-check
// Ablation in a page: the prediction with other indices, its scores and its pictures, as AblationBench and the
// explorer of ablation compute them.

import { drawnFrom, randomized, shuffled, zeroed } from "./changes.js";
import { colored, imageOf, labelsFrom } from "./images.js";
import { Kept } from "./kept.js";
import { bilinear, labelsOf, nearest, unpool } from "./maps.js";
import { Network } from "./network.js";
import { boundaryF1, meanIoU } from "./scores.js";

/** @import { AblationAnswer, AblationQuestion, Encoded, FeatureMap, Labels, Ort, Page } from "./types" */
/** @typedef {{ labels: Labels, iou: number, outline: number }} Outcome */

const WITHOUT_INDICES = ["zeros", "nearest", "bilinear"];
const BENCH_BYTES = 96 * 2 ** 20;
const [FAINTEST, LIGHTEST] = [165, 240];  // shades of grey, as in visualizers/ablation.py

/** @param {FeatureMap} map */
const sizeOfMap = (map) => map.data.byteLength;

/** @param {Encoded} encoded */
function sizeOfEncoded({ bottleneck, stages }) {
  return stages.reduce((sum, { indices }) => sum + indices.data.byteLength, bottleneck.data.byteLength);
}

export class Bench {
  /**
   * @param {Ort} ort
   * @param {Page} page
   */
  constructor(ort, page) {
    if (!page.classes || !page.labels) throw new Error("this page has no labels for the ablation.");
    this.page = page;
    this.labels = page.labels;
    this.classes = page.classes;
    this.network = new Network(ort, page.network);
    /** @type {Kept<Encoded>} */
    this.encodings = new Kept(BENCH_BYTES);
    /** @type {Kept<FeatureMap>} */
    this.maps = new Kept(BENCH_BYTES);
    /** @type {Kept<Outcome>} */
    this.outcomes = new Kept(BENCH_BYTES);
    /** @type {Kept<{ image: ImageData, truth: Labels }>} */
    this.scenes = new Kept(BENCH_BYTES);
  }

  /** @param {number} number */
  scene(number) {
    const make = async () => ({
      image: await imageOf(this.page.images[number]), truth: labelsFrom(await imageOf(this.labels[number])),
    });
    return this.scenes.get(`${number}`, make, ({ image }) => 2 * image.data.byteLength);
  }

  /** @param {number} number */
  encoded(number) {
    const make = async () => this.network.encode((await this.scene(number)).image, false);
    return this.encodings.get(`${number}`, make, sizeOfEncoded);
  }

  /**
   * What each stage gets, as a text: the same text, the same result.
   * @param {AblationQuestion} question
   */
  steps({ image, modes, share, seed, other }) {
    const source = other ?? (image + 1) % this.page.images.length;
    /** @type {Record<string, string>} */
    const details = { random: `${share} ${seed}`, shuffled: `${seed}`, other: `${source}` };
    return modes.map((mode) => `${mode} ${details[mode] ?? ""}`);
  }

  /**
   * The map that a stage unpools to.
   * @param {AblationQuestion} question
   * @param {number} stage
   * @param {FeatureMap} values
   */
  async upsampled(question, stage, values) {
    const { image, modes, share, seed, other } = question, mode = modes[stage - 1];
    const { indices } = (await this.encoded(image)).stages[stage - 1];
    if (mode === "nearest") return nearest(values, indices.size);
    if (mode === "bilinear") return bilinear(values, indices.size);
    if (mode === "zeros") return unpool(values, zeroed(indices));
    if (mode === "shuffled") return unpool(values, shuffled(indices, drawnFrom(seed, stage)));
    if (mode === "random") return unpool(values, randomized(indices, share, drawnFrom(seed, stage)));
    if (mode !== "other") return unpool(values, indices);
    const source = await this.encoded(other ?? (image + 1) % this.page.images.length);
    return unpool(values, source.stages[stage - 1].indices);
  }

  /**
   * The values after a stage, from the innermost outwards: only what has changed is computed.
   * @param {AblationQuestion} question
   * @param {number} stage one more than there are is the bottleneck
   * @returns {Promise<FeatureMap>}
   */
  async values(question, stage) {
    if (stage > this.network.stages) return (await this.encoded(question.image)).bottleneck;
    const key = [question.image, ...this.steps(question).slice(stage - 1)].join("/");
    return this.maps.get(key, async () => {
      const before = await this.values(question, stage + 1);
      return (await this.network.decode(stage, await this.upsampled(question, stage, before), false)).values;
    }, sizeOfMap);
  }

  /** @param {AblationQuestion} question */
  outcome(question) {
    const key = [question.image, ...this.steps(question)].join("/");
    return this.outcomes.get(key, async () => {
      const { truth } = await this.scene(question.image), { count } = this.classes;
      const labels = labelsOf(await this.values(question, 1), [truth.height, truth.width]);
      return { labels, iou: meanIoU(truth, labels, count), outline: boundaryF1(truth, labels, count) };
    }, ({ labels }) => labels.data.byteLength);
  }

  /**
   * @param {AblationQuestion} question
   * @returns {Promise<AblationAnswer>}
   */
  async answer(question) {
    const { image, truth } = await this.scene(question.image);
    const honest = { ...question, modes: question.modes.map(() => "true") };
    const before = await this.outcome(honest), now = await this.outcome(question);
    const { stages } = await this.encoded(question.image);
    const needed = stages.map(({ indices }) => (2 * indices.data.length + 7) >> 3);
    const kinds = changesOf(truth, before.labels, now.labels, this.classes.void_id);
    const { palette } = this.classes, { height, width } = truth;
    /** @param {Labels} labels */
    const shown = ({ data }) => colored(data, height, width, palette);
    return {
      result: {
        mean_iou: now.iou, mean_iou_change: now.iou - before.iou,
        boundary_f1: now.outline, boundary_f1_change: now.outline - before.outline,
        ...sharesOf(kinds),
        bytes_indices: needed.reduce((sum, bytes, n) =>
          sum + (WITHOUT_INDICES.includes(question.modes[n]) ? 0 : bytes), 0),
        bytes_indices_true: needed.reduce((sum, bytes) => sum + bytes, 0),
        bytes_features: stages.reduce((sum, { indices }) =>
          sum + 4 * indices.channels * indices.size[0] * indices.size[1], 0),
      },
      scene: { image, truth: shown(truth), reference: shown(before.labels) },
      pictures: {
        prediction: shown(now.labels), changes: marked(image, kinds, now.labels, this.classes, question.view),
      },
    };
  }
}

/**
 * 0 unchanged, 1 changed but still wrong or not judged, 2 now wrong, 3 now right.
 * @param {Labels} truth
 * @param {Labels} before
 * @param {Labels} now
 * @param {number} void_id
 */
function changesOf(truth, before, now, void_id) {
  return now.data.map((id, k) => {
    const known = truth.data[k], old = before.data[k];
    if (id === old) return 0;
    if (known === void_id) return 1;
    if (old === known) return 2;
    return id === known ? 3 : 1;
  });
}

/** @param {Uint8Array} kinds */
function sharesOf(kinds) {
  const counts = [0, 0, 0, 0];
  for (const kind of kinds) counts[kind] += 1;
  return {
    changed: 1 - counts[0] / kinds.length, now_wrong: counts[2] / kinds.length, now_right: counts[3] / kinds.length,
  };
}

/**
 * Changed pixels in the colour of their new class over the image in light grey: now wrong ones have black stripes,
 * now right ones white dots. As in visualizers/ablation.py.
 * @param {ImageData} image
 * @param {Uint8Array} kinds
 * @param {Labels} now
 * @param {{ void_id: number, palette: number[][] }} classes
 * @param {"all" | "wrong" | "right"} view
 */
function marked(image, kinds, now, { void_id, palette }, view) {
  const first = void_id + 3, steps = 255 - first, colors = palette.slice();
  colors[void_id + 1] = [0, 0, 0];
  colors[void_id + 2] = [255, 255, 255];
  for (let n = 0; n <= steps; n += 1) {
    const shade = Math.round(FAINTEST + ((LIGHTEST - FAINTEST) * n) / steps);
    colors[first + n] = [shade, shade, shade];
  }
  const { width, height, data } = image, ids = new Uint8Array(kinds.length);
  const drawn = { all: [false, true, true, true], wrong: [false, false, true, false],
    right: [false, false, false, true] }[view];
  for (let k = 0; k < ids.length; k += 1) {
    const x = k % width, y = Math.floor(k / width), kind = kinds[k];
    if (!drawn[kind]) {
      const grey = (0.299 * data[4 * k] + 0.587 * data[4 * k + 1] + 0.114 * data[4 * k + 2]) / 255;
      ids[k] = first + Math.round(grey * steps);
    } else if (kind === 2 && (x + y) % 4 === 3) ids[k] = void_id + 1;
    else if (kind === 3 && x % 3 === 1 && y % 3 === 1) ids[k] = void_id + 2;
    else ids[k] = now.data[k];
  }
  return colored(ids, height, width, colors);
}
