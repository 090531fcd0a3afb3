// @ts-check
// The losses in numbers and as curves along one setting.

import { lineChart, roomFor } from "../shared/charts.js";
import { choice } from "../shared/controls.js";
import { element } from "../shared/dom.js";
import { clamp } from "../shared/values.js";
import { percentText } from "./board.js";
import { LOSSES, SETTINGS } from "./losses.js";

/** @import { Point } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { Computed } from "./computed.js" */
/** @import { Setting, Traits } from "./types" */

/**
 * @param {Scope<Traits>} scope
 * @param {Computed} computed
 */
export function numbers(scope, computed) {
  const table = element("table", { class: "sn-table" });
  const measured = element("p", { class: "sn-measured" });
  const head = element("tr", {}, ...["Loss", "value", "object's pull"].map((text, i) =>
    element("th", { text, scope: i ? "col" : "row" })));
  const show = () => {
    const { losses, pull, scores, weights: [background, object] } = computed.numbers();
    table.replaceChildren(element("thead", {}, head),
      element("tbody", {}, ...LOSSES.map(([name, title]) => element("tr", {},
        element("th", { text: title, scope: "row" }),
        element("td", { text: losses[name].toFixed(4), "data-loss": name }),
        element("td", { text: percentText(pull[name]) })))));
    measured.textContent = `Class weights: background ${background.toFixed(3)}, object ${object.toFixed(3)}. `
      + `Measured on the likelier class: global accuracy ${percentText(scores.global_accuracy)}, `
      + `mean IoU ${percentText(scores.mean_iou)}, IoU of the object ${percentText(scores.object_iou)}.`;
    scope.say("losses", `${LOSSES.map(([name, title]) => `${title} ${losses[name].toFixed(3)}`).join(", ")}.`);
  };
  return { node: element("div", { class: "sn-answers" }, table, measured), show };
}

/**
 * The curve of a loss with the present point itself, exact, among its samples.
 * @param {Point[]} line
 * @param {number} loss
 * @param {number | null} now
 * @returns {Point[]}
 */
function curveWithPoint(line, loss, now) {
  if (now === null) return line;
  /** @type {Point} */
  const point = [now, loss];
  return [...line.filter(([x]) => x !== now), point].sort((a, b) => a[0] - b[0]);
}

/**
 * Set the chosen setting to where the reader points.
 * @param {Scope<Traits>} scope
 * @param {number} x
 */
function pickSetting(scope, x) {
  const trait = scope.get("against"), { low, high } = SETTINGS[trait];
  const kept = clamp(x, trait === "share" ? 0.01 : low, trait === "confidence" ? 0.999 : high);
  scope.set(trait, trait === "shift" ? Math.round(kept) : Math.round(kept * 1000) / 1000);
}

/**
 * @param {Scope<Traits>} scope
 * @param {Computed} computed
 */
export function curves(scope, computed) {
  const chart = lineChart({
    title: "The losses along one setting", yLabel: "loss", xLabel: "", series: LOSSES,
    value: (y) => y.toFixed(3), xTick: (x) => `${Number(x.toFixed(3))}`, pick: (x) => pickSetting(scope, x),
  });
  const here = element("p", { class: "sn-cursor-text", "data-value": "at" });
  const names = Object.entries(SETTINGS).map(([key, { name }]) =>
    /** @type {[Setting, string]} */ ([key, name]));
  const node = element("div", { class: "sn-bottom" }, chart.node, element("div", {},
    choice(scope, "against", { label: "Along", choices: names }), here));
  const show = () => {
    const trait = scope.get("against"), { label, low, high } = SETTINGS[trait], value = scope.get(trait);
    const now = value >= low && value <= high ? value : null;
    const found = computed.lines(), { losses } = computed.numbers();
    const top = Math.max(0.01, ...Object.values(found).flatMap((line) => line.map(([, y]) => y)));
    const lines = Object.fromEntries(LOSSES.map(([name]) => [name, curveWithPoint(found[name], losses[name], now)]));
    chart.draw({ x: [low, high], y: [0, roomFor(top)], xLabel: label, lines, cursor: now });
  };
  const showAt = () => {
    const [y, x] = scope.get("cursor"), place = computed.place();
    here.textContent = `Row ${y}, column ${x}: ${computed.mask()[place] ? "object" : "background"}, predicted to be `
      + `the object with probability ${computed.numbers().chance[place].toFixed(3)}.`;
  };
  return { node, show, showAt };
}
