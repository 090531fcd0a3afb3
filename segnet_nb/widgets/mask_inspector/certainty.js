// @ts-check
// Without labels: how certain the network is, of the image and of each class.

import { element, rgb, swatch } from "../shared/dom.js";
import { paletteOf, wholePercent } from "./scores.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Certainty, MaskData, Traits } from "./types" */

export const NEED_LABELS = ["truth", "compare", "errors"];
export const NO_LABELS = "Needs labels, and these images have none";
const USUAL_THRESHOLD = 90;

/** @param {Scope<Traits>} scope */
export const leastCertain = (scope) => Math.round(100 * scope.get("threshold")) || USUAL_THRESHOLD;

/**
 * Per class, and for all of them last: its share of the image, its mean probability, and the share that is
 * at least so certain; null where nothing is predicted so.
 * @param {MaskData} data
 * @param {number} threshold in percent
 * @param {number} count of classes
 * @returns {(Certainty | null)[]}
 */
export function certainties({ predicted, percent }, threshold, count) {
  const sums = Array.from({ length: count + 1 }, () => ({ pixels: 0, percent: 0, certain: 0 }));
  for (let i = 0; i < predicted.length; i++) {
    for (const sum of [sums[predicted[i]], sums[count]]) {
      sum.pixels += 1;
      sum.percent += percent[i];
      if (percent[i] >= threshold) sum.certain += 1;
    }
  }
  return sums.map((sum) => (sum.pixels ? {
    share: sum.pixels / predicted.length, probability: sum.percent / sum.pixels / 100,
    certain: sum.certain / sum.pixels,
  } : null));
}

/**
 * In place of the confusion matrix: why there is none, and a table.
 * @param {Scope<Traits>} scope
 */
export function certaintyTable(scope) {
  const names = scope.get("class_names"), least = element("th", { scope: "col" });
  const rows = element("tbody");
  const node = element("div", { class: "sn-certainties" },
    element("div", { class: "sn-note sn-no-labels", text: "No labels, so no scores: truth, compare, errors, "
      + "IoU and the confusion matrix are off. This is how certain the network is." }),
    element("table", { class: "sn-certainty", "aria-label": "Certainty of each predicted class" },
      element("thead", {}, element("tr", {}, element("th", { scope: "col", text: "predicted class" }),
        element("th", { scope: "col", text: "of the image" }),
        element("th", { scope: "col", text: "mean probability" }), least)), rows));
  /** @param {MaskData | null} data */
  const show = (data) => {
    if (!data) return;
    const palette = paletteOf(scope), threshold = leastCertain(scope);
    least.textContent = `at least ${threshold} %`;
    rows.replaceChildren(...certainties(data, threshold, names.length).flatMap((found, id) => (found
      ? [element("tr", { "data-certainty": names[id] ?? "all" },
        element("th", { scope: "row" }, id < names.length ? swatch(rgb(palette[id])) : null, ` ${names[id] ?? "all"}`),
        ...[`${(100 * found.share).toFixed(1)} %`, wholePercent(found.probability), wholePercent(found.certain)]
          .map((text) => element("td", { class: "sn-number", text })))]
      : [])));
  };
  return { node, show };
}
