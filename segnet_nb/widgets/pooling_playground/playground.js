// @ts-check
// The state of one playground: the tables, the chosen cell, the window that is looked at, and editing.

import { button, element, hasFocus, used } from "../shared/dom.js";
import { stepOf, clamp, moved } from "../shared/values.js";
import { answer, explain, number, PLACES, placesOf, WAY_NAMES, WAYS } from "./numbers.js";
import { bits, colorPlaces, eachCell, fieldOf, makeTables, showPooled, showWays } from "./tables.js";

/** @import { Point } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { NumberMap, Traits } from "./types" */

const LARGEST = 99;
const WINDOW_HELP = "In the map, arrow keys move, + and − change a value. "
  + "Point at a window: it lights up in all maps.";

/** @param {unknown} a @param {unknown} b */
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class Playground {
  /**
   * @param {Scope<Traits>} scope
   * @param {HTMLElement} weights the kernel's fields, shown below the transposed convolution
   */
  constructor(scope, weights) {
    this.scope = scope;
    this.weights = weights;
    this.words = element("p", { class: "sn-words", "data-words": "" });
    this.detail = element("p", { class: "sn-detail", "data-detail": "" });
    this.top = element("div", { class: "sn-top" });
    this.ways = element("div", { class: "sn-ways" });
    this.side = element("div", { class: "sn-side" }, indexLegend(), this.words);
    this.problem = element("span", { class: "sn-problem", role: "alert", hidden: true });
    this.steps = element("span", { class: "sn-steps" },
      button("−", () => this.step(-1), { "aria-label": "lower the chosen value", "data-step": -1 }),
      button("+", () => this.step(1), { "aria-label": "raise the chosen value", "data-step": 1 }));
    /** @type {Point} */
    this.current = [0, 0];
    /** @type {Point} */
    this.pooledAt = [0, 0];
    /** @type {Point | null} */
    this.hovered = null;
    /** @type {Point | null} */
    this.focused = null;
    // Whether the chosen cell's text is its value, not something that is being typed.
    this.fresh = true;
    // Whether the last key was "-".
    this.minus = false;
    this.maps = this.makeMaps();
  }

  grid() {
    return this.scope.get("grid");
  }

  /** @returns {Point} */
  size() {
    return [this.grid().length, this.grid()[0].length];
  }

  answer() {
    return answer(this.grid(), this.scope.get("kernel"));
  }

  /** New tables, as the size has changed. */
  makeMaps() {
    const [rows, columns] = this.size();
    const maps = makeTables(rows, columns);
    this.maps = maps;
    this.current = [Math.min(this.current[0], rows - 1), Math.min(this.current[1], columns - 1)];
    this.pooledAt = [Math.min(this.pooledAt[0], maps.pooled.cells.length - 1),
      Math.min(this.pooledAt[1], maps.pooled.cells[0].length - 1)];
    this.hovered = this.focused = null;
    maps.grid.score.append(this.steps, this.problem);
    maps.transposed.figure.append(this.weights);
    this.top.replaceChildren(maps.grid.figure, maps.pooled.figure, this.side);
    this.ways.replaceChildren(...WAY_NAMES.map((way) => maps[way].figure));
    this.ways.classList.toggle("sn-wide", columns > 6);
    for (const part of [this.top, this.ways]) part.classList.toggle("sn-broad", columns > 4);
    for (const map of Object.values(maps)) this.listenTo(map);
    listenToGrid(this, maps.grid.grid);
    listenToPooled(this, maps.pooled.grid);
    return maps;
  }

  draw() {
    const [rows, columns] = this.size(), grid = this.grid();
    if (this.maps.grid.cells.length !== rows || this.maps.grid.cells[0].length !== columns) this.makeMaps();
    const found = this.answer();
    eachCell(this.maps.grid, (cell, y, x) => {
      const field = fieldOf(cell), value = grid[y][x];
      // What is being typed stays as it is, such as "07".
      if (this.fresh || Number(field.value) !== value) field.value = `${value}`;
      field.tabIndex = y === this.current[0] && x === this.current[1] ? 0 : -1;
    });
    colorPlaces(this.maps.grid, found);
    showPooled(this.maps.pooled, found, this.pooledAt);
    showWays(this.maps, grid, found);
    this.words.textContent = explain(grid, found);
    this.scope.say("words", this.words.textContent);
    this.lightUp();
  }

  // --- the same window in all tables

  lightUp() {
    const window = this.hovered ?? this.focused;
    for (const map of Object.values(this.maps)) map.light(window);
    this.detail.textContent = window ? this.describe(window) : WINDOW_HELP;
  }

  /** @param {Point} window */
  describe([wy, wx]) {
    const found = this.answer(), places = placesOf(this.grid(), wy, wx);
    const index = found.indices[wy][wx], largest = found.pooled[wy][wx];
    const times = places.filter(({ value }) => value === largest).length;
    const back = WAY_NAMES.map((way) =>
      `${places.map(({ y, x }) => number(found.maps[way][y][x])).join(", ")} (${WAYS[way].name})`);
    return `Window ${wy + 1}, ${wx + 1} holds ${places.map(({ value }) => value).join(", ")}. `
      + `Its maximum ${largest} is ${times > 1 ? `there ${times} times, first at the` : "at the"} ${PLACES[index]}: `
      + `dy = ${index >> 1}, dx = ${index % 2}, index ${index} = ${bits(index)}. It comes back as ${back.join("; ")}.`;
  }

  /** @param {NumberMap} map */
  listenTo(map) {
    // Not pointerover: a page that scrolls beneath a resting pointer says nothing about what is looked at.
    map.grid.addEventListener("pointermove", (event) => {
      const window = windowOf(map, event.target);
      if (same(window, this.hovered)) return;
      this.hovered = window;
      this.lightUp();
    });
    map.grid.addEventListener("pointerleave", () => { this.hovered = null; this.lightUp(); });
    map.grid.addEventListener("focusin", (event) => {
      this.focused = windowOf(map, event.target);
      this.hovered = null;
      this.lightUp();
    });
    map.grid.addEventListener("focusout", () => { this.focused = null; this.lightUp(); });
  }

  // --- editing

  /** @param {Point} place */
  fieldAt([y, x]) {
    return fieldOf(this.maps.grid.cells[y][x]);
  }

  /**
   * Set the value of the chosen cell.
   * @param {number} value
   */
  put(value) {
    const rows = this.grid().map((row) => [...row]);
    rows[this.current[0]][this.current[1]] = clamp(value, -LARGEST, LARGEST);
    this.scope.set("grid", rows);
  }

  /** @param {number} change */
  step(change) {
    const [y, x] = this.current;
    this.fresh = true;
    this.complain("");
    this.put(this.grid()[y][x] + change);
    const field = this.fieldAt(this.current);
    if (hasFocus(field)) field.select();  // else it would take the focus from the button
  }

  /**
   * @param {string} text
   * @param {HTMLInputElement | null} wrong
   */
  complain(text, wrong = null) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
    this.steps.hidden = Boolean(text);
    eachCell(this.maps.grid, (cell) => fieldOf(cell).toggleAttribute("aria-invalid", fieldOf(cell) === wrong));
  }

  /** @param {HTMLInputElement} field */
  typed(field) {
    const text = field.value.trim(), good = /^-?\d{1,2}$/.test(text);
    this.fresh = false;
    this.complain(good || ["", "-"].includes(text) ? "" : `whole numbers from −${LARGEST} to ${LARGEST}`,
      good ? null : field);
    if (good) this.put(Number(text));
  }

  /** @param {HTMLInputElement} field */
  reset(field) {
    this.fresh = true;
    this.complain("");
    this.draw();
    field.select();
  }
}

