// @ts-check
// What is done to the indices: per stage, for all stages at once, and in detail.

import { choice, slider } from "../shared/controls.js";
import { button, element } from "../shared/dom.js";
import { percent } from "../shared/values.js";
import { memory } from "./meters.js";

/** @import { Traits as Access } from "../shared/types" */
/** @import { Asking } from "./asking.js" */
/** @import { Setup } from "./types" */

/** @type {Record<string, string>} */
const SHORT_NAMES = {
  true: "true", zeros: "zero", shuffled: "shuffled", random: "random", other: "other image",
  nearest: "nearest", bilinear: "bilinear",
};

/**
 * @param {Asking} asked
 * @param {Setup} setup
 * @param {number} i
 */
function stageControl(asked, setup, i) {
  const [height, width] = setup.sizes[i];
  // One list holds all stages, so a select of its own writes one item of it.
  /** @type {Access<{ modes: string }>} */
  const item = {
    get: () => asked.get("modes")[i],
    set: (_, mode) => asked.set("modes", asked.get("modes").map((old, k) => (k === i ? mode : old))),
    watch: (traits, draw) => asked.watch(traits, draw),
  };
  const control = choice(item, "modes", {
    class: "sn-stage", label: `Stage ${i + 1}`, choices: setup.modes,
    help: `Indices with which stage ${i + 1} unpools to ${height} × ${width}: ${memory(setup.bytes[i])}`,
  });
  control.field.dataset.stage = `${i + 1}`;
  control.append(element("span", { class: "sn-size sn-number", text: `to ${height} × ${width}` }));
  return control;
}

/**
 * Buttons that treat all stages alike.
 * @param {Asking} asked
 * @param {Setup} setup
 */
function presetButtons(asked, setup) {
  const buttons = setup.modes.map(([mode, text]) => button(SHORT_NAMES[mode],
    () => asked.set("modes", Array(setup.sizes.length).fill(mode)),
    { "data-preset": mode, title: `All stages: ${text}`, "aria-label": `All stages: ${text}` }));
  const show = () => {
    for (const one of buttons) {
      const chosen = asked.get("modes").every((mode) => mode === one.dataset.preset);
      one.setAttribute("aria-pressed", `${chosen}`);
    }
  };
  return { node: element("div", { class: "sn-presets" }, ...buttons), show };
}

/**
 * Settings of single interventions; those that no stage uses are switched off.
 * @param {Asking} asked
 * @param {Setup} setup
 */
function detailControls(asked, setup) {
  const share = slider(asked, "share", {
    class: "sn-detail", label: "Random share", min: 0, max: 100, scale: 100, format: (value) => percent(value, 0),
    help: "Share of the indices that chance replaces, for stages that are partly random",
  });
  const other = choice(asked, "other", {
    class: "sn-detail", label: "Other image",
    choices: [[null, "the next one"], ...setup.names.map((name, i) => /** @type {[number, string]} */ ([i, name]))],
    help: "Image whose indices are taken, for stages of another image",
  });
  const again = button("Shuffle again", () => asked.set("seed", asked.get("seed") + 1), { "data-action": "again" });
  const seed = element("span", { class: "sn-note sn-number" });
  const chance = element("div", { class: "sn-control sn-chance" }, again, seed);
  const parts = [
    { node: share, field: share.field, modes: ["random"] },
    { node: other, field: other.field, modes: ["other"] },
    { node: chance, field: again, modes: ["random", "shuffled"] },
  ];
  const show = () => {
    for (const { node, field, modes } of parts) {
      field.disabled = !asked.get("modes").some((mode) => modes.includes(mode));
      node.classList.toggle("sn-idle", field.disabled);
    }
    seed.textContent = `draw ${asked.get("seed")}`;
  };
  return { nodes: [share, chance, setup.names.length > 1 ? other : null], show };
}

/**
 * @param {string} title
 * @param {string} note
 * @param {(HTMLElement | null)[]} parts
 */
function group(title, note, ...parts) {
  return element("div", { class: "sn-group", role: "group", "aria-label": title },
    note ? element("div", { class: "sn-note", text: note }) : null, ...parts);
}

/**
 * @param {Asking} asked
 * @param {Setup} setup
 */
export function sideControls(asked, setup) {
  const presets = presetButtons(asked, setup), details = detailControls(asked, setup);
  const show = () => { presets.show(); details.show(); };
  asked.watch(["modes", "seed"], show);
  show();
  return element("div", { class: "sn-side" },
    choice(asked, "image", { class: "sn-which", label: "Image", choices: setup.names.map((name, i) => [i, name]) }),
    group("Indices of each stage", "Indices that the decoder gets",
      ...setup.sizes.map((_, i) => stageControl(asked, setup, i))),
    group("All stages at once", "All stages at once", presets.node),
    group("Details", "", ...details.nodes));
}
