// @ts-check
// Learning curves of the best runs, drawn over each other.

import { choice, segments } from "../../widgets/shared/controls.js";
import { element, svg } from "../../widgets/shared/dom.js";
import { numberText, shownRuns } from "./columns.js";
import { historyOf, labelOf, runOf, table } from "./data.js";
import { reportLink } from "./leaderboard.js";
import { gridLines, numbersBelow, rangeOf, scales, STYLES, tickText } from "./plots.js";
import { LINES } from "./state.js";

/** @import { Row } from "./types" */
/** @import { Point } from "../../widgets/shared/types" */
/** @import { Choices } from "./state.js" */

const WIDE = { width: 900, height: 380, left: 56, right: 16, top: 26, bottom: 40 };
const NARROW = { ...WIDE, width: 380, height: 300, left: 44, right: 10 };

/** @typedef {{ run: Row, points: Point[], style: number, pair: string }} Line */

/** @param {Choices} choices */
export function curvesView(choices) {
  if (!table.curves.length) {
    return element("p", { class: "gl-empty", text: "No run has recorded a learning curve." });
  }
  const drawing = svg("svg", { class: "gl-plot gl-curves", role: "img" });
  const legend = element("div", { class: "gl-scroll", tabindex: 0, role: "region", "aria-label": "Lines of the plot" });
  const narrow = window.matchMedia("(max-width: 600px)");
  let turn = 0;
  const draw = async () => {
    if (choices.get("view") !== "curves") return;
    const mine = ++turn;
    const lines = await linesOf(choices);
    if (mine !== turn) return;
    drawLines(drawing, lines, choices.get("curve"), narrow.matches ? NARROW : WIDE);
    legend.replaceChildren(legendOf(lines, choices.get("curve")));
    drawing.dataset.lines = `${lines.length}`;
    choices.say("curves", `${lines.length} curves of ${choices.get("curve")}.`);
  };
  choices.watch(["view", "curve", "lines", "sort", "filter", "run", "compare"], draw);
  narrow.addEventListener("change", draw);
  draw();
  return element("div", {},
    element("div", { class: "sn-controls" },
      choice(choices, "curve", { label: "curve",
        choices: table.curves.map((name) => /** @type {[string, string]} */ ([name, name])) }),
      segments(choices, "lines", { label: "first runs of the table",
        choices: LINES.map((one) => /** @type {[string, string]} */ ([one, one])) })),
    drawing, legend);
}

/**
 * The first runs as they are sorted and filtered, then A and B where they are not among them.
 * @param {Choices} choices
 * @returns {Promise<Line[]>}
 */
async function linesOf(choices) {
  const most = choices.get("lines") === "all" ? Infinity : Number(choices.get("lines"));
  const pair = [choices.get("run"), choices.get("compare")];
  const shown = shownRuns(choices.values).slice(0, most);
  const others = pair.map(runOf).filter((run) => run !== null).filter((run) => !shown.includes(run));
  const lines = await Promise.all([...shown, ...new Set(others)].map(async (run, i) => {
    const history = await historyOf(run.key), values = history[choices.get("curve")] ?? [];
    const points = (history.epoch ?? []).flatMap((epoch, j) => (epoch === null || values[j] === null
      || values[j] === undefined ? [] : [/** @type {Point} */ ([epoch, values[j]])]));
    const letters = [["A", pair[0]], ["B", pair[1]]].filter(([, key]) => key === run.key).map(([letter]) => letter);
    return { run, points, style: i < STYLES ? i + 1 : 0, pair: letters.join("") };
  }));
  return lines.filter(({ points }) => points.length);
}

/** @param {Line[]} lines */
function isShare(lines) {
  return lines.every(({ points }) => points.every(([, y]) => y >= 0 && y <= 1));
}

/**
 * @param {SVGSVGElement} drawing
 * @param {Line[]} lines
 * @param {string} name
 * @param {typeof WIDE} frame
 */
function drawLines(drawing, lines, name, frame) {
  const values = lines.flatMap(({ points }) => points);
  const x = rangeOf(values.map(([epoch]) => epoch)), y = rangeOf(values.map(([, value]) => value));
  const { across, down } = scales(frame, x, y), share = isShare(lines) && name !== "loss";
  const base = frame.height - frame.bottom;
  /** @type {SVGElement[]} */
  const parts = [...gridLines(frame, y, tickText(share)), ...numbersBelow(frame, x),
    svg("line", { x1: frame.left, x2: frame.width - frame.right, y1: base, y2: base, class: "gl-axis" }),
    svg("text", { x: frame.width / 2, y: frame.height - 6, "text-anchor": "middle", text: "epoch" }),
    svg("text", { x: frame.left, y: 12, text: share ? `${name}, %` : name, class: "gl-y" })];
  // The first lines lie on top, and A and B above all.
  const order = [...lines].reverse().sort((a, b) => a.pair.length - b.pair.length);
  for (const { run, points, style, pair } of order) {
    const path = points.map(([epoch, value]) => `${across(epoch).toFixed(1)},${down(value).toFixed(1)}`).join(" ");
    parts.push(svg("polyline", { points: path, class: `gl-line gl-line-${style}${pair ? " gl-strong" : ""}`,
      "data-line": run.key }));
    const [epoch, value] = points[points.length - 1];
    if (pair || points.length === 1) {
      parts.push(svg("circle", { cx: across(epoch), cy: down(value), r: 3.5, class: `gl-end gl-line-${style}` }));
    }
  }
  drawing.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  drawing.setAttribute("aria-label", `${name} by epoch of ${lines.length} runs; the table below has the values.`);
  drawing.replaceChildren(...parts);
}

/**
 * @param {Line[]} lines
 * @param {string} name
 */
function legendOf(lines, name) {
  const scale = isShare(lines) && name !== "loss" ? 100 : 1;
  const rows = lines.map(({ run, points, style, pair }) => {
    const sample = svg("svg", { viewBox: "0 0 34 8", class: "gl-sample", "aria-hidden": "true" },
      svg("line", { x1: 1, x2: 33, y1: 4, y2: 4, class: `gl-line gl-line-${style}` }));
    const values = points.map(([, value]) => value), [low] = [values.reduce((a, b) => Math.min(a, b))];
    const high = values.reduce((a, b) => Math.max(a, b));
    const numbers = [values[values.length - 1], low, high].map((value) => numberText(value, scale));
    return element("tr", {},
      element("td", {}, sample),
      element("th", { scope: "row" }, reportLink(run), ` ${labelOf(run)}${pair ? ` (${[...pair].join(", ")})` : ""}`),
      ...numbers.map((text) => element("td", { class: "gl-number", text })));
  });
  const unit = scale === 100 ? ", %" : "";
  const head = [["line", ""], ["run", ""], [`last${unit}`, "gl-number"], [`lowest${unit}`, "gl-number"],
    [`highest${unit}`, "gl-number"]];
  return element("table", { class: "gl-small gl-legend" },
    element("thead", {}, element("tr", {}, ...head.map(([text, kind]) => element("th",
      { scope: "col", class: kind, text })))),
    element("tbody", {}, ...rows));
}
