// @ts-check
// Index ablation: the prediction of a network whose decoder gets other pooling indices.

import { segments } from "../shared/controls.js";
import { element } from "../shared/dom.js";
import { explorer } from "../shared/explorer.js";
import { Asking } from "./asking.js";
import { sideControls } from "./controls.js";
import { Images } from "./images.js";
import { meters } from "./meters.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Traits } from "./types" */

/**
 * What the marks of the changed pixels mean, and the classes.
 * @param {HTMLElement} legend
 */
function footer(legend) {
  /** @param {string} kind @param {string} text */
  const mark = (kind, text) => element("span", { class: "sn-entry" },
    element("span", { class: `sn-mark ${kind}` }), text);
  return element("div", { class: "sn-foot" },
    element("div", { class: "sn-group" },
      element("div", { class: "sn-note", text: "Changed pixels, in their new colour" }),
      mark("sn-mark-wrong", "striped: right with true indices, now wrong"),
      mark("sn-mark-right", "dotted: wrong with true indices, now right"),
      mark("", "plain: wrong both times, or truth unknown")),
    element("div", { class: "sn-group" }, element("div", { class: "sn-note", text: "Classes" }), legend));
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} body
 */
function build(scope, body) {
  const setup = scope.get("_setup");
  if (!setup.names) {
    scope.watch("_setup", () => { body.textContent = "Run the cell again to draw this view."; });
    return;
  }
  const results = element("div", { class: "sn-results" });
  const showBusy = () => {
    const busy = asked.request !== null || images.loading > 0 || scope.get("busy");
    scope.busySign.hidden = !busy;
    results.classList.toggle("sn-stale", busy);
    results.setAttribute("aria-busy", `${busy}`);
  };
  const asked = new Asking(scope, showBusy), images = new Images(scope, setup, showBusy);
  const scores = meters();
  const views = segments(asked, "view", {
    label: "Show", choices: [["all", "all"], ["wrong", "now wrong"], ["right", "now right"]],
  });
  results.append(scores.node, scores.compared, images.node,
    element("div", { class: "sn-below" }, images.readout, views));
  body.append(element("div", { class: "sn-columns" }, sideControls(asked, setup), results, footer(images.legend)));

  scope.watch("busy", showBusy);
  scope.watch("_scene", () => images.loadScene());
  scope.watch("_pictures", () => images.loadPictures());
  scope.watch("result", () => {
    scores.show(scope.get("result"));
    scope.say("result", scores.told(scope.get("result")));
  });
  scores.show(scope.get("result"));
  images.loadScene();
  images.loadPictures();
}

export default explorer("index-ablation", "Index ablation", build);
