// @ts-check
// The loss lab: paint an object, degrade its prediction, compare four losses and their gradients.

import { paint, pixelCanvas } from "../shared/canvas.js";
import { check, segments, slider } from "../shared/controls.js";
import { button, element } from "../shared/dom.js";
import { explorer } from "../shared/explorer.js";
import { onceAFrame } from "../shared/scope.js";
import { curves, numbers } from "./answers.js";
import { Board, percentText } from "./board.js";
import { between, Computed, followObject } from "./computed.js";
import { gradientMaps } from "./gradients.js";
import { COLUMNS, ROWS } from "./losses.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Traits } from "./types" */

/** @type {(keyof Traits & string)[]} what losses and gradients depend on */
const STATE = ["mask", "confidence", "blur", "shift", "missed"];

/**
 * @param {Scope<Traits>} scope
 * @param {Board} board
 */
function objectControls(scope, board) {
  return element("div", { class: "sn-controls" },
    segments(scope, "preset", { label: "Object", choices: [["disc", "disc"], ["pole", "pole"], ["blobs", "blobs"]] }),
    slider(scope, "share", { label: "Share", min: 1, max: 50, scale: 100, format: (v) => percentText(v),
      help: "The object gets this share of all pixels" }),
    segments(scope, "erase", { label: "Brush", choices: [[false, "paint"], [true, "erase"]] }),
    slider(scope, "brush", { label: "Width", min: 1, max: 7, format: (v) => `${v} px` }),
    button("Clear", () => board.clear(), { "data-action": "clear" }));
}

/** @param {Scope<Traits>} scope */
function predictionControls(scope) {
  const confidence = slider(scope, "confidence", { label: "Confidence", min: 50, max: 99.9, step: 0.1, scale: 100,
    format: (v) => percentText(v), help: "Probability of the most confident pixels" });
  return element("div", { class: "sn-controls sn-spoil" }, confidence,
    slider(scope, "blur", { label: "Blur", min: 0, max: 40, scale: 10, format: (v) => `${v.toFixed(1)} px`,
      help: "Softens the outline" }),
    slider(scope, "shift", { label: "Shift", min: -8, max: 8, format: (v) => `${v} px`, help: "To the right" }),
    slider(scope, "missed", { label: "Missed", min: 0, max: 100, scale: 100, format: (v) => percentText(v, 0),
      help: "Share of the object, from below, taken for background" }));
}

/**
 * The object and its prediction side by side.
 * @param {Board} board
 * @param {HTMLCanvasElement} predicted
 */
function figures(board, predicted) {
  return [
    element("figure", { class: "sn-figure" }, element("figcaption", {}, "Paint here · ", board.shareText),
      board.framed(board.canvas)),
    element("figure", { class: "sn-figure" },
      element("figcaption", {}, "Prediction ", element("span", { class: "sn-ramp" }), " 0–1"),
      board.framed(predicted)),
  ];
}

/** @param {Scope<Traits>} scope */
function gradientHead(scope) {
  return element("div", { class: "sn-controls sn-maps-head" },
    element("strong", { text: "Where each loss pulls" }),
    check(scope, "same_scale", { label: "same scale", help: "One scale for the four maps, or each its own" }),
    element("span", { class: "sn-note",
      text: "gradient × pixels; blue: a step makes the object more probable there; red: less" }));
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} body
 */
function build(scope, body) {
  const computed = new Computed(scope), board = new Board(scope);
  const answers = numbers(scope, computed), chart = curves(scope, computed);
  const predicted = pixelCanvas("prediction", ROWS, COLUMNS, {
    role: "img", "aria-label": "Prediction: probability of the object",
  });
  const shown = figures(board, predicted), gradients = gradientMaps(scope, board, computed);
  body.append(objectControls(scope, board), predictionControls(scope),
    element("div", { class: "sn-top" }, ...shown, answers.node),
    gradientHead(scope), element("div", { class: "sn-lower" }, gradients.node, chart.node));

  const drawPrediction = () => { paint(scope, predicted, between(computed.numbers().chance)); };
  const drawAt = () => {
    chart.showAt();
    gradients.showAt();
  };
  if (scope.model.offline) followObject(scope, computed);
  scope.watch("mask", () => { if (!board.painting) { board.takeMask(); board.drawMask(); } });
  scope.watch("cursor", () => board.drawCursor());
  scope.watch([...STATE, "cursor"], onceAFrame(scope, drawAt));
  scope.watch(STATE, onceAFrame(scope, answers.show));
  scope.watch([...STATE, "against", "preset", "share", "painted"], onceAFrame(scope, chart.show));
  scope.watch([...STATE, "same_scale"], onceAFrame(scope, gradients.show));
  scope.watch(STATE, onceAFrame(scope, drawPrediction));
  board.drawMask();
  board.drawCursor();
  for (const draw of [drawAt, answers.show, chart.show, gradients.show, drawPrediction]) draw();
}

export default explorer("loss-lab", "Loss lab", build);
