// @ts-check
// Line charts drawn as SVG: axes, ticks, a legend with names and dash patterns, a cursor, marks.

import { element, svg } from "./dom.js";
import { ticksOf } from "./ticks.js";
import { clamp } from "./values.js";

/** @import { Chart, ChartOptions, ChartState, Point } from "./types" */

const SIZE = { width: 460, height: 216, left: 46, right: 14, top: 10, bottom: 36 };
const BASE = SIZE.height - SIZE.bottom, END = SIZE.width - SIZE.right;

/**
 * How large an axis must be for a value: the next of 1, 1.5, 2, 3, 4, 5, 7 times a power of ten.
 * @param {number} value
 */
export function roomFor(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 1.5, 2, 3, 4, 5, 7].find((factor) => factor * power >= value * 0.9999) ?? 10);
}

/**
 * Where a value of x and of y lies on the chart.
 * @param {ChartState} state
 */
function scalesOf({ x: [left, right], y: [low, high] }) {
  return {
    /** @param {number} x */
    across: (x) => SIZE.left + (x - left) / (right - left) * (END - SIZE.left),
    /** @param {number} y */
    down: (y) => BASE - (y - low) / (high - low) * (BASE - SIZE.top),
  };
}

/**
 * Lines of the grid, ticks with their numbers, and the names of both axes.
 * @param {ChartOptions} options
 * @param {ChartState} state
 */
function axes(options, state) {
  const { across, down } = scalesOf(state), middle = (SIZE.top + BASE) / 2;
  const parts = [];
  for (const tick of ticksOf(state.y, 4)) {
    const y = down(tick);
    parts.push(svg("line", { x1: SIZE.left, x2: END, y1: y, y2: y, class: "sn-grid" }),
      svg("text", { x: SIZE.left - 6, y: y + 4, "text-anchor": "end", text: (options.tick ?? String)(tick) }));
  }
  for (const tick of ticksOf(state.x, 8, options.wholeX ? 1 : 0)) {
    const x = across(tick);
    parts.push(svg("line", { x1: x, x2: x, y1: BASE, y2: BASE + 4, class: "sn-axis" }),
      svg("text", { x, y: BASE + 16, "text-anchor": "middle", text: (options.xTick ?? String)(tick) }));
  }
  parts.push(
    svg("line", { x1: SIZE.left, x2: END, y1: BASE, y2: BASE, class: "sn-axis" }),
    svg("text", { x: (SIZE.left + END) / 2, y: SIZE.height - 4, "text-anchor": "middle",
      text: state.xLabel ?? options.xLabel }),
    svg("text", { x: 8, y: middle, "text-anchor": "middle", text: options.yLabel,
      transform: `rotate(-90 8 ${middle})` }));
  return parts;
}

/**
 * Vertical lines: marks with a text, and the cursor.
 * @param {ChartState} state
 */
function uprights(state) {
  const { across } = scalesOf(state);
  const parts = [];
  for (const { x, text } of state.marks) {
    const place = across(x), end = place > SIZE.width * 0.7;
    parts.push(svg("line", { x1: place, x2: place, y1: SIZE.top, y2: BASE, class: "sn-mark" }),
      svg("text", { x: place + (end ? -5 : 5), y: SIZE.top + 8, "text-anchor": end ? "end" : "start",
        class: "sn-mark-text", text }));
  }
  if (state.cursor !== null) {
    const place = across(state.cursor);
    parts.push(svg("line", { x1: place, x2: place, y1: SIZE.top, y2: BASE, class: "sn-cursor" }));
  }
  return parts;
}

/**
 * The point of a line at the cursor, or the nearest one; undefined without points or cursor.
 * @param {Point[]} points
 * @param {number | null} cursor
 */
function pointAt(points, cursor) {
  if (cursor === null || !points.length) return undefined;
  return points.reduce((a, b) => (Math.abs(b[0] - cursor) < Math.abs(a[0] - cursor) ? b : a));
}

/**
 * One line with its dots.
 * @param {ChartState} state
 * @param {string} key
 * @param {number} style
 */
function line(state, key, style) {
  const { across, down } = scalesOf(state);
  const points = (state.lines[key] ?? []).filter(([, y]) => Number.isFinite(y));
  const path = points.map(([x, y]) => `${across(x).toFixed(1)},${down(y).toFixed(1)}`).join(" ");
  /** @type {SVGElement[]} */
  const parts = [svg("polyline", { points: path, class: `sn-line sn-line-${style}`, "data-line": key })];
  const at = pointAt(points, state.cursor);
  const dot = points.length === 1 ? points[0] : at;
  if (dot) {
    parts.push(svg("circle", { cx: across(dot[0]), cy: down(dot[1]), r: 3.5, class: `sn-dot sn-line-${style}` }));
  }
  return { parts, at };
}

/**
 * Call `pick` with x where the reader points and drags.
 * @param {SVGSVGElement} drawing
 * @param {() => Point} ends of the axis
 * @param {(x: number) => void} pick
 */
function makePickable(drawing, ends, pick) {
  /** @param {PointerEvent} event */
  const pickAt = (event) => {
    const box = drawing.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * SIZE.width;
    const share = clamp((at - SIZE.left) / (END - SIZE.left), 0, 1);
    const [low, high] = ends();
    pick(low + share * (high - low));
  };
  drawing.classList.add("sn-pickable");
  drawing.addEventListener("pointerdown", (event) => { drawing.setPointerCapture(event.pointerId); pickAt(event); });
  drawing.addEventListener("pointermove", (event) => {
    if (drawing.hasPointerCapture(event.pointerId)) pickAt(event);
  });
}

/**
 * A chart of a few lines. `draw` takes what has changed of its state.
 * @param {ChartOptions} options
 * @returns {Chart}
 */
export function lineChart(options) {
  const drawing = svg("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, class: "sn-chart", role: "img" });
  /** @type {Record<string, HTMLOutputElement>} */
  const values = {};
  const legend = element("div", { class: "sn-legend" }, ...options.series.map(([key, name, style]) => {
    values[key] = element("output", { class: "sn-number", "data-value": key });
    const sample = svg("svg", { viewBox: "0 0 28 8", class: "sn-sample" },
      svg("line", { x1: 1, x2: 27, y1: 4, y2: 4, class: `sn-line sn-line-${style}` }));
    return element("span", { class: "sn-entry" }, sample, element("span", { text: name }), values[key]);
  }));
  const node = element("figure", { class: "sn-figure sn-chart-figure" },
    element("figcaption", { text: options.title }), legend, drawing);
  /** @type {ChartState} */
  let state = { x: [0, 1], y: [0, 1], lines: {}, cursor: null, marks: [] };
  if (options.pick) makePickable(drawing, () => state.x, options.pick);

  /** @param {Partial<ChartState>} next */
  function draw(next) {
    state = { ...state, ...next };
    /** @type {SVGElement[]} */
    const parts = [...axes(options, state), ...uprights(state)];
    const told = [];
    for (const [key, name, style] of options.series) {
      const drawn = line(state, key, style);
      parts.push(...drawn.parts);
      const text = drawn.at ? (options.value ?? String)(drawn.at[1]) : "";
      values[key].textContent = text;
      if (text) told.push(`${name} ${text}`);
    }
    drawing.replaceChildren(...parts);
    drawing.setAttribute("aria-label", `${options.title}. ${told.join(", ")}`);
  }
  return { node, draw };
}
