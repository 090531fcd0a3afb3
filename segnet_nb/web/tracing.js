// @ts-check
// The index microscope in a page: the maps of one channel, and the path of a pixel down and back up, as
// UnpoolingTrace and stage_pictures compute them.

import { colored, imageOf } from "./images.js";
import { Kept } from "./kept.js";
import { unpool } from "./maps.js";
import { Network } from "./network.js";

/** @import { FeatureMap, Indices, Ort, Page, TraceAnswer, TraceQuestion } from "./types" */
/** @import { Path, Step } from "../widgets/index_microscope/types" */
/** @import { Point } from "../widgets/shared/types" */
/**
 * @typedef {{ features: FeatureMap, pooled: FeatureMap, indices: Indices, values: FeatureMap, unpooled: FeatureMap,
 *   dense: FeatureMap }} Stage
 * @typedef {{ image: ImageData, stages: Stage[] }} Trace
 */

const TRACE_BYTES = 256 * 2 ** 20;
const SAMPLE = 20000;

/** @param {Trace} trace */
function bytesOfTrace({ stages }) {
  return stages.reduce((sum, { features, pooled, values, unpooled, dense }) =>
    sum + [features, pooled, values, unpooled, dense].reduce((bytes, map) => bytes + map.data.byteLength, 0), 0);
}

/**
 * One channel of a map.
 * @template {Float32Array | Uint8Array} T
 * @param {{ data: T, height: number, width: number }} map
 * @param {number} channel
 * @returns {T}
 */
function planeOf({ data, height, width }, channel) {
  return /** @type {T} */ (data.subarray(channel * height * width, (channel + 1) * height * width));
}

/**
 * The 0.5 and 99.5 percentiles, of a regular sample where there are many values.
 * @param {Float32Array} values
 * @returns {Point}
 */
function robustSpan(values) {
  const step = values.length >= 2 * SAMPLE ? Math.floor(values.length / SAMPLE) | 1 : 1;
  const sorted = values.filter((_, k) => k % step === 0).sort(), last = sorted.length - 1;
  const [low, high] = [0.005, 0.995].map((share) => {
    const at = share * last, below = Math.floor(at), above = Math.min(last, below + 1);
    return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
  });
  return [low, high];
}

/**
 * @param {Float32Array} values
 * @param {Point} span
 */
function levelsOf(values, [low, high]) {
  const factor = 254 / (high - low);
  return Uint8Array.from(values, (value) => {
    if (value === 0) return 0;
    if (!(high > low)) return 128;
    return 1 + Math.round((Math.min(high, Math.max(low, value)) - low) * factor);
  });
}

/** @param {Float32Array} values */
function zeroShare(values) {
  let zeros = 0;
  for (const value of values) zeros += Number(value === 0);
  return zeros / values.length;
}

export class Tracing {
  /**
   * @param {Ort} ort
   * @param {Page} page
   */
  constructor(ort, page) {
    this.page = page;
    this.network = new Network(ort, page.network);
    /** @type {Kept<Trace>} */
    this.traces = new Kept(TRACE_BYTES);
  }

  /** @param {number} number */
  trace(number) {
    return this.traces.get(`${number}`, async () => {
      const image = await imageOf(this.page.images[number]);
      const { bottleneck, stages } = await this.network.encode(image, true);
      /** @type {Stage[]} */
      const found = [];
      let values = bottleneck;
      for (let n = this.network.stages; n >= 1; n -= 1) {
        const { indices, features, pooled } = stages[n - 1], unpooled = unpool(values, indices);
        const made = await this.network.decode(n, unpooled, true);
        if (!features || !pooled || !made.dense) throw new Error("the network's maps are missing.");
        found.unshift({ features, pooled, indices, values, unpooled, dense: made.dense });
        values = made.values;
      }
      return { image: shownAs(image, found[0].features), stages: found };
    }, bytesOfTrace);
  }

  /**
   * @param {TraceQuestion} question
   * @returns {Promise<TraceAnswer>}
   */
  async answer(question) {
    const trace = await this.trace(question.image), { stage } = question, chosen = trace.stages[stage - 1];
    const { height, width } = trace.image;
    /** @type {Point} */
    const pixel = [Math.min(question.pixel[0], height - 1), Math.min(question.pixel[1], width - 1)];
    const window = pixel.map((side) => side >> stage);
    const channel = question.loudest ? strongest(chosen.pooled, window)
      : Math.min(question.channel, chosen.features.channels - 1);
    const found = { image: question.image, stage, channel, pixel, path: pathOf(trace, pixel, stage, channel) };
    if (!question.maps && !question.loudest) return found;
    const dense = channel % chosen.dense.channels;
    return {
      ...found, photo: trace.image, size: [height, width],
      picture: this.picture(chosen, stage, channel, dense),
      zero_share: [zeroShare(planeOf(chosen.unpooled, channel)), zeroShare(planeOf(chosen.dense, dense))],
    };
  }

