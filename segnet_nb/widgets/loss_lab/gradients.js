// @ts-check
// The gradient of each loss as an image, its scale, and its value at the cursor.

import { paint, pixelCanvas } from "../shared/canvas.js";
import { element } from "../shared/dom.js";
import { diverging } from "./computed.js";
import { COLUMNS, LOSSES, PIXELS, ROWS } from "./losses.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Board } from "./board.js" */
/** @import { Computed } from "./computed.js" */
/** @import { Traits } from "./types" */

/** @param {number} value */
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;

/**
 * @param {Scope<Traits>} scope
 * @param {Board} board
 * @param {Computed} computed
 */
export function gradientMaps(scope, board, computed) {
  const maps = LOSSES.map(([name, title]) => {
    const canvas = pixelCanvas(name, ROWS, COLUMNS, { role: "img", "aria-label": `Gradient of ${title}` });
    const low = element("span", { class: "sn-number" }), high = element("span", { class: "sn-number" });
    const here = element("output", { class: "sn-number", "data-at": name });
    const node = element("figure", { class: "sn-figure" }, element("figcaption", { text: title, title }),
      board.framed(canvas),
      element("div", { class: "sn-bar-row" }, low, element("span", { class: "sn-diverging" }), high),
      element("div", { class: "sn-here" }, element("span", { class: "sn-note", text: "cursor" }), here));
    return { name, canvas, low, high, here, node };
  });
  const show = () => {
    const { gradients } = computed.numbers(), largest = computed.largest();
    for (const { name, canvas, low, high } of maps) {
      const end = largest[name];
      paint(scope, canvas, diverging(gradients[name].map((value) => value * PIXELS), end));
      const text = end.toFixed(end < 10 ? 2 : 1);
      low.textContent = `−${text}`;
      high.textContent = `+${text}`;
    }
  };
  const showAt = () => {
    const { gradients } = computed.numbers(), place = computed.place();
    for (const { name, here } of maps) here.textContent = signed(gradients[name][place] * PIXELS);
  };
  return { node: element("div", { class: "sn-maps" }, ...maps.map(({ node }) => node)), show, showAt };
}
