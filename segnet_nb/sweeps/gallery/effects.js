// @ts-check
// Which parameters mattered: for each of them all runs by its values, and their means.

import { choice } from "../../widgets/shared/controls.js";
import { element, svg } from "../../widgets/shared/dom.js";
import { columnOf, numberText } from "./columns.js";
import { runs, table, valueText } from "./data.js";
import { gridLines, rangeOf, scales, tickText } from "./plots.js";

/** @import { Column, Effect } from "./types" */
/** @import { Point } from "../../widgets/shared/types" */
/** @import { Choices } from "./state.js" */

const PANEL = { width: 300, height: 190, left: 42, right: 12, top: 10, bottom: 26 };
const BAR = { width: 300, height: 10 };
const MOST_LABELS = 6;

/** @param {Choices} choices */
export function effectsView(choices) {
  const list = element("div", { class: "gl-panels" });
  const draw = () => {
    const score = choices.get("score"), column = columnOf(`s:${score}`);
    if (!column) return;
    const finished = runs.filter((run) => run.finished);
    const found = finished.map((run) => column.of(run)).filter((value) => typeof value === "number");
    const effects = table.effects[table.scores.indexOf(score)];
    const largest = effects[0]?.[1] ?? 0, range = rangeOf(found);
    list.replaceChildren(...effects.map((effect) => panel(effect, column, range, largest)));
    choices.say("effects", effects.map((effect) => caption(effect, column)).join("; "));
  };
  choices.watch("score", draw);
  draw();
  if (!table.scores.length || !table.parameters.length) {
    return element("p", { class: "gl-empty", text: "No parameter differs between the runs, or no run has a score." });
  }
  return element("div", {},
    element("div", { class: "sn-controls" }, choice(choices, "score", {
      label: "score", choices: table.scores.map((name) => /** @type {[string, string]} */ ([name, name])),
    })),
    element("p", { class: "gl-note", text: notes() }), list);
}

function notes() {
  const seed = table.seed === null ? "" : ` A change that is no larger than that of ${table.seed} may be chance.`;
  return "A dot is a finished run; the line joins the means of each value, over all other parameters. "
    + `The largest change of the mean comes first.${seed}`;
}

/**
 * @param {Effect} effect
 * @param {Column} column
 */
function caption([parameter, range], column) {
  const { name } = table.parameters[parameter];
  if (range === null) return `${name}: too few runs`;
  return `${name}: ${numberText(range, column.scale)}${column.scale === 100 ? " points" : ""}`;
}

/**
 * One parameter: its name and change, a bar of the change, the plot, and its means as a table.
 * @param {Effect} effect
 * @param {Column} column
 * @param {Point} range
 * @param {number} largest
 */
function panel(effect, column, range, largest) {
  const [parameter, change, spreads] = effect;
  const { name, values } = table.parameters[parameter];
  const means = spreads.map((spread, i) => {
    const value = valueText(values[i]);
    return spread ? `${value}: ${numberText(spread[1], column.scale)} of ${spread[0]} runs` : `${value}: no run`;
  });
  const bar = svg("svg", { viewBox: `0 0 ${BAR.width} ${BAR.height}`, class: "gl-bar", "aria-hidden": "true",
    preserveAspectRatio: "none" },
    svg("rect", { width: BAR.width, height: BAR.height, class: "gl-bar-ground" }),
    svg("rect", { width: largest > 0 ? BAR.width * (change ?? 0) / largest : 0, height: BAR.height,
      class: "gl-bar-value" }));
  const drawing = svg("svg", {
    viewBox: `0 0 ${PANEL.width} ${PANEL.height}`, class: "gl-plot", role: "img", "data-effect": name,
    "aria-label": `Mean ${column.title} by ${name}. ${means.join("; ")}`,
  }, ...dots(effect, column, range));
  return element("figure", { class: "gl-panel" },
    element("figcaption", { text: caption(effect, column) }), bar, drawing, meansTable(effect, column));
}

/**
 * @param {Effect} effect
 * @param {Column} column
 * @param {Point} range
 */
function dots([parameter, , spreads], column, range) {
  const { values } = table.parameters[parameter];
  const { across, down } = scales(PANEL, [-0.5, values.length - 0.5], range);
  const step = Math.ceil(values.length / MOST_LABELS);
  /** @type {SVGElement[]} */
  const parts = gridLines(PANEL, range, tickText(column.scale === 100));
  values.forEach((value, i) => {
    if (i % step) return;
    const text = valueText(value), most = Math.max(4, Math.floor(44 / Math.min(values.length, MOST_LABELS)));
    parts.push(svg("text", { x: across(i), y: PANEL.height - 8, "text-anchor": "middle",
      text: text.length > most ? `${text.slice(0, most - 1)}…` : text }));
  });
  const spreadOut = Math.min(9, 90 / values.length);
  runs.forEach((run, i) => {
    const value = column.of(run), place = run.places[parameter];
    if (!run.finished || typeof value !== "number" || place < 0) return;
    const aside = ((i * 0.618034) % 1 - 0.5) * 2 * spreadOut;  // so that dots do not hide each other
    parts.push(svg("circle", { cx: (across(place) + aside).toFixed(1), cy: down(value).toFixed(1), r: 2.5,
      class: "gl-dot" }));
  });
  const points = spreads.flatMap((spread, i) => (spread ? [[across(i), down(spread[1])]] : []));
  parts.push(svg("polyline", { points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "),
    class: "gl-mean" }));
  for (const [x, y] of points) parts.push(svg("circle", { cx: x, cy: y, r: 4, class: "gl-mean-dot" }));
  return parts;
}

/**
 * @param {Effect} effect
 * @param {Column} column
 */
function meansTable([parameter, , spreads], column) {
  const { name, values } = table.parameters[parameter];
  const rows = spreads.map((spread, i) => element("tr", {},
    element("th", { scope: "row", text: valueText(values[i]) }),
    ...[`${spread?.[0] ?? 0}`, ...[1, 2].map((part) => numberText(spread?.[part], column.scale))]
      .map((text) => element("td", { class: "gl-number", text }))));
  return element("details", {}, element("summary", { text: `Means by ${name}` }),
    element("table", { class: "gl-small" },
      element("thead", {}, element("tr", {}, ...[name, "runs", "mean", "deviation"]
        .map((text) => element("th", { scope: "col", text })))),
      element("tbody", {}, ...rows)));
}