function indexLegend() {
  return element("div", { class: "sn-legend" },
    element("div", { class: "sn-label", text: "index = 2·dy + dx, in two bits" }),
    element("div", { class: "sn-offsets" }, ...PLACES.map((place, index) =>
      element("div", { class: `sn-offset sn-o${index}` },
        element("b", { text: `${index} = ${bits(index)}` }), element("span", { text: place })))));
}

/**
 * The cell of an event as [y, x]; null between cells.
 * @param {EventTarget | null} target
 * @returns {Point | null}
 */
function placeOf(target) {
  /** @type {HTMLElement | null} */
  const cell = target instanceof Element ? target.closest("[data-y]") : null;
  return cell && [Number(cell.dataset.y), Number(cell.dataset.x)];
}

/**
 * @param {NumberMap} map
 * @param {EventTarget | null} target
 * @returns {Point | null}
 */
function windowOf(map, target) {
  const place = placeOf(target);
  return place && map.step === 1 ? [place[0] >> 1, place[1] >> 1] : place;
}

/**
 * Where a key leads in a table; undefined where it leads nowhere.
 * @param {NumberMap} map
 * @param {Point} from
 * @param {string} key
 */
function moveIn(map, from, key) {
  const size = [map.cells.length, map.cells[0].length];
  const step = stepOf(key === "Enter" ? "ArrowDown" : key);
  return step && moved(from, step, size);
}

