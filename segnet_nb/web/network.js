// @ts-check
// A network in two halves, run by onnxruntime-web: an encoder, and the decoder in one part per unpooling.

import { offsetsOf } from "./maps.js";

/** @import { Encoded, FeatureMap, Ort, OrtSession, OrtTensor, Page } from "./types" */

/**
 * The bytes of a text in base64.
 * @param {string} text
 */
export function bytesOf(text) {
  const letters = atob(text), bytes = new Uint8Array(letters.length);
  for (let k = 0; k < bytes.length; k += 1) bytes[k] = letters.charCodeAt(k);
  return bytes;
}

/**
 * @param {OrtTensor} tensor
 * @returns {FeatureMap}
 */
function mapOf({ data, dims }) {
  return { data, channels: dims[1], height: dims[2], width: dims[3] };
}

// The nodes that pool with indices, which WebGPU does not give.
const POOLINGS = Array.from({ length: 16 }, (_, k) => `pooling${k + 1}`);
/** @type {Promise<any>} */
let opening = Promise.resolve();  // one part at a time, and none while another one runs

/** One part of a network. If the graphics processor fails, the processor goes on. */
class Session {
  /**
   * @param {Ort} ort
   * @param {Uint8Array} content
   */
  constructor(ort, content) {
    this.ort = ort;
    this.content = content;
    this.gpu = ort.gpu;
    this.opened = this.open();
  }

  /** @returns {Promise<OrtSession>} */
  open() {
    const executionProviders = [this.gpu ? { name: "webgpu", forceCpuNodeNames: POOLINGS } : "wasm"];
    const options = { graphOptimizationLevel: "all", executionProviders };
    const opened = opening.then(() => this.ort.InferenceSession.create(this.content, options));
    opening = opened.catch(() => {});  // whoever runs it is told
    return opened;
  }

  /**
   * @param {Record<string, OrtTensor>} given
   * @param {string[]} wanted
   */
  async run(given, wanted) {
    await opening;
    try {
      return await (await this.opened).run(given, wanted);
    } catch (failure) {
      if (!this.gpu) throw failure;
      this.ort.gpu = false;
      this.gpu = false;
      this.opened = this.open();
      return (await this.opened).run(given, wanted);
    }
  }
}

/** @type {Map<string, Session>} */
const sessions = new Map();

/**
 * @param {Ort} ort
 * @param {import("./types").Asset} asset
 */
function sessionOf(ort, { asset, text }) {
  const found = sessions.get(asset) ?? new Session(ort, bytesOf(text ?? ""));
  sessions.set(asset, found);
  return found;
}

/**
 * The side of the map that was pooled, between the side of a larger map and the number of windows: a network may
 * halve its image before the first pooling.
 * @param {number} side
 * @param {number} windows
 */
function pooledFrom(side, windows) {
  let found = side;
  while (Math.ceil(found / 2) > windows) found = Math.ceil(found / 2);
  return found;
}

export class Network {
  /**
   * @param {Ort} ort
   * @param {Page["network"]} parts
   */
  constructor(ort, parts) {
    this.ort = ort;
    this.encoder = sessionOf(ort, parts.encoder);
    this.decoder = parts.decoder.map((each) => sessionOf(ort, each));
    this.stages = parts.decoder.length;
  }

  /**
   * @param {ImageData} image
   * @param {boolean} withMaps whether the maps around each pooling are wanted too
   * @returns {Promise<Encoded>}
   */
  async encode({ data, height, width }, withMaps) {
    const plane = height * width, values = new Float32Array(3 * plane);
    for (let k = 0; k < plane; k += 1) {
      for (let c = 0; c < 3; c += 1) values[c * plane + k] = data[4 * k + c];
    }
    const numbers = Array.from({ length: this.stages }, (_, k) => k + 1);
    const kinds = withMaps ? ["positions", "features", "pooled"] : ["positions"];
    const wanted = ["bottleneck", ...numbers.flatMap((n) => kinds.map((kind) => `${kind}${n}`))];
    const image = new this.ort.Tensor("float32", values, [1, 3, height, width]);
    const found = await this.encoder.run({ image }, wanted);
    let size = [height, width];
    const stages = numbers.map((n) => {
      const positions = /** @type {any} */ (found[`positions${n}`]);
      size = size.map((side, axis) => pooledFrom(side, positions.dims[axis + 2]));
      const indices = offsetsOf(positions, [size[0], size[1]]);
      if (!withMaps) return { indices };
      return { indices, features: mapOf(found[`features${n}`]), pooled: mapOf(found[`pooled${n}`]) };
    });
    return { bottleneck: mapOf(found.bottleneck), stages };
  }

  /**
   * From an unpooled map to the values that the next stage unpools; for stage 1, to the output.
   * @param {number} stage 1 is the outermost
   * @param {FeatureMap} unpooled
   * @param {boolean} withDense whether the output of the first convolution is wanted too
   */
  async decode(stage, { data, channels, height, width }, withDense) {
    const tensor = new this.ort.Tensor("float32", data, [1, channels, height, width]);
    const found = await this.decoder[stage - 1].run({ unpooled: tensor }, withDense ? ["values", "dense"] : ["values"]);
    return { values: mapOf(found.values), dense: withDense ? mapOf(found.dense) : null };
  }
}
