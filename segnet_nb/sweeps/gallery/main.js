// @ts-check
// The page: what the sweep is, filters, and five views of the runs.

import { Announcer } from "../../widgets/shared/announcer.js";
import { element, used } from "../../widgets/shared/dom.js";
import { comparisonView } from "./comparison.js";
import { curvesView } from "./curves.js";
import { runs, table, valueText } from "./data.js";
import { effectsView } from "./effects.js";
import { filterBar } from "./filters.js";
import { leaderboard, reportLink } from "./leaderboard.js";
import { Choices } from "./state.js";
import { thumbnailsView } from "./thumbnails.js";

/** @import { View } from "./types" */

/** @type {[View, string, (choices: Choices) => HTMLElement][]} */
const TABS = [["runs", "Runs", leaderboard], ["parameters", "Parameters", effectsView],
  ["curves", "Curves", curvesView], ["images", "Images", thumbnailsView], ["compare", "Compare", comparisonView]];

function introduction() {
  const finished = runs.filter((run) => run.finished).length;
  const others = runs.length - finished;
  const source = table.source ? ` of ${table.source}` : "";
  const facts = [`${finished} of ${table.planned} runs${source} have finished`,
    others ? `${others} ended otherwise` : ""].filter(Boolean).join("; ");
  const fixed = table.fixed.map(([name, value]) => `${name} ${valueText(value)}`);
  return element("div", { class: "gl-intro" },
    element("p", {}, `${facts}. All of them as `, element("a", { href: "runs.csv", text: "CSV" }), " and ",
      element("a", { href: "runs.json", text: "JSON" }), "."),
    fixed.length ? element("details", {}, element("summary", { text: "The same in all runs" }),
      element("p", { text: fixed.join(", ") })) : null);
}

/** What is missing or damaged, one sentence each. */
function problems() {
  if (!table.problems.length) return null;
  const list = element("ul", {}, ...table.problems.map((text) => element("li", { text })));
  if (table.problems.length <= 3) return element("div", { class: "gl-problems" }, list);
  return element("details", { class: "gl-problems" },
    element("summary", { text: `${table.problems.length} things are missing or damaged` }), list);
}

/**
 * The failed runs, with the sentence of each.
 */
function failures() {
  const failed = runs.filter((run) => !run.finished && run.error);
  if (!failed.length) return null;
  const items = failed.map((run) => element("li", {},
    reportLink(run), `: ${run.error}`));
  const title = failed.length === 1 ? "1 run with an error" : `${failed.length} runs with an error`;
  return element("details", { class: "gl-failures" },
    element("summary", { text: title }), element("ul", {}, ...items));
}

/**
 * Tabs, of which the arrow keys choose; a view is built when it is first shown.
 * @param {Choices} choices
 */
function tabs(choices) {
  const list = element("div", { role: "tablist", "aria-label": "views", class: "gl-tabs" });
  const panels = element("div");
  const made = TABS.map(([view, text, build]) => {
    const tab = element("button", { type: "button", role: "tab", id: `gl-tab-${view}`, text, "data-view": view,
      "aria-controls": `gl-panel-${view}`, click: () => choices.set("view", view) });
    const panel = element("div", { role: "tabpanel", id: `gl-panel-${view}`, "aria-labelledby": tab.id });
    list.append(tab);
    panels.append(panel);
    return { view, tab, panel, build };
  });
  const show = () => {
    for (const { view, tab, panel, build } of made) {
      const chosen = choices.get("view") === view;
      tab.setAttribute("aria-selected", `${chosen}`);
      tab.tabIndex = chosen ? 0 : -1;
      panel.hidden = !chosen;
      if (chosen && !panel.childElementCount) panel.append(build(choices));
    }
  };
  list.addEventListener("keydown", (event) => {
    const now = made.findIndex(({ view }) => view === choices.get("view")), last = made.length - 1;
    /** @type {Record<string, number>} */
    const places = { ArrowLeft: now ? now - 1 : last, ArrowRight: now < last ? now + 1 : 0, Home: 0, End: last };
    const to = made[places[event.key]];
    if (!to) return;
    used(event);
    choices.set("view", to.view);
    to.tab.focus();
  });
  choices.watch("view", show);
  show();
  return [list, panels];
}

function start() {
  const root = document.getElementById("gallery");
  if (!root) return;
  const announcer = new Announcer(root), choices = new Choices(announcer);
  root.append(introduction());
  for (const part of [problems(), failures()]) if (part) root.append(part);
  if (!runs.length) {
    root.append(element("p", { class: "gl-empty", text: "There is no run to show yet." }));
    return;
  }
  const [list, panels] = tabs(choices);
  const filters = filterBar(choices);
  // Two chosen runs are compared whatever the filters are, and the means of parameters are over all runs.
  const showFilters = () => { filters.hidden = ["parameters", "compare"].includes(choices.get("view")); };
  choices.watch("view", showFilters);
  showFilters();
  root.append(list, filters, panels, announcer.node);
}

start();