/** @param {KeyboardEvent} event */
const withModifier = (event) => event.ctrlKey || event.metaKey || event.altKey;

/**
 * Do what a key means in the editable map; false where it is left to the field.
 * @param {Playground} playground
 * @param {string} key
 * @param {HTMLInputElement} field
 */
function pressed(playground, key, field) {
  const to = moveIn(playground.maps.grid, playground.current, key), wasMinus = playground.minus;
  playground.minus = false;
  if (to) playground.fieldAt(to).focus();
  else if (key === "+") playground.step(1);
  else if (key === "-" && field.value !== "") { playground.step(-1); playground.minus = true; }
  else if (wasMinus && /^\d$/.test(key)) {
    // "-" lowers by one, but "-" and then a digit is the beginning of a negative number.
    field.value = `-${key}`;
    playground.typed(field);
  } else if (key === "Escape") playground.reset(field);
  else return false;
  return true;
}

/**
 * @param {Playground} playground
 * @param {HTMLElement} grid
 */
function listenToGrid(playground, grid) {
  /** @param {Event} event */
  const field = (event) => /** @type {HTMLInputElement} */ (event.target);
  grid.addEventListener("keydown", (event) => {
    if (withModifier(event) || event.isComposing) return;
    if (pressed(playground, event.key, field(event))) used(event);
  });
  grid.addEventListener("input", (event) => playground.typed(field(event)));
  grid.addEventListener("click", (event) => { if (playground.fresh) field(event).select?.(); });
  grid.addEventListener("focusin", (event) => {
    playground.fieldAt(playground.current).tabIndex = -1;
    playground.current = placeOf(event.target) ?? playground.current;
    playground.fresh = true;
    playground.minus = false;
    playground.fieldAt(playground.current).tabIndex = 0;
    field(event).select();
  });
  grid.addEventListener("focusout", (event) => {
    const place = placeOf(event.target);
    playground.fresh = true;
    playground.complain("");
    if (place) field(event).value = `${playground.grid()[place[0]][place[1]]}`;
  });
}

/**
 * @param {Playground} playground
 * @param {HTMLElement} grid
 */
function listenToPooled(playground, grid) {
  grid.addEventListener("keydown", (event) => {
    const map = playground.maps.pooled, to = moveIn(map, playground.pooledAt, event.key);
    if (!to || withModifier(event)) return;
    map.cells[to[0]][to[1]].focus();
    used(event);
  });
  grid.addEventListener("focusin", (event) => {
    const { cells } = playground.maps.pooled, to = placeOf(event.target);
    if (!to) return;
    cells[playground.pooledAt[0]][playground.pooledAt[1]].tabIndex = -1;
    playground.pooledAt = to;
    cells[to[0]][to[1]].tabIndex = 0;
  });
}
