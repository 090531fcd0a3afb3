// @ts-check
// The table of the runs.

import { button, element, hasFocus, switchOff } from "../shared/dom.js";
import { duration } from "../shared/duration.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Row, Run, State, Traits } from "./types" */

/** @type {Record<State, string>} */
const STATES = {
  waiting: "waiting", running: "running", finished: "finished", pruned: "ended early", failed: "failed",
  timed_out: "out of time", out_of_memory: "out of memory",
};
const HEADS = ["Run", "State", "Epoch", "Validation mIoU", "Time", "Action"];

/** @param {Run} run */
const canStop = (run) => run.state === "running" || run.state === "waiting";

/** @param {Run} run */
const canRetry = (run) => ["failed", "timed_out", "out_of_memory"].includes(run.state);

/** @param {Run} run */
function timeOf(run) {
  if (run.state === "running") return run.left === null ? "" : `${duration(run.left)} left`;
  return run.seconds === null || run.state === "waiting" ? "" : duration(run.seconds);
}

/**
 * @param {Scope<Traits>} scope
 * @param {string} key
 * @returns {Row}
 */
function rowOf(scope, key) {
  const cells = HEADS.slice(1, -1).map(() => element("td", { class: "sn-number" }));
  const name = element("th", { scope: "row" }), error = element("div", { class: "sn-why" });
  const text = element("span");
  name.append(text, error);
  /** @type {"stop" | "retry"} */
  let kind = "stop";
  const act = button("Stop", () => { switchOff(act, true); scope.model.send({ kind, key }); });
  const node = element("tr", { "data-key": key }, name, ...cells, element("td", {}, act));
  /** @param {Run} run */
  const show = (run) => {
    const atWork = scope.get("status") === "running";
    node.dataset.state = run.state;
    text.textContent = run.label;
    error.textContent = run.error;
    const values = [STATES[run.state], run.epochs ? `${run.epoch} of ${run.epochs}` : "",
      run.score === null ? "" : run.score.toFixed(3), timeOf(run)];
    values.forEach((value, index) => { if (cells[index].textContent !== value) cells[index].textContent = value; });
    kind = canRetry(run) ? "retry" : "stop";
    act.textContent = kind === "retry" ? "Retry" : "Stop";
    act.setAttribute("aria-label", `${act.textContent} ${run.label}`);
    // With the focus it stays until that moves on.
    act.hidden = !canStop(run) && !canRetry(run) && !hasFocus(act);
    switchOff(act, !atWork || (!canStop(run) && !canRetry(run)));
  };
  return { node, show };
}

/** @param {Scope<Traits>} scope */
export function table(scope) {
  const body = element("tbody");
  const heads = HEADS.map((text) => element("th", { scope: "col", text }));
  const node = element("div", { class: "sn-scroll", tabindex: 0, role: "region", "aria-label": "Runs" },
    element("table", { class: "sn-runs" }, element("thead", {}, element("tr", {}, ...heads)), body));
  /** @type {Map<string, Row>} */
  const rows = new Map();
  const show = () => {
    const runs = scope.get("runs"), keys = new Set(runs.map((run) => run.key));
    for (const [key, row] of rows) if (!keys.has(key)) { row.node.remove(); rows.delete(key); }
    runs.forEach((run, index) => {
      const row = rows.get(run.key) ?? rowOf(scope, run.key);
      rows.set(run.key, row);
      // Moving a node takes the focus from it: the row at work stays where it is, others move around it.
      if (body.children[index] !== row.node && !hasFocus(row.node)) {
        body.insertBefore(row.node, body.children[index] ?? null);
      }
      row.show(run);
    });
    node.hidden = !runs.length;
  };
  return { node, show };
}