  /**
   * @param {Stage} chosen
   * @param {number} stage
   * @param {number} channel
   * @param {number} dense_channel
   */
  picture(chosen, stage, channel, dense_channel) {
    const { scale = [], offsets = [] } = this.page;
    const span = robustSpan(planeOf(chosen.features, channel));
    const spans = {
      features: span, pooled: span, indices: span, unpooled: robustSpan(planeOf(chosen.values, channel)),
      dense: robustSpan(planeOf(chosen.dense, dense_channel)),
    };
    /** @type {Record<string, ImageData>} */
    const maps = {};
    /** @type {any} */
    const sizes = {};
    for (const name of /** @type {const} */ (["features", "pooled", "indices", "unpooled", "dense"])) {
      const { height, width } = chosen[name], at = name === "dense" ? dense_channel : channel;
      sizes[name] = [height, width];
      maps[name] = name === "indices" ? colored(planeOf(chosen.indices, at), height, width, offsets)
        : colored(levelsOf(planeOf(chosen[name], at), spans[name]), height, width, scale);
    }
    return { stage, channel, dense_channel, maps, sizes, spans };
  }
}

/**
 * The image at the size of the first stage: a network for real time halves it before.
 * @param {ImageData} image
 * @param {{ height: number, width: number }} size
 */
function shownAs(image, { height, width }) {
  if (image.height === height && image.width === width) return image;
  const shown = new ImageData(width, height), fy = image.height / height, fx = image.width / width;
  for (let k = 0; k < height * width; k += 1) {
    const y = Math.floor(k / width), x = k % width;
    for (let c = 0; c < 4; c += 1) {
      let sum = 0, count = 0;
      for (let b = Math.floor(y * fy); b < (y + 1) * fy; b += 1) {
        for (let a = Math.floor(x * fx); a < (x + 1) * fx; a += 1) {
          sum += image.data[4 * (b * image.width + a) + c];
          count += 1;
        }
      }
      shown.data[4 * k + c] = Math.round(sum / count);
    }
  }
  return shown;
}

/**
 * The channel with the largest pooled value of a window, the first of equals.
 * @param {FeatureMap} pooled
 * @param {number[]} window
 */
function strongest({ data, channels, height, width }, [y, x]) {
  let best = 0;
  for (let c = 1; c < channels; c += 1) {
    if (data[(c * height + y) * width + x] > data[(best * height + y) * width + x]) best = c;
  }
  return best;
}

/**
 * @param {{ data: ArrayLike<number>, height: number, width: number }} map
 * @param {number} channel
 * @param {number[]} place
 */
function valueAt({ data, height, width }, channel, [y, x]) {
  return y < height && x < width ? data[(channel * height + y) * width + x] : null;
}

/**
 * @param {Trace} trace
 * @param {Point} pixel
 * @param {number} stage
 * @param {number} channel
 * @returns {Path}
 */
function pathOf({ stages }, pixel, stage, channel) {
  /** @type {Step[]} */
  const steps = [];
  /** @type {Point} */
  let source = [pixel[0] >> stages.length, pixel[1] >> stages.length];
  for (let n = stages.length; n >= 1; n -= 1) {
    const { features, pooled, indices, values } = stages[n - 1];
    /** @type {Point} */
    const own = [pixel[0] >> (n - 1), pixel[1] >> (n - 1)];
    /** @type {Point} */
    const window = [pixel[0] >> n, pixel[1] >> n];
    const shown = n === stage ? channel : strongest(pooled, window);
    const index = valueAt(indices, shown, window) ?? 0, back = valueAt(indices, shown, source) ?? 0;
    const [top, left] = [2 * window[0], 2 * window[1]];
    /** @type {Point} */
    const returned = [2 * source[0] + (back >> 1), 2 * source[1] + (back & 1)];
    steps.unshift({
      stage: n, channel: shown, pixel: own, window, index,
      won: own[0] === top + (index >> 1) && own[1] === left + (index & 1),
      source, returned, value: valueAt(values, shown, source),
      numbers: [0, 1].map((dy) => [0, 1].map((dx) => valueAt(features, shown, [top + dy, left + dx]))),
    });
    source = returned;
  }
  return { pixel, stage, steps };
}
