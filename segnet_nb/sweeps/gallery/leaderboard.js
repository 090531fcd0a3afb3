// @ts-check
// The runs in a table, best first, or their means over seeds.

import { check, choice } from "../../widgets/shared/controls.js";
import { button, element } from "../../widgets/shared/dom.js";
import { columns, numberText, shownGroups, shownRuns, sortParts, stateText } from "./columns.js";
import { groups, labelOf, runs, table, valueText } from "./data.js";
import { Grid } from "./grid.js";
import { metrics } from "./state.js";

/** @import { Column, Filter, GridColumn, Row, State } from "./types" */
/** @import { Choices } from "./state.js" */

/**
 * The columns that are shown: all but the scores of classes, unless their metric is chosen or sorted by.
 * @param {Choices} choices
 */
function shownColumns(choices) {
  const metric = choices.get("classes"), { id: by } = sortParts(choices.get("sort"));
  return columns.filter(({ id }) => id !== "state"
    && (!id.startsWith("c:") || id === by || (metric && id.startsWith(`c:${metric}:`))));
}

/**
 * A link to the live report of a run; to its notebook where there is no report.
 * @param {Row} run
 */
export function reportLink(run, text = run.key.slice(0, 8)) {
  if (!run.report && !run.notebook) return element("span", { text });
  const [file, kind] = run.report ? ["report.html", "Report"] : ["notebook.ipynb", "Notebook"];
  return element("a", { href: `runs/${run.key}/${file}`, text, title: `${kind} of ${labelOf(run)}` });
}

/**
 * A button that makes a run one of the two that are compared.
 * @param {Choices} choices
 * @param {Row} run
 * @param {"run" | "compare"} place
 */
export function pairButton(choices, run, place) {
  const name = place === "run" ? "A" : "B";
  return element("button", {
    type: "button", class: `gl-pair gl-pair-${name}`, text: name, "data-pair": place, "data-run": run.key,
    "aria-pressed": `${choices.get(place) === run.key}`, "aria-label": `Compare ${labelOf(run)} as ${name}`,
    click: () => {
      choices.set(place, run.key);
      choices.say("pair", `${labelOf(run)} is now run ${name}.`);
    },
  });
}

/** @param {Choices} choices */
function runColumns(choices) {
  /** @type {GridColumn[]} */
  const first = [
    { id: "key", title: "run", sortable: false, class: "gl-first", cell: (run) => reportLink(run) },
    { id: "A", title: "A", help: "The first of two runs to compare", sortable: false,
      cell: (run) => pairButton(choices, run, "run") },
    { id: "B", title: "B", help: "The second of two runs to compare", sortable: false,
      cell: (run) => pairButton(choices, run, "compare") },
  ];
  return [...first, ...shownColumns(choices).map((column) => ({
    id: column.id, title: column.title, number: column.number, cell: column.text,
  })), { id: "state", title: "state", cell: stateCell, class: "gl-state" }];
}

/** @param {Row} run */
function stateCell(run) {
  const state = element("span", { class: `gl-is-${run.state}`, text: stateText(run.state) });
  return run.error ? element("div", {}, state, `: ${run.error}`) : state;
}

/** @param {Choices} choices */
function groupColumns(choices) {
  /** @type {GridColumn[]} */
  const first = [{
    id: "key", title: "runs", sortable: false, class: "gl-first",
    cell: (group) => button(`${group.finished} of ${group.members.length}`, () => openGroup(choices, group),
      { class: "gl-link", "aria-label": `Show the runs of ${labelOf(group)}` }),
  }];
  const shown = shownColumns(choices).filter(({ id }) => id !== "seconds" && id !== `p:${table.seed}`);
  return [...first, ...shown.map((column) => ({
    id: column.id, title: column.title, number: column.number,
    cell: column.spread < 0 ? column.text : (/** @type {Row} */ group) => spreadCell(column, group),
  }))];
}

/**
 * Mean, standard deviation and range of a score over the seeds.
 * @param {Column} column
 * @param {Row} group
 */
function spreadCell({ spread, scale }, group) {
  const found = group.spreads[spread];
  if (!found) return "–";
  const [count, mean, deviation, low, high] = found;
  const text = `${numberText(mean, scale)} ± ${numberText(deviation, scale)}`;
  if (count < 2) return element("div", {}, numberText(mean, scale), element("small", { text: "one run" }));
  return element("div", {}, text,
    element("small", { text: `${numberText(low, scale)} to ${numberText(high, scale)}` }));
}

/**
 * Show the runs of one group, by filters.
 * @param {Choices} choices
 * @param {Row} group
 */
function openGroup(choices, group) {
  /** @type {Filter[]} */
  const filter = table.parameters.flatMap(({ name, values }, i) => (name === table.seed || group.places[i] < 0 ? []
    : [/** @type {Filter} */ ([`p:${name}`, "is", valueText(values[group.places[i]])])]));
  choices.update({ filter, group: false, page: 0 });
}

/**
 * How many runs or groups are shown, and in which order.
 * @param {Row[]} rows
 * @param {Pick<State, "group" | "sort">} state
 */
function summary(rows, { group, sort }) {
  const { down, id } = sortParts(sort), column = columns.find((one) => one.id === id);
  const what = group ? `${rows.length} of ${groups.length} settings` : `${rows.length} of ${runs.length} runs`;
  return column ? `${what}, by ${column.title.replace(/, %$/, "")}, ${down ? "largest" : "smallest"} first` : what;
}

/** @param {Choices} choices */
export function leaderboard(choices) {
  const grid = new Grid("Runs of the sweep", (id) => {
    const now = choices.get("sort"), column = columns.find((one) => one.id === id);
    // Numbers start with the largest, texts with the first.
    const usual = column && id.match(/^[sc]:/) ? `-${id}` : id;
    const other = usual === id ? `-${id}` : id;
    choices.set("sort", now === usual ? other : usual);
  });
  const line = element("p", { class: "gl-summary" });
  const draw = () => {
    const group = choices.get("group");
    const rows = group ? shownGroups(choices.values) : shownRuns(choices.values);
    grid.draw(group ? groupColumns(choices) : runColumns(choices), rows, choices.get("sort"));
    markPair(choices, grid.body);
    line.textContent = summary(rows, choices.values);
    choices.say("rows", `${line.textContent}.`);
  };
  choices.watch(["sort", "filter", "group", "classes"], draw);
  choices.watch(["run", "compare"], () => markPair(choices, grid.body));
  draw();
  /** @type {[string, string][]} */
  const shown = [["", "none"], ...metrics.map((one) => /** @type {[string, string]} */ ([one, one]))];
  return element("div", {},
    element("div", { class: "sn-controls" },
      table.seed === null ? null : check(choices, "group", { label: `mean and spread over ${table.seed}` }),
      metrics.length ? choice(choices, "classes", { label: "scores of classes", choices: shown }) : null,
      line),
    grid.node);
}

/**
 * @param {Choices} choices
 * @param {HTMLElement} root
 */
export function markPair(choices, root) {
  for (const node of root.querySelectorAll("[data-pair]")) {
    if (!(node instanceof HTMLElement)) continue;
    const place = node.dataset.pair === "run" ? "run" : "compare";
    node.setAttribute("aria-pressed", `${choices.get(place) === node.dataset.run}`);
  }
}
