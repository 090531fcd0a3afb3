// @ts-check
// How far the training is, and the button that stops it.

import { button, element, switchOff } from "../shared/dom.js";
import { duration } from "../shared/duration.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Status, Traits } from "./types" */

/** @type {Record<Status, string>} */
const WORDS = {
  idle: "not started", running: "training", stopping: "stopping after this step …",
  finished: "finished", stopped: "stopped", failed: "failed",
};

/** @param {Scope<Traits>} scope */
const isTraining = (scope) => ["running", "stopping"].includes(scope.get("status"));

/**
 * Whether an epoch is under way, not only the end of the training.
 * @param {Scope<Traits>} scope
 */
const inEpoch = (scope) => isTraining(scope) && scope.get("epoch") < scope.get("epochs");

/** @param {Scope<Traits>} scope */
function placeText(scope) {
  const epoch = scope.get("epoch"), epochs = scope.get("epochs");
  const step = scope.get("step"), steps = scope.get("steps");
  if (!epochs) return "";
  if (!inEpoch(scope)) return `${epoch} of ${epochs} epochs`;
  return `epoch ${epoch + 1} of ${epochs}` + (steps ? ` · step ${step} of ${steps}` : " · getting ready")
    + (step ? ` · loss ${scope.get("step_loss").toFixed(3)}` : "");
}

/** @param {Scope<Traits>} scope */
function timeText(scope) {
  if (!scope.get("epochs")) return "Train in the next cell: await monitor.watch(…)";
  const spent = `${duration(scope.get("seconds"))} so far`, left = scope.get("seconds_left");
  if (!inEpoch(scope)) return spent;
  return `${spent}, ${left === null ? "time left not known yet" : `about ${duration(left)} left`}`;
}

/**
 * The share of the whole training that is done, 0..1.
 * @param {Scope<Traits>} scope
 */
function shareDone(scope) {
  const epochs = scope.get("epochs"), steps = scope.get("steps");
  if (!epochs) return 0;
  return Math.min(1, (scope.get("epoch") + (inEpoch(scope) && steps ? scope.get("step") / steps : 0)) / epochs);
}

/** @param {Scope<Traits>} scope */
export function progress(scope) {
  const badge = element("span", { class: "sn-badge", role: "status", "data-value": "status" });
  const place = element("span", { class: "sn-number", "data-value": "place" });
  const times = element("span", { class: "sn-number sn-note", "data-value": "times" });
  const done = element("div", { class: "sn-done" });
  const bar = element("div", { class: "sn-bar", role: "progressbar", "aria-label": "whole training",
    "aria-valuemin": 0, "aria-valuemax": 100 }, done);
  const stop = button("Stop", () => { switchOff(stop, true); scope.set("stop_requested", true); },
    { "data-trait": "stop_requested", title: "End after the step at work; the best weights are kept" });
  const node = element("div", { class: "sn-progress" },
    element("div", { class: "sn-place" }, badge, place, times, stop), bar);
  const show = () => {
    const status = scope.get("status"), share = shareDone(scope);
    badge.textContent = WORDS[status];
    badge.dataset.status = status;
    place.textContent = placeText(scope);
    times.textContent = timeText(scope);
    done.style.width = `${100 * share}%`;
    bar.setAttribute("aria-valuenow", `${Math.round(100 * share)}`);
    switchOff(stop, status !== "running");
  };
  return { node, show };
}
