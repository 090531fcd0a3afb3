// @ts-check
// For each class: how many pixels both runs get right, only one of them, or none.

import { element, rgb, swatch } from "../../widgets/shared/dom.js";
import { total } from "./counts.js";

/** @import { Counts } from "./types" */
/** @import { Choices } from "./state.js" */

/** @type {[keyof Counts, string, string][]} */
const WITH_TRUTH = [["both", "both right", ""], ["onlyA", "only A right", "A is right and B is not"],
  ["onlyB", "only B right", "B is right and A is not"], ["neither", "both wrong", ""],
  ["differ", "different", "A and B differ"]];
/** @type {[keyof Counts, string, string][]} */
const WITHOUT = [["differ", "different", "A and B differ"]];

/**
 * @param {number} count
 * @param {number} of
 */
function shareText(count, of) {
  return `${of ? (100 * count / of).toFixed(1) : "0.0"} %`;
}

/**
 * @param {number} count
 * @param {number} of
 */
export function countText(count, of) {
  return `${count.toLocaleString("en")} (${shareText(count, of)})`;
}

/**
 * @param {Choices} choices
 * @param {{ names: string[], palette: number[][], counts: Counts[], truth: boolean }} found
 */
export function comparisonTable(choices, { names, palette, counts, truth }) {
  const kinds = truth ? WITH_TRUTH : WITHOUT;
  const row = (/** @type {Node} */ head, /** @type {Counts} */ one, /** @type {string} */ name) => element("tr",
    { "data-class": name }, element("th", { scope: "row" }, head),
    element("td", { class: "gl-number", text: one.pixels.toLocaleString("en"), "data-count": "pixels" }),
    ...kinds.map(([kind]) => element("td", { class: "gl-number", "data-count": kind },
      element("span", { text: one[kind].toLocaleString("en") }), " ",
      element("small", { text: shareText(one[kind], one.pixels) }))));
  const first = truth ? "true class" : "class of A";
  const head = [[first, ""], ["pixels", ""], ...kinds.map(([, text, help]) => [text, help])];
  return element("table", { class: "gl-small" },
    element("caption", { class: "sn-hidden", text: "Pixels by class, and the share of the pixels of the class" }),
    element("thead", {}, element("tr", {}, ...head.map(([text, help], i) => element("th",
      { scope: "col", class: i ? "gl-number" : "", text, title: help || null })))),
    element("tbody", {},
      row(element("span", { text: "all classes" }), total(counts), ""),
      ...counts.flatMap((one, id) => (one.pixels
        ? [row(classButton(choices, id, names[id], palette), one, names[id])] : []))));
}

/**
 * Shows the pixels of one class alone, or those of all again.
 * @param {Choices} choices
 * @param {number} id
 * @param {string} name
 * @param {number[][]} palette
 */
function classButton(choices, id, name, palette) {
  const pressed = choices.get("highlight") === id;
  return element("button", {
    type: "button", class: "gl-link", "aria-pressed": `${pressed}`, "data-highlight": id,
    title: pressed ? "Show all classes again" : "Show the pixels of this class alone",
    click: () => choices.set("highlight", choices.get("highlight") === id ? -1 : id),
  }, swatch(rgb(palette[id % palette.length])), element("span", { text: name }));
}
