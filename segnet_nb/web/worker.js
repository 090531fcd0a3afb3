// @ts-check
// The worker of a page: it holds the engine and the networks, so that the page itself never waits.

import { Bench } from "./bench.js";
import { bytesOf } from "./network.js";
import { Prediction } from "./prediction.js";
import { Sampling } from "./sampling.js";
import { Tracing } from "./tracing.js";

/** @import { Ort, Page } from "./types" */
/** @typedef {{ answer(question: any): Promise<any> }} Answering */

/** @type {Record<string, new (ort: Ort, page: Page) => Answering>} */
const KINDS = { index_ablation: Bench, index_microscope: Tracing, prediction: Prediction,
  uncertainty_lens: Sampling };

/** @type {Map<number, Answering>} */
const opened = new Map();
/** @type {Promise<Ort> | null} */
let engine = null;

/**
 * Unpack the engine: gzip of a version, a module and its WebAssembly, each after its length.
 * @param {string} text base64
 * @param {boolean} gpu whether it is the engine for graphics processors
 * @returns {Promise<Ort>}
 */
async function load(text, gpu) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const content = await new Response(stream).arrayBuffer(), view = new DataView(content);
  const parts = [];
  for (let at = 0; at < content.byteLength;) {
    const length = view.getUint32(at, true);
    parts.push(new Uint8Array(content, at + 4, length));
    at += 4 + length;
  }
  const url = URL.createObjectURL(new Blob([parts[1]], { type: "text/javascript" }));
  const ort = await import(url);
  ort.env.wasm.wasmBinary = parts[2].slice().buffer;
  ort.env.wasm.numThreads = 1;  // a file from disk may not share memory between threads
  ort.env.wasm.proxy = false;
  ort.env.logLevel = "error";
  return { Tensor: ort.Tensor, InferenceSession: ort.InferenceSession, gpu };
}

/** @param {any} message */
async function answerTo({ what, id, text, gpu, kind, page, question }) {
  if (what === "engine") {
    engine = load(text, Boolean(gpu));
    await engine;
    return null;
  }
  if (what === "open") {
    if (!engine) throw new Error("this page has no engine.");
    opened.set(id, new KINDS[kind](await engine, page));
    return null;
  }
  const found = opened.get(id);
  if (!found) throw new Error("this network is not open.");
  const began = performance.now(), answer = await found.answer(question);
  return { ...answer, milliseconds: performance.now() - began, gpu: (await engine)?.gpu };
}

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ call: data.call, answer: await answerTo(data) });
  } catch (failure) {
    self.postMessage({ call: data.call, failure: failure instanceof Error ? failure.message : String(failure) });
  }
};
