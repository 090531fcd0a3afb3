// @ts-check
// The mask inspector: controls, the image with its masks, the classes and the confusion matrix.

import { choice, segments, slider } from "../shared/controls.js";
import { button, element, switchOff } from "../shared/dom.js";
import { explorer } from "../shared/explorer.js";
import { classList } from "./classes.js";
import { Matrix } from "./matrix.js";
import { Scores } from "./scores.js";
import { Viewer, wholePercent } from "./viewer.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Traits } from "./types" */

/**
 * The chooser of the image, and steps in the order worst first.
 * @param {Scope<Traits>} scope
 * @param {Scores} scores
 * @param {Viewer} viewer
 */
function imageControls(scope, scores, viewer) {
  const previous = button("‹ worse", () => viewer.turn(-1), { "data-action": "previous" });
  const next = button("better ›", () => viewer.turn(1), { "data-action": "next" });
  const note = element("div", { class: "sn-note sn-where" });
  const chooser = choice(scope, "image", {
    label: "image",
    choices: scope.get("names").map((name, i) => [i, `${i}  ${name}  (${scores.images[i].toFixed(2)})`]),
    help: "In brackets: mean intersection over union of the classes in the image",
  });
  const show = () => {
    const image = scope.get("image"), cell = scores.cell(), order = scores.order();
    const rank = `number ${order.indexOf(image) + 1} of ${order.length}`;
    switchOff(previous, order[0] === image);
    switchOff(next, order[order.length - 1] === image);
    previous.textContent = cell ? "‹ more" : "‹ worse";
    next.textContent = cell ? "fewer ›" : "better ›";
    note.textContent = cell
      ? `${scores.count(image, cell[0], cell[1])} pixels of ${scores.classes[cell[0]]} called `
        + `${scores.classes[cell[1]]}; ${rank}, most first`
      : `mean IoU ${scores.images[image].toFixed(2)}; ${rank}, worst first`;
    scope.say("image", `Image ${image}, ${scope.get("names")[image]}: ${note.textContent}`);
  };
  return { node: element("div", { class: "sn-controls" }, chooser, previous, next, note), show };
}

/** @param {Scope<Traits>} scope */
function overlayControls(scope) {
  const curtain = slider(scope, "curtain", {
    label: "curtain", min: 0, max: 100, scale: 100, format: wholePercent, class: "sn-curtain-control",
    help: "Truth to the left, prediction to the right",
  });
  const node = element("div", { class: "sn-controls" },
    segments(scope, "overlay", { label: "show", choices: [
      ["prediction", "prediction"], ["truth", "truth"], ["compare", "compare"],
      ["errors", "errors"], ["none", "image"]] }),
    segments(scope, "drawing", { label: "drawn as", choices: [["fill", "areas"], ["outline", "outlines"]] }),
    slider(scope, "opacity", { label: "opacity", min: 0, max: 100, scale: 100, format: wholePercent }),
    slider(scope, "threshold", { label: "certainty at least", min: 0, max: 100, scale: 100,
      format: wholePercent, help: "Predictions less probable than this are hatched" }),
    curtain,
    scope.get("palettes").safe ? segments(scope, "colors", { label: "colours", choices: [
      ["published", "dataset"], ["safe", "colour-blind safe"]] }) : null);
  const show = () => { curtain.hidden = scope.get("overlay") !== "compare"; };
  return { node, show };
}

/** @param {Viewer} viewer */
function zoomControls(viewer) {
  return element("div", { class: "sn-zooms" },
    button("+", () => viewer.zoomBy(1.5), { "aria-label": "zoom in", "data-action": "zoom-in" }),
    button("−", () => viewer.zoomTo(viewer.scope.get("zoom") / 1.5),
      { "aria-label": "zoom out", "data-action": "zoom-out" }),
    button("whole image", () => viewer.zoomTo(1), { "data-action": "zoom-reset" }), viewer.certain);
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} body
 */
function build(scope, body) {
  const scores = new Scores(scope);
  const viewer = new Viewer(scope, scores), matrix = new Matrix(scope, scores);
  const images = imageControls(scope, scores, viewer), overlay = overlayControls(scope);
  const classes = classList(scope, scores);
  body.append(images.node, overlay.node,
    element("div", { class: "sn-columns" },
      element("div", { class: "sn-left" }, viewer.view, viewer.readout, zoomControls(viewer)),
      element("div", { class: "sn-right" }, classes.node,
        element("div", { class: "sn-confusion" },
          segments(scope, "scope", { label: "confusion, % of the true class",
            choices: [["image", "this image"], ["all", "all"]] }),
          matrix.table))));

  scope.watch(["overlay", "drawing", "opacity", "threshold", "curtain", "hidden", "cell", "colors"], viewer.redraw);
  scope.watch("image", () => viewer.show());
  scope.watch(["image", "hidden", "colors"], classes.show);
  scope.watch(["image", "scope", "cell"], () => matrix.show());
  scope.watch(["image", "cell"], images.show);
  scope.watch(["pixel", "colors"], () => viewer.showPlace());
  scope.watch(["zoom", "center"], () => viewer.settle());
  scope.watch("overlay", overlay.show);
  overlay.show();
  viewer.settle();
  classes.show();
  matrix.show();
  images.show();
  viewer.show();
}

export default explorer("mask-inspector", "Mask inspector", build);
