// @ts-check
// The list of classes: which are coloured, their colours and their scores in the image.

import { button, element, rgb } from "../shared/dom.js";
import { paletteOf, wholePercent } from "./scores.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Scores } from "./scores.js" */
/** @import { Traits } from "./types" */

/**
 * @param {Scope<Traits>} scope
 * @param {Scores} scores
 */
export function classList(scope, scores) {
  const rows = scores.classes.map((name) => classRow(scope, name));
  const node = element("div", { class: "sn-classes" },
    element("div", { class: "sn-class-head" },
      element("span", { class: "sn-note", text: scores.labels ? "classes, IoU here in %" : "classes" }),
      button("all", () => scope.set("hidden", []), { "data-action": "all" }),
      button("none", () => scope.set("hidden", [...scores.classes]), { "data-action": "none" })),
    ...rows.map(({ row }) => row));
  const show = () => {
    const hidden = new Set(scope.get("hidden")), palette = paletteOf(scope);
    for (const [id, { name, box, mark, iou }] of rows.entries()) {
      box.checked = !hidden.has(name);
      mark.style.background = rgb(palette[id]);
      if (!scores.labels) continue;
      const score = scores.iou(scope.get("image"), id);
      iou.textContent = score === null ? "–" : `${Math.round(100 * score)}`;
      iou.title = score === null ? "not in this image" : `intersection over union ${wholePercent(score)}`;
    }
  };
  return { node, show };
}

/**
 * @param {Scope<Traits>} scope
 * @param {string} name
 */
function classRow(scope, name) {
  const box = element("input", {
    type: "checkbox", "data-class": name,
    change: () => {
      const hidden = scope.get("hidden").filter((other) => other !== name);
      scope.set("hidden", box.checked ? hidden : [...hidden, name]);
    },
  });
  const mark = element("span", { class: "sn-swatch" });
  const iou = element("span", { class: "sn-number sn-note" });
  const row = element("label", { class: "sn-class" }, box, mark,
    element("span", { class: "sn-class-name", text: name }), iou);
  return { name, box, mark, iou, row };
}
