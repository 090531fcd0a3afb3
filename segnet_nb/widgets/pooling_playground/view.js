// @ts-check
// The pooling playground: presets and sizes, an editable map, its maxima, and four ways to upsample them.
// All is computed here as well as in Python, so that it works without a kernel.

import { labelled } from "../shared/controls.js";
import { button, element } from "../shared/dom.js";
import { explorer } from "../shared/explorer.js";
import { mapOf, PLACES, preset } from "./numbers.js";
import { Playground, same } from "./playground.js";

/** @import { Point } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { Preset, Traits } from "./types" */

const LARGEST_WEIGHT = 10;
/** @type {[Preset, string][]} */
const PRESETS = [
  ["example", "Example"], ["ties", "Ties"], ["negative", "All negative"], ["zeros", "Zeros"], ["random", "Random"],
];

/**
 * The four weights of the transposed convolution.
 * @param {Scope<Traits>} scope
 */
function kernelFields(scope) {
  const inputs = PLACES.map((place, i) => {
    const input = element("input", {
      type: "text", inputmode: "decimal", maxlength: 5, autocomplete: "off", "aria-label": `weight ${place}`,
      "data-weight": i, "data-fresh": "true",
      input: () => {
        const value = Number(input.value.trim().replace(",", ".") || NaN);
        const good = Number.isFinite(value) && Math.abs(value) <= LARGEST_WEIGHT;
        input.dataset.fresh = "false";
        input.toggleAttribute("aria-invalid", !good);
        if (good) scope.set("kernel", mapOf(2, 2, (y, x) => (2 * y + x === i ? value : scope.get("kernel")[y][x])));
      },
      blur: () => {
        input.dataset.fresh = "true";
        input.removeAttribute("aria-invalid");
        show();
      },
    });
    return input;
  });
  const show = () => inputs.forEach((input, i) => {
    const value = scope.get("kernel")[i >> 1][i % 2];
    if (input.dataset.fresh === "true" || Number(input.value) !== value) input.value = `${value}`;
  });
  const node = element("div", { class: "sn-weights", role: "group", "aria-label": "kernel of 2 x 2 weights" },
    ...inputs);
  return { node, show };
}

/**
 * Which preset the map is; undefined for a map of the reader's own.
 * @param {Playground} playground
 */
function matching(playground) {
  const [rows, columns] = playground.size(), seed = playground.scope.get("seed");
  return PRESETS.map(([name]) => name).find((name) => same(playground.grid(), preset(name, rows, columns, seed)));
}

/**
 * @param {Playground} playground
 * @param {Preset} name
 */
function fill(playground, name, [rows, columns] = playground.size()) {
  playground.scope.set("grid", preset(name, rows, columns, playground.scope.get("seed")));
}

/** @param {Playground} playground */
function presetButtons(playground) {
  const buttons = PRESETS.map(([name, text]) =>
    button(text, () => fill(playground, name), { "data-preset": name, "aria-pressed": "false" }));
  const node = element("div", { class: "sn-presets", role: "group", "aria-label": "presets" }, ...buttons);
  const show = () => {
    const name = matching(playground);
    for (const one of buttons) one.setAttribute("aria-pressed", `${one.dataset.preset === name}`);
  };
  return { node, show };
}

/** @param {Playground} playground */
function seedField(playground) {
  const { scope } = playground;
  const show = () => { input.value = `${scope.get("seed")}`; };
  const input = element("input", {
    type: "number", min: 0, max: 9999, step: 1, "data-trait": "seed", class: "sn-seed",
    change: () => {
      const value = Math.floor(Number(input.value));
      if (input.value === "" || !(value >= 0 && value < 2 ** 31)) { show(); return; }
      scope.set("seed", value);
      fill(playground, "random");
    },
  });
  return { input, show };
}

/** @param {Playground} playground */
function sizeFields(playground) {
  const fields = ["rows", "columns"].map((which, axis) => {
    const input = element("select", {
      "data-size": which,
      change: () => {
        const wanted = playground.size();
        wanted[axis] = Number(input.value);
        resizeMap(playground, wanted);
      },
    });
    for (let count = 4; count <= 8; count += 1) input.append(element("option", { text: count, value: count }));
    return input;
  });
  const show = () => fields.forEach((input, axis) => { input.value = `${playground.size()[axis]}`; });
  return { nodes: [labelled("rows", fields[0]), labelled("columns", fields[1])], show };
}

/**
 * A preset stays that preset; a map of the reader's own keeps its values and gets zeros.
 * @param {Playground} playground
 * @param {Point} size rows and columns
 */
function resizeMap(playground, size) {
  const name = matching(playground), old = playground.grid();
  if (name) fill(playground, name, size);
  else playground.scope.set("grid", mapOf(size[0], size[1], (y, x) => old[y]?.[x] ?? 0));
}

/** What the corners and the errors below the maps mean. */
function key() {
  return element("span", { class: "sn-note" }, element("span", { class: "sn-corner" }),
    "as in the map; error: sum of the absolute differences");
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} body
 */
function build(scope, body) {
  const kernel = kernelFields(scope), playground = new Playground(scope, kernel.node);
  const presets = presetButtons(playground), seed = seedField(playground), sizes = sizeFields(playground);
  body.append(
    element("div", { class: "sn-controls" }, presets.node, labelled("seed", seed.input), ...sizes.nodes),
    playground.top, playground.detail,
    element("div", { class: "sn-heading" }, element("b", { text: "The same maxima, four ways back up" }), key()),
    playground.ways);
  const draw = () => {
    playground.draw();
    for (const part of [kernel, sizes, presets]) part.show();
  };
  scope.watch("seed", () => { seed.show(); presets.show(); });
  scope.watch(["grid", "kernel"], draw);
  draw();
  seed.show();
}

export default explorer("pooling-playground", "Pooling playground", build);
