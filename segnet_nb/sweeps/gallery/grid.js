// @ts-check
// A table that the keyboard moves in: one stop of the Tab key, arrows from cell to cell.

import { element, used } from "../../widgets/shared/dom.js";
import { clamp } from "../../widgets/shared/values.js";
import { sortParts } from "./columns.js";

/** @import { GridColumn, Row } from "./types" */

const PAGE = 10;

/** What the keys do, for screen readers. */
export const GRID_HELP = "Arrow keys move from cell to cell, Page Up and Page Down by ten rows, Home and End to the "
  + "sides, with Control to the first and last row. Enter presses the button or follows the link of a cell.";

export class Grid {
  /**
   * @param {string} label
   * @param {(id: string) => void} sort called with the id of a column
   */
  constructor(label, sort) {
    this.sort = sort;
    const help = element("p", { class: "sn-hidden", id: "gl-grid-help", text: GRID_HELP });
    this.head = element("thead");
    this.body = element("tbody");
    this.table = element("table", {
      role: "grid", "aria-label": label, "aria-describedby": help.id, class: "gl-grid",
      keydown: (event) => this.move(event), focusin: (event) => this.enter(event),
    }, this.head, this.body);
    this.node = element("div", { class: "gl-scroll" }, help, this.table);
    /** @type {[number, number]} row (0: the head) and column of the cell that the Tab key goes to */
    this.at = [1, 0];
    /** @type {HTMLElement | null} */
    this.stop = null;
    /** Rows made for the present columns: sorting and filtering take them again. */
    this.columns = "";
    /** @type {Map<Row, HTMLTableRowElement>} */
    this.made = new Map();
  }

  /**
   * @param {GridColumn[]} columns
   * @param {Row[]} rows
   * @param {string} sort
   */
  draw(columns, rows, sort) {
    const focused = this.table.contains(document.activeElement);
    const { down, id } = sortParts(sort);
    this.head.replaceChildren(element("tr", {}, ...columns.map((column) => this.headCell(column,
      column.id === id ? (down ? "descending" : "ascending") : null))));
    keepFromTab(this.head);
    const names = JSON.stringify(columns.map((column) => column.id));
    if (names !== this.columns) this.made.clear();
    this.columns = names;
    this.body.replaceChildren(...rows.map((row) => this.rowFor(columns, row)));
    this.goTo(this.at, focused);
  }

  /**
   * @param {GridColumn[]} columns
   * @param {Row} row
   */
  rowFor(columns, row) {
    const known = this.made.get(row);
    if (known) return known;
    const made = element("tr", { "data-key": row.key }, ...columns.map((column) => bodyCell(column, row)));
    keepFromTab(made);
    this.made.set(row, made);
    return made;
  }

  /**
   * @param {GridColumn} column
   * @param {string | null} direction
   */
  headCell(column, direction) {
    const sortable = column.sortable !== false;
    const name = sortable
      ? element("button", { type: "button", class: "gl-sort", click: () => this.sort(column.id) },
        element("span", { text: column.title }), element("span", { class: "gl-arrow", "aria-hidden": "true" }))
      : element("span", { text: column.title });
    return element("th", {
      scope: "col", class: `${column.number ? "gl-number" : ""} ${column.class ?? ""}`, "data-column": column.id,
      "aria-sort": sortable ? direction ?? "none" : null, title: column.help,
    }, name);
  }

  /** @param {number} row */
  cellsOf(row) {
    return /** @type {HTMLElement[]} */ ([...this.table.rows[row].cells]);
  }

  /**
   * Make a cell the one that the Tab key goes to.
   * @param {[number, number]} to
   * @param {boolean} focus
   */
  goTo([row, column], focus) {
    const lastRow = this.table.rows.length - 1;
    const at = clamp(row, 0, lastRow), cells = this.cellsOf(at);
    this.at = [at, clamp(column, 0, cells.length - 1)];
    const cell = cells[this.at[1]];
    if (!cell) return;
    const inside = cell.querySelector("button, a");
    if (this.stop) this.stop.tabIndex = -1;
    this.stop = inside instanceof HTMLElement ? inside : cell;
    this.stop.tabIndex = 0;
    if (focus) this.stop.focus();
  }

  /** @param {FocusEvent} event */
  enter({ target }) {
    const cell = target instanceof Element ? target.closest("td, th") : null;
    if (!(cell instanceof HTMLTableCellElement) || target === this.stop) return;
    const row = /** @type {HTMLTableRowElement} */ (cell.parentElement);
    this.goTo([row.rowIndex, cell.cellIndex], false);
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    if (event.altKey || event.metaKey) return;
    const [row, column] = this.at, ends = event.ctrlKey;
    /** @type {Record<string, [number, number]>} */
    const places = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1], PageUp: [Math.max(row - PAGE, Math.min(row, 1)), column],
      PageDown: [row + PAGE, column], Home: [ends ? 1 : row, 0], End: [ends ? Infinity : row, Infinity],
    };
    const to = places[event.key];
    if (!to || (ends && !["Home", "End"].includes(event.key))) return;
    used(event);
    this.goTo(to, true);
  }
}

/**
 * Cells can have the focus, but the Tab key passes them.
 * @param {HTMLElement} part
 */
function keepFromTab(part) {
  for (const node of part.querySelectorAll("td, th, button, a")) {
    if (node instanceof HTMLElement) node.tabIndex = -1;
  }
}

/**
 * @param {GridColumn} column
 * @param {Row} row
 */
function bodyCell(column, row) {
  const attributes = { class: `${column.number ? "gl-number" : ""} ${column.class ?? ""}` };
  const content = column.cell(row);
  return column.id === "key" ? element("th", { scope: "row", ...attributes }, content)
    : element("td", attributes, content);
}
