// @ts-check
// Training loss and validation scores by epoch, and which epoch is looked at.

import { lineChart, roomFor } from "../shared/charts.js";
import { labelled } from "../shared/controls.js";
import { element } from "../shared/dom.js";
import { clamp, percent } from "../shared/values.js";

/** @import { Point } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { Curve, Traits } from "./types" */

/** @type {Curve[]} */
const CURVES = ["loss", "mean_iou", "class_average", "global_accuracy"];

/**
 * Show an epoch; the newest one is 0, so that the view follows the training.
 * @param {Scope<Traits>} scope
 * @param {number} epoch
 */
function choose(scope, epoch) {
  const shown = epoch === scope.get("history").length ? 0 : epoch;
  if (shown !== scope.get("shown")) scope.set("shown", shown);
}

/** @param {Scope<Traits>} scope */
export function curves(scope) {
  /** @param {number} x */
  const pick = (x) => {
    const last = scope.get("history").length;
    if (last) choose(scope, clamp(Math.round(x), 1, last));
  };
  const common = { xLabel: "epoch", wholeX: true, pick };
  const loss = lineChart({ ...common, title: "Training loss", yLabel: "loss", series: [["loss", "loss", 1]],
    value: (y) => y.toFixed(3) });
  const scores = lineChart({ ...common, title: "Validation", yLabel: "score (%)", value: (y) => percent(y),
    tick: (y) => `${Math.round(100 * y)}`,
    series: [["mean_iou", "mean IoU", 1], ["class_average", "class average", 2],
      ["global_accuracy", "global accuracy", 3]] });
  const show = () => {
    const history = scope.get("history"), best = scope.get("best_epoch");
    const lines = Object.fromEntries(CURVES.map((name) =>
      [name, history.map((entry) => /** @type {Point} */ ([entry.epoch, entry[name]]))]));
    const cursor = history.length ? scope.get("shown") || history.length : null;
    const highest = history.length ? roomFor(Math.max(...history.map((entry) => entry.loss))) : 1;
    /** @type {Point} */
    const x = [1, Math.max(2, scope.get("epochs"), history.length)];
    loss.draw({ x, y: [0, highest], lines, cursor, marks: [] });
    const newest = history[history.length - 1];
    if (newest) {
      scope.say("epoch",
        `Epoch ${newest.epoch}: loss ${newest.loss.toFixed(3)}, mean IoU ${percent(newest.mean_iou)}.`);
    }
    scores.draw({ x, y: [0, 1], lines, cursor, marks: best ? [{ x: best, text: `best: epoch ${best}` }] : [] });
  };
  return { node: element("div", { class: "sn-charts" }, loss.node, scores.node), show };
}

/** @param {Scope<Traits>} scope */
export function epochSlider(scope) {
  const range = element("input", { type: "range", min: 1, max: 1, step: 1, "data-trait": "shown",
    input: () => {
      const at = Number(range.value);
      choose(scope, at === Number(range.max) ? scope.get("history").length : at);
    } });
  const text = element("output", { class: "sn-readout" });
  const node = labelled("Epoch shown", range, text,
    { help: "Look back at an earlier epoch; at the right end the newest is shown" });
  const show = () => {
    const last = scope.get("history").length, at = scope.get("shown") || last;
    range.max = `${Math.max(1, last)}`;
    range.value = `${at}`;
    range.disabled = last < 2;
    text.textContent = !last ? "–"
      : `${at}${at === last ? ", newest" : ""}${at === scope.get("best_epoch") ? ", best" : ""}`;
    range.setAttribute("aria-valuetext", text.textContent);
  };
  return { node, show };
}
