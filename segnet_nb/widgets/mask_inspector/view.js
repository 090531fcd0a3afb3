// @ts-check
// The mask inspector: controls, the image with its masks, the classes, and the confusion matrix or the certainty.

import { choice, segments, slider } from "../shared/controls.js";
import { button, element, switchOff } from "../shared/dom.js";
import { explorer } from "../shared/explorer.js";
import { certaintyTable, NEED_LABELS, NO_LABELS } from "./certainty.js";
import { classList } from "./classes.js";
import { Matrix } from "./matrix.js";
import { Scores, wholePercent } from "./scores.js";
import { Viewer } from "./viewer.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Traits } from "./types" */

/** What the order of the images is called: with labels, and without. */
const WORDS = {
  scored: { back: "‹ worse", on: "better ›", value: "mean IoU", rank: "number ", order: "worst first",
    help: "In brackets: mean intersection over union of the classes in the image" },
  certain: { back: "‹ less", on: "more ›", value: "mean certainty", rank: "", order: "least certain first",
    help: "In brackets: mean probability of the predicted class" },
};

/**
 * The chooser of the image, and steps in the order worst first.
 * @param {Scope<Traits>} scope
 * @param {Scores} scores
 * @param {Viewer} viewer
 */
function imageControls(scope, scores, viewer) {
  const words = scores.labels ? WORDS.scored : WORDS.certain;
  const previous = button(words.back, () => viewer.turn(-1), { "data-action": "previous" });
  const next = button(words.on, () => viewer.turn(1), { "data-action": "next" });
  const note = element("div", { class: "sn-note sn-where" });
  const chooser = choice(scope, "image", {
    label: "image",
    choices: scope.get("names").map((name, i) => [i, `${i}  ${name}  (${scores.images[i].toFixed(2)})`]),
    help: words.help,
  });
  const show = () => {
    const image = scope.get("image"), cell = scores.cell(), order = scores.order();
    const rank = `${words.rank}${order.indexOf(image) + 1} of ${order.length}`;
    switchOff(previous, order[0] === image);
    switchOff(next, order[order.length - 1] === image);
    previous.textContent = cell ? "‹ more" : words.back;
    next.textContent = cell ? "fewer ›" : words.on;
    note.textContent = cell
      ? `${scores.count(image, cell[0], cell[1])} pixels of ${scores.classes[cell[0]]} called `
        + `${scores.classes[cell[1]]}; ${rank}, most first`
      : `${words.value} ${scores.images[image].toFixed(2)}; ${rank}, ${words.order}`;
    scope.say("image", `Image ${image}, ${scope.get("names")[image]}: ${note.textContent}`);
  };
  return { node: element("div", { class: "sn-controls" }, chooser, previous, next, note), show };
}

/** @param {Scope<Traits>} scope */
function overlayControls(scope) {
  const shown = segments(scope, "overlay", { label: "show", choices: [
    ["prediction", "prediction"], ["truth", "truth"], ["compare", "compare"],
    ["errors", "errors"], ["none", "image"]] });
  if (!scope.get("has_labels")) {
    for (const input of shown.querySelectorAll("input")) {
      input.disabled = NEED_LABELS.includes(input.dataset.value ?? "");
      if (input.disabled) input.title = NO_LABELS;
    }
  }
  return element("div", { class: "sn-controls" }, shown,
    segments(scope, "drawing", { label: "drawn as", choices: [["fill", "areas"], ["outline", "outlines"]] }));
}

/** @param {Scope<Traits>} scope */
function fineControls(scope) {
  const curtain = slider(scope, "curtain", {
    label: "curtain", min: 0, max: 100, scale: 100, format: wholePercent, class: "sn-curtain-control",
    help: "Truth to the left, prediction to the right",
  });
  const node = element("div", { class: "sn-controls sn-fine" },
    slider(scope, "threshold", { label: "certainty at least", min: 0, max: 100, scale: 100,
      format: wholePercent, help: "Predictions less probable than this are hatched" }),
    slider(scope, "opacity", { label: "opacity", min: 0, max: 100, scale: 100, format: wholePercent }),
    curtain,
    scope.get("palettes").safe ? segments(scope, "colors", { label: "colors", choices: [
      ["published", "dataset"], ["safe", "color-blind safe"]] }) : null);
  const show = () => { curtain.hidden = scope.get("overlay") !== "compare"; };
  return { node, show };
}

/** @param {Viewer} viewer */
function zoomControls(viewer) {
  return element("div", { class: "sn-zooms" },
    button("+", () => viewer.zoomBy(1.5), { "aria-label": "zoom in", "data-action": "zoom-in" }),
    button("−", () => viewer.zoomTo(viewer.scope.get("zoom") / 1.5),
      { "aria-label": "zoom out", "data-action": "zoom-out" }),
    button("whole image", () => viewer.zoomTo(1), { "data-action": "zoom-reset" }));
}

/**
 * What is to the right of the classes: a table that the labels or the certainty fill.
 * @param {Scope<Traits>} scope
 * @param {Scores} scores
 * @param {Viewer} viewer
 */
function tableBeside(scope, scores, viewer) {
  if (!scores.labels) {
    const table = certaintyTable(scope);
    viewer.drawn = table.show;
    return table.node;
  }
  const matrix = new Matrix(scope, scores);
  scope.watch(["image", "scope", "cell"], () => matrix.show());
  matrix.show();
  return element("div", { class: "sn-confusion" },
    segments(scope, "scope", { label: "confusion, % of the true class",
      choices: [["image", "this image"], ["all", "all"]] }),
    matrix.table);
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} body
 */
function build(scope, body) {
  const scores = new Scores(scope), viewer = new Viewer(scope, scores);
  const images = imageControls(scope, scores, viewer), fine = fineControls(scope);
  const classes = classList(scope, scores);
  // Two inspectors in a notebook are told apart.
  scope.root.ariaLabel = scores.labels ? "Mask inspector" : "Mask inspector, without labels";
  body.append(images.node, overlayControls(scope),
    element("div", { class: "sn-columns" },
      element("div", { class: "sn-left" }, viewer.view,
        element("div", { class: "sn-below" }, viewer.readout, zoomControls(viewer), viewer.certain, fine.node)),
      element("div", { class: "sn-right" }, classes.node, tableBeside(scope, scores, viewer))));

  scope.watch(["overlay", "drawing", "opacity", "threshold", "curtain", "hidden", "cell", "colors"], viewer.redraw);
  scope.watch("image", () => viewer.show());
  scope.watch(["image", "hidden", "colors"], classes.show);
  scope.watch(["image", "cell"], images.show);
  scope.watch(["pixel", "colors"], () => viewer.showPlace());
  scope.watch(["zoom", "center"], () => viewer.settle());
  scope.watch("overlay", fine.show);
  fine.show();
  viewer.settle();
  classes.show();
  images.show();
  viewer.show();
}

export default explorer("mask-inspector", "Mask inspector", build);
