// @ts-check
// Accuracy of the pixels that are kept, and the reliability diagram.

import { lineChart } from "../shared/charts.js";
import { element } from "../shared/dom.js";
import { clamp, percent } from "../shared/values.js";

/** @import { Point } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { Calibration, Traits } from "./types" */

/**
 * A curve over 5 %, 10 % ... 100 % kept, in percent.
 * @param {(number | null)[]} values
 * @returns {Point[]}
 */
function keptLine(values) {
  return values.map((y, k) => [5 * (k + 1), y === null ? NaN : 100 * y]);
}

/**
 * Accuracy over confidence, in percent, without empty bins.
 * @param {Calibration} found
 * @returns {Point[]}
 */
function reliability({ confidence, accuracy }) {
  return confidence.flatMap((x, k) => (x === null ? [] : [[100 * x, 100 * (accuracy[k] ?? NaN)]]));
}

/** @param {Scope<Traits>} scope */
export function curves(scope) {
  const keptChart = lineChart({ title: "Accuracy of the pixels that are kept",
    xLabel: "most certain pixels kept (%)", yLabel: "accuracy (%)",
    series: [["all", "all images", 1], ["own", "this image", 2]], value: (y) => `${y.toFixed(1)} %`,
    pick: (x) => scope.set("kept", clamp(Math.round(x / 5) * 5, 5, 100) / 100) });
  const diagram = lineChart({ title: "Reliability diagram",
    xLabel: "mean confidence (%)", yLabel: "accuracy (%)",
    series: [["all", "all images", 1], ["own", "this image", 2], ["ideal", "perfectly calibrated", 3]] });
  const told = element("p", { class: "sn-told", "data-told": "" });
  const show = () => {
    const image = scope.get("image"), share = scope.get("kept");
    const found = scope.get("curves")[scope.get("samples")], kept = found[scope.get("measure")];
    const lines = { all: keptLine(kept.all), own: keptLine(kept.images[image]) };
    const seen = [...lines.all, ...lines.own].map(([, y]) => y).filter(Number.isFinite);
    const low = Math.floor(Math.min(...seen, 99) / 5) * 5;
    keptChart.draw({ x: [0, 100], y: [low, 100], lines, cursor: 100 * share });
    diagram.draw({ x: [0, 100], y: [0, 100], lines: {
      all: reliability(found.calibration.all), own: reliability(found.calibration.images[image]),
      ideal: [[0, 0], [100, 100]],
    } });
    told.textContent = `Of all images ${percent(kept.all[19])} of the pixels are right; `
      + `of the ${percent(share, 0)} most certain ${percent(kept.all[Math.round(share * 20) - 1])}. `
      + `Calibration error ${percent(found.calibration.all.error)}.`;
    scope.say("curves", told.textContent);
  };
  return { told, node: element("div", { class: "sn-charts" }, keptChart.node, diagram.node), show };
}
