// @ts-check
// The one worker of a page, which holds the engine and the networks.

/** @import { Page } from "./types" */
/** @typedef {(question: object) => Promise<any>} Ask */

/** @param {string} selector */
export function textOf(selector) {
  return document.querySelector(selector)?.textContent ?? "";
}

/**
 * The text of an engine. A website adds it to the page when it is first needed, and is told so by an event.
 * @param {"engine" | "gpu-engine"} name
 * @returns {Promise<string>}
 */
function engineText(name) {
  const find = () => document.querySelector(`[data-${name}]`), found = find();
  if (found) return Promise.resolve(found.textContent ?? "");
  return new Promise((done, failed) => {
    const watcher = new MutationObserver(() => {
      const added = find();
      if (!added) return;
      watcher.disconnect();
      done(added.textContent ?? "");
    });
    watcher.observe(document, { childList: true, subtree: true });
    document.addEventListener("segnet-nb:no-engine", () => {
      watcher.disconnect();
      failed(new Error("the engine could not be loaded."));
    }, { once: true });
    document.dispatchEvent(new Event(`segnet-nb:${name}`));
  });
}

/**
 * The engine for graphics processors, if the page offers it and can use it. One that is imitated by the processor is
 * slower than WebAssembly.
 * @returns {Promise<string | null>}
 */
async function gpuEngineText() {
  const offered = document.querySelector("[data-gpu-engine], [data-gpu-engine-later]");
  const { gpu } = /** @type {any} */ (navigator);
  if (!offered || !gpu || !("Suspending" in WebAssembly)) return null;
  try {
    const adapter = await gpu.requestAdapter();
    return adapter && !adapter.info.isFallbackAdapter ? await engineText("gpu-engine") : null;
  } catch {
    return null;
  }
}

/** @returns {Promise<{ text: string, gpu: boolean }>} */
async function chosenEngine() {
  const text = await gpuEngineText();
  return text ? { text, gpu: true } : { text: await engineText("engine"), gpu: false };
}

/** The one worker of a page; it starts when an explorer is first touched. */
export class Engine {
  constructor() {
    this.calls = 0;
    /** @type {Map<number, { done: (answer: any) => void, failed: (failure: Error) => void }>} */
    this.waiting = new Map();
    /** @type {Worker | null} */
    this.worker = null;
    /** @type {Promise<void>} */
    this.ready = Promise.resolve();
  }

  start() {
    const source = JSON.parse(textOf("[data-page-worker]"));
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(url);
    URL.revokeObjectURL(url);
    worker.onmessage = ({ data: { call, answer, failure } }) => {
      const found = this.waiting.get(call);
      this.waiting.delete(call);
      if (failure === undefined) found?.done(answer);
      else found?.failed(new Error(failure));
    };
    worker.onerror = ({ message }) => {
      for (const { failed } of this.waiting.values()) failed(new Error(message || "the engine could not be started."));
      this.waiting.clear();
    };
    this.worker = worker;
    // If the engine fails, so does the first question, which says why.
    this.ready = chosenEngine().then((chosen) => { this.post({ what: "engine", ...chosen }).catch(() => {}); });
    this.ready.catch(() => {});
  }

  /**
   * @param {object} message
   * @returns {Promise<any>}
   */
  call(message) {
    if (!this.worker) this.start();
    return this.ready.then(() => this.post(message));
  }

  /**
   * @param {object} message
   * @returns {Promise<any>}
   */
  post(message) {
    this.calls += 1;
    const call = this.calls;
    return new Promise((done, failed) => {
      this.waiting.set(call, { done, failed });
      this.worker?.postMessage({ call, ...message });
    });
  }

  /**
   * A network of the page, opened when it is first asked.
   * @param {Page} page
   * @returns {Ask}
   */
  network(page) {
    const id = this.calls += 1;
    /** @type {Promise<any> | null} */
    let open = null;
    return async (question) => {
      open ??= this.call({ what: "open", id, kind: page.kind, page: withTexts(page) });
      await open;
      return this.call({ what: "ask", id, question });
    };
  }
}

/**
 * A page's data with the text of each asset, which the page holds once.
 * @param {any} part
 * @returns {any}
 */
function withTexts(part) {
  if (Array.isArray(part)) return part.map(withTexts);
  if (!part || typeof part !== "object") return part;
  if ("asset" in part) return { ...part, text: textOf(`[data-asset="${part.asset}"]`) };
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, withTexts(value)]));
}
