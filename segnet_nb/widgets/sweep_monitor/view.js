// @ts-check
// The sweep monitor: how far the sweep is, and a row for each run.

import { button, element, switchOff } from "../shared/dom.js";
import { duration } from "../shared/duration.js";
import { explorer } from "../shared/explorer.js";
import { onceAFrame } from "../shared/scope.js";
import { table } from "./rows.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Status, Traits } from "./types" */

/** @type {Record<Status, string>} */
const WORDS = {
  idle: "not started", running: "running", stopping: "stopping …",
  finished: "ended", stopped: "stopped", failed: "failed",
};

/** @param {Scope<Traits>} scope */
function countText(scope) {
  const total = scope.get("total"), atWork = scope.get("runs").filter((run) => run.state === "running").length;
  if (!total) return scope.get("status") === "running" ? "starting workers …" : "";
  return `${scope.get("done")} of ${total} runs done` + (atWork ? `, ${atWork} running` : "");
}

/** @param {Scope<Traits>} scope */
function timeText(scope) {
  if (scope.get("status") === "idle") return "Run the sweep in the next cell: await monitor.watch(sn.sweep, …)";
  const spent = `${duration(scope.get("seconds"))} so far`, left = scope.get("seconds_left");
  if (scope.get("status") !== "running") return spent;
  return `${spent}, ${left === null ? "time left not known yet" : `about ${duration(left)} left`}`;
}

/** @param {Scope<Traits>} scope */
function progress(scope) {
  const badge = element("span", { class: "sn-badge", role: "status", "data-value": "status" });
  const count = element("span", { class: "sn-number", "data-value": "count" });
  const times = element("span", { class: "sn-number sn-note", "data-value": "times" });
  const link = element("a", { target: "_blank", rel: "noopener noreferrer", text: "Dask's dashboard",
    title: "Needs the package bokeh where the scheduler runs" });
  const done = element("div", { class: "sn-done" });
  const bar = element("div", { class: "sn-bar", role: "progressbar", "aria-label": "whole sweep",
    "aria-valuemin": 0, "aria-valuemax": 100 }, done);
  const stop = button("Stop all", () => { switchOff(stop, true); scope.model.send({ kind: "stop", key: null }); },
    { title: "End the sweep; finished runs are kept" });
  const node = element("div", { class: "sn-progress" },
    element("div", { class: "sn-place" }, badge, count, times, link, stop), bar);
  const show = () => {
    const status = scope.get("status"), share = scope.get("total") ? scope.get("done") / scope.get("total") : 0;
    badge.textContent = WORDS[status];
    badge.dataset.status = status;
    count.textContent = countText(scope);
    times.textContent = timeText(scope);
    done.style.width = `${100 * share}%`;
    bar.setAttribute("aria-valuenow", `${Math.round(100 * share)}`);
    link.hidden = !scope.get("dashboard");
    if (!link.hidden) link.href = scope.get("dashboard");
    switchOff(stop, status !== "running");
    scope.say("count", countText(scope));
  };
  return { node, show };
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} body
 */
function build(scope, body) {
  const stage = progress(scope), rows = table(scope);
  body.append(stage.node, rows.node);
  const show = () => { stage.show(); rows.show(); };
  scope.watch(["status", "done", "total", "runs", "seconds", "seconds_left", "dashboard"], onceAFrame(scope, show));
  show();
}

export default explorer("sweep-monitor", "Sweep", build);
