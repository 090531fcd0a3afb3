// @ts-check
// Four numbers with bars, compared with those for true indices.

import { element } from "../shared/dom.js";
import { percent } from "../shared/values.js";

/** @import { Result } from "./types" */

/**
 * A change of a score, in points.
 * @param {number} value
 */
function points(value) {
  const shown = (100 * value).toFixed(1);
  if (Number(shown) === 0) return "± 0.0";
  return value > 0 ? `▲ +${shown}` : `▼ −${(-100 * value).toFixed(1)}`;
}

/** @param {number} bytes */
export function memory(bytes) {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(2)} MB`;
  return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(1)} kB` : `${bytes} B`;
}

/**
 * A number with a bar; a line across the bar is the value with true indices.
 * @param {string} name
 * @param {string} label
 * @param {string} help
 */
function meter(name, label, help) {
  const value = element("span", { class: "sn-meter-value sn-number" });
  const change = element("span", { class: "sn-meter-change sn-number" });
  const fill = element("div", { class: "sn-meter-fill" });
  const tick = element("div", { class: "sn-meter-tick" });
  const node = element("div", { class: "sn-meter", "data-meter": name, title: help },
    element("div", { class: "sn-meter-label", text: label }),
    element("div", { class: "sn-meter-line" }, value, change),
    element("div", { class: "sn-meter-bar" }, fill, tick));
  return {
    node,
    /**
     * @param {string} text
     * @param {number} share of the bar
     * @param {string} note
     * @param {number | null} before place of the line
     */
    show(text, share, note, before) {
      value.textContent = text;
      change.textContent = note;
      fill.style.width = `${100 * Math.min(1, share)}%`;
      tick.hidden = before === null;
      if (before !== null) tick.style.left = `${100 * Math.min(1, before)}%`;
    },
  };
}

/**
 * The same in words, for screen readers.
 * @param {Result} found
 */
function told(found) {
  if (!("mean_iou" in found)) return "";
  return `Mean IoU ${percent(found.mean_iou)}, boundary F1 ${percent(found.boundary_f1)}, `
    + `${percent(found.changed)} of the pixels changed.`;
}

export function meters() {
  const iou = meter("mean_iou", "Mean IoU", "Of this image; classes that it does not show are ignored");
  const outline = meter("boundary_f1", "Boundary F1", "Of this image: how well the outlines of the classes lie");
  const changed = meter("changed", "Changed pixels",
    "Pixels with another class than with true indices: right before and wrong now, and the other way round");
  const bytes = meter("bytes_indices", "Index memory", "Two bits per index; zeros and upsampling need none");
  const compared = element("div", { class: "sn-note" });
  /** @param {Result} found */
  const show = (found) => {
    if (!("mean_iou" in found)) return;
    for (const [one, score, change] of /** @type {const} */ ([
      [iou, found.mean_iou, found.mean_iou_change], [outline, found.boundary_f1, found.boundary_f1_change],
    ])) one.show(percent(score), score, points(change), score - change);
    changed.show(percent(found.changed), found.changed,
      `wrong ${percent(found.now_wrong)}, right ${percent(found.now_right)}`, null);
    const all = found.bytes_indices_true, saved = all - found.bytes_indices;
    bytes.show(memory(found.bytes_indices), found.bytes_indices / all, saved ? `▼ −${memory(saved)}` : "all stages", 1);
    compared.textContent = `Lines across the bars: with true indices. These take ${memory(all)}; keeping the `
      + `float32 feature maps, as U-Net does, would take ${memory(found.bytes_features)}, `
      + `${Math.round(found.bytes_features / all)} times as much.`;
  };
  const node = element("div", { class: "sn-meters" }, iou.node, outline.node, changed.node, bytes.node);
  return { node, compared, show, told };
}
