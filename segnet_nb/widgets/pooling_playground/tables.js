// @ts-check
// The six tables of numbers: made for one size of the map, filled with one answer.

import { element } from "../shared/dom.js";
import { mapOf, number, offsetOf, PLACES, WAY_NAMES, WAYS } from "./numbers.js";

/** @import { Answer, MapName, NumberMap } from "./types" */

/** @param {number} index */
export const bits = (index) => index.toString(2).padStart(2, "0");

/**
 * A table whose cells and windows are found by place; `fill` makes the content of a cell.
 * @param {{ name: MapName, title: string, label: string, step: 1 | 2, role: "grid" | "table" }} options
 * @param {number[]} size rows and columns
 * @param {(cell: HTMLElement, y: number, x: number) => void} fill
 * @returns {NumberMap}
 */
function numberMap({ name, title, label, step, role }, [rows, columns], fill) {
  const inner = role === "grid" ? "gridcell" : "cell";
  const grid = element("div", { class: "sn-map", role, "aria-label": label, "data-map": name });
  grid.style.setProperty("--columns", `${columns}`);
  grid.classList.toggle("sn-dense", columns * step > 6);
  const cells = mapOf(rows, columns, (y, x) => {
    const cell = element("div", { class: "sn-cell", role: inner, "data-y": y, "data-x": x });
    cell.classList.toggle("sn-column", step === 2 || x % 2 === 0);
    cell.classList.toggle("sn-row", step === 2 || y % 2 === 0);
    fill(cell, y, x);
    return cell;
  });
  grid.append(...cells.map((row) => element("div", { class: "sn-line", role: "row" }, ...row)));
  const frame = element("div", { class: "sn-window", hidden: true });
  grid.append(frame);
  const score = element("div", { class: "sn-score sn-number", "data-score": name });
  const figure = element("figure", { class: "sn-figure" }, element("figcaption", { text: title }), grid, score);
  return { figure, grid, cells, score, step, light: (window) => frameWindow(frame, window, step, [rows, columns]) };
}

/**
 * Lay the frame around a window; hide it where there is none.
 * @param {HTMLElement} frame
 * @param {number[] | null} window
 * @param {number} step
 * @param {number[]} size
 */
function frameWindow(frame, window, step, [rows, columns]) {
  frame.hidden = !window;
  if (!window) return;
  const top = window[0] * 2 / step, left = window[1] * 2 / step;
  const tall = Math.min(2 / step, rows - top), wide = Math.min(2 / step, columns - left);
  Object.assign(frame.style, {
    top: `${100 * top / rows}%`, left: `${100 * left / columns}%`,
    height: `${100 * tall / rows}%`, width: `${100 * wide / columns}%`,
  });
}

/**
 * All six tables of a map of this size.
 * @param {number} rows
 * @param {number} columns
 * @returns {Record<MapName, NumberMap>}
 */
export function makeTables(rows, columns) {
  const grid = numberMap(
    { name: "grid", title: "Map: click and type", label: "map, editable", step: 1, role: "grid" }, [rows, columns],
    (cell, y, x) => cell.append(element("input", {
      type: "text", inputmode: "numeric", maxlength: 3, autocomplete: "off", tabindex: -1,
      "aria-label": `row ${y + 1}, column ${x + 1}`,
    })));
  const pooled = numberMap(
    { name: "pooled", title: "Maxima and indices", label: "maxima and indices", step: 2, role: "grid" },
    [Math.ceil(rows / 2), Math.ceil(columns / 2)],
    (cell) => {
      cell.tabIndex = -1;
      cell.append(element("b"), element("span"));
    });
  const ways = WAY_NAMES.map((way) => {
    const { title, note } = WAYS[way];
    const made = numberMap({ name: way, title, label: title, step: 1, role: "table" }, [rows, columns], () => {});
    made.figure.append(element("div", { class: "sn-note", text: note }));
    return [way, made];
  });
  return { grid, pooled, ...Object.fromEntries(ways) };
}

/**
 * Call something for each cell of a table.
 * @param {NumberMap} map
 * @param {(cell: HTMLElement, y: number, x: number) => void} action
 */
export function eachCell(map, action) {
  map.cells.forEach((row, y) => row.forEach((cell, x) => action(cell, y, x)));
}

/**
 * The field of a cell of the editable map.
 * @param {HTMLElement} cell
 */
export function fieldOf(cell) {
  return /** @type {HTMLInputElement} */ (cell.firstElementChild);
}

/**
 * Colour the places of the maxima.
 * @param {NumberMap} map
 * @param {Answer} found
 */
export function colorPlaces(map, found) {
  eachCell(map, (cell, y, x) => PLACES.forEach((_, index) => cell.classList.toggle(
    `sn-o${index}`, index === offsetOf(y, x) && found.indices[y >> 1][x >> 1] === index)));
}

/**
 * @param {NumberMap} map
 * @param {Answer} found
 * @param {number[]} focusable the cell that the tab key reaches
 */
export function showPooled(map, found, focusable) {
  eachCell(map, (cell, y, x) => {
    const index = found.indices[y][x], value = found.pooled[y][x];
    const [maximum, place] = cell.children;
    cell.className = `sn-cell sn-column sn-row sn-o${index}`;
    maximum.textContent = `${value}`;
    place.textContent = `${index} = ${bits(index)}`;
    cell.tabIndex = y === focusable[0] && x === focusable[1] ? 0 : -1;
    cell.setAttribute("aria-label", `maximum ${value}, index ${index}, ${PLACES[index]}`);
  });
}

/**
 * The four upsampled maps and their scores.
 * @param {Record<MapName, NumberMap>} maps
 * @param {number[][]} grid
 * @param {Answer} found
 */
export function showWays(maps, grid, found) {
  const dense = grid[0].length > 6, count = grid.length * grid[0].length;
  for (const way of WAY_NAMES) {
    eachCell(maps[way], (cell, y, x) => {
      const value = found.maps[way][y][x], exact = value === grid[y][x];
      cell.textContent = number(value, dense);
      cell.classList.toggle("sn-exact", exact);
      cell.classList.toggle("sn-nil", value === 0);
      cell.setAttribute("aria-label", `${number(value)}${exact ? ", exact" : ""}`);
    });
    maps[way].score.textContent = `error ${number(found.errors[way])} · exact ${found.kept[way]} of ${count}`;
  }
  colorPlaces(maps.unpooled, found);
}
