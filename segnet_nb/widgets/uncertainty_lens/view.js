// @ts-check
// The uncertainty lens: what more samples change, which pixels are uncertain, and which errors they hold.

import { choice, segments, slider } from "../shared/controls.js";
import { button, element } from "../shared/dom.js";
import { explorer } from "../shared/explorer.js";
import { onceAFrame } from "../shared/scope.js";
import { percent } from "../shared/values.js";
import { curves } from "./curves.js";
import { Images } from "./images.js";
import { MEASURES } from "./measures.js";

/** @import { Traits as Access } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { Traits } from "./types" */

/** @param {Scope<Traits>} scope */
function controls(scope) {
  const counts = scope.get("counts");
  // The slider walks over the numbers of samples that there are.
  /** @type {Access<{ samples: number }>} */
  const steps = {
    get: () => counts.indexOf(scope.get("samples")),
    set: (_, step) => scope.set("samples", counts[step]),
    watch: (traits, draw) => scope.watch(traits, draw),
  };
  return element("div", { class: "sn-controls" },
    choice(scope, "image", { label: "Image", choices: scope.get("names").map((name, i) => [i, name]) }),
    slider(steps, "samples", { label: "Samples", min: 0, max: counts.length - 1, format: (step) => `${counts[step]}`,
      help: "predictions with dropout on, averaged" }),
    segments(scope, "measure", { label: "Uncertainty", choices: MEASURES }),
    slider(scope, "kept", { label: "Keep", min: 5, max: 100, step: 5, scale: 100,
      format: (share) => percent(share, 0), help: "the most certain pixels; the others are left out" }),
    canSample(scope) ? samplesButton(scope) : "");
}

/** @param {Scope<Traits>} scope */
function samplesButton(scope) {
  return button("New samples", () => scope.model.send?.({ kind: "sample" }), { "data-action": "sample",
    title: "Predict again with other dropout masks: what stays, and what was chance?" });
}

/**
 * Whether there is a network to sample, in the kernel or in the page.
 * @param {Scope<Traits>} scope
 */
function canSample(scope) {
  return scope.get("can_sample") && (!scope.model.offline || Object.keys(scope.get("_page")).length > 0);
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} body
 */
function build(scope, body) {
  if (!scope.get("names").length || !scope.get("pictures")["0"]) {
    scope.watch("pictures", () => { body.textContent = "Run the cell again to draw this view."; });
    return;
  }
  const images = new Images(scope), charts = curves(scope);
  body.append(controls(scope), images.board, images.legend, images.readout, charts.told, charts.node);
  const show = () => {
    // What the kernel refuses is sent again with its old value.
    const exists = scope.get("pictures")[scope.get("image")] && scope.get("curves")[scope.get("samples")];
    if (!exists) return;
    charts.show();
    images.show();
  };
  scope.watch(["image", "samples", "measure", "kept"], onceAFrame(scope, show));
  scope.watch(["pictures", "curves"], onceAFrame(scope, () => { images.forget(); show(); }));
  show();
}

export default explorer("uncertainty-lens", "Uncertainty lens", build);
