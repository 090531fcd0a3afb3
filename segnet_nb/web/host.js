// @ts-check
// In a page without a kernel: what answers the explorers whose network the page holds. The view is the same as with
// a kernel, and so are its traits; here the answers come from a worker.

import { Engine } from "./engine.js";

/** @import { AblationAnswer, Page, SampledAnswer, TraceAnswer } from "./types" */
/** @import { Model } from "../widgets/shared/types" */
/** @typedef {import("./engine.js").Ask} Ask */

/**
 * Ask for the newest that is wanted, one question at a time.
 * @param {Model<any>} model
 * @param {() => Promise<void>} answer
 */
function newest(model, answer) {
  let busy = false, again = false;
  return async () => {
    again = true;
    if (busy) return;
    busy = true;
    model.set("busy", true);
    model.set("error", "");
    await null;  // traits that are set together are answered together
    try {
      while (again) {
        again = false;
        await answer();
      }
    } catch (failure) {
      model.set("error", failure instanceof Error ? failure.message : String(failure));
    } finally {
      busy = false;
      model.set("busy", false);
    }
  };
}

/**
 * @param {Model<any>} model
 * @param {Ask} ask
 */
function answerAblation(model, ask) {
  let shown = model.get("image");
  const run = newest(model, async () => {
    const image = model.get("image"), asked = model.get("_asked");
    const names = ["modes", "share", "seed", "other", "view"];
    const question = { image, ...Object.fromEntries(names.map((name) => [name, model.get(name)])) };
    /** @type {AblationAnswer} */
    const { result, pictures, scene } = await ask(question);
    if (image !== shown) model.set("_scene", scene);
    shown = image;
    model.set("_pictures", pictures);
    model.set("result", result);
    model.set("_answered", asked);
  });
  for (const name of ["_asked", "image", "modes"]) model.on(`change:${name}`, run);
}

/**
 * @param {Model<any>} model
 * @param {Ask} ask
 */
function answerMicroscope(model, ask) {
  let maps = false, loudest = false, settling = false, shown = model.get("image");
  const run = newest(model, async () => {
    const question = { maps, loudest };
    maps = loudest = false;
    const state = Object.fromEntries(["image", "stage", "channel", "pixel"].map((name) => [name, model.get(name)]));
    /** @type {TraceAnswer} */
    const found = await ask({ ...state, ...question });
    // What was moved meanwhile is requested next.
    settling = true;
    for (const name of /** @type {const} */ (["channel", "pixel"])) {
      if (`${model.get(name)}` === `${state[name]}`) model.set(name, found[name]);
    }
    settling = false;
    if (found.image !== shown) {
      model.set("photo", found.photo);
      model.set("frame", { ...model.get("frame"), size: found.size });
      shown = found.image;
    }
    if (found.picture) {
      model.set("picture", found.picture);
      model.set("zero_share", found.zero_share);
    }
    model.set("path", found.path);
  });
  for (const name of ["image", "stage", "channel", "pixel"]) {
    model.on(`change:${name}`, () => {
      if (settling) return;
      maps ||= name !== "pixel";
      run();
    });
  }
  model.on("sent", (content) => {
    if (content.kind !== "loudest") return;
    loudest = true;
    run();
  });
}

/**
 * @param {Model<any>} model
 * @param {Ask} ask
 */
function answerLens(model, ask) {
  const run = newest(model, async () => {
    /** @type {SampledAnswer} */
    const { pictures, curves } = await ask({});
    // Questions that were prepared are about the samples before.
    for (const name of ["question", "revealed"]) model.set(name, {});
    model.set("questions", []);
    model.set("pictures", { ...model.get("pictures"), ...pictures });
    model.set("curves", curves);
  });
  model.on("sent", (content) => { if (content.kind === "sample") run(); });
}

/** @type {Record<string, (model: Model<any>, ask: Ask) => void>} */
const ANSWERS = { index_ablation: answerAblation, index_microscope: answerMicroscope, uncertainty_lens: answerLens };

const engine = new Engine();

/**
 * Let the page answer an explorer.
 * @param {Model<any>} model
 */
export default function live(model) {
  /** @type {Page} */
  const page = model.get("_page");
  ANSWERS[page.kind](model, engine.network(page));
}
