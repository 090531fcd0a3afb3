// @ts-check
// The confusion matrix as a table whose cells can be chosen.

import { element, used } from "../shared/dom.js";
import { moved, stepOf } from "../shared/values.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Scores } from "./scores.js" */
/** @import { Traits } from "./types" */

export class Matrix {
  /**
   * @param {Scope<Traits>} scope
   * @param {Scores} scores
   */
  constructor(scope, scores) {
    const names = scores.classes;
    this.scope = scope;
    this.scores = scores;
    this.cells = names.map((_, t) => names.map((_name, p) => this.makeCell(t, p)));
    const head = element("tr", {}, element("td", { class: "sn-corner", text: "true \\ predicted" }),
      ...names.map((name) => element("th", { scope: "col", title: name }, element("span", { text: name }))));
    const rows = names.map((name, t) =>
      element("tr", {}, element("th", { scope: "row", text: name }), ...this.cells[t]));
    this.table = element("table", { class: "sn-matrix", role: "grid", "aria-label": "Confusion matrix; rows: truth" },
      element("thead", {}, head), element("tbody", {}, ...rows));
  }

  /**
   * @param {number} t number of the true class
   * @param {number} p number of the predicted class
   */
  makeCell(t, p) {
    const names = this.scores.classes;
    return element("td", {
      role: "gridcell", tabindex: t + p ? "-1" : "0", "data-cell": `${names[t]}|${names[p]}`,
      click: () => this.choose(t, p),
      keydown: (event) => { if (this.pressed(event.key, t, p)) used(event); },
    });
  }

  /**
   * Choose a cell; the chosen one: none.
   * @param {number} t
   * @param {number} p
   */
  choose(t, p) {
    const names = this.scores.classes, cell = this.scores.cell();
    this.scope.set("cell", cell && cell[0] === t && cell[1] === p ? [] : [names[t], names[p]]);
  }

  /**
   * Do what a key means on a cell; false where it means nothing.
   * @param {string} key
   * @param {number} t
   * @param {number} p
   */
  pressed(key, t, p) {
    const step = stepOf(key), count = this.cells.length;
    if (key === "Enter" || key === " ") this.choose(t, p);
    else if (key === "Escape") this.scope.set("cell", []);
    else if (step) {
      const [row, column] = moved([t, p], step, [count, count]), next = this.cells[row][column];
      this.cells[t][p].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    } else return false;
    return true;
  }

  show() {
    const { scores, scope } = this;
    const image = scope.get("image"), all = scope.get("scope") === "all", cell = scores.cell();
    this.cells.forEach((row, t) => {
      const counts = row.map((_, p) => (all ? scores.countInAll(t, p) : scores.count(image, t, p)));
      const total = counts.reduce((a, b) => a + b, 0);
      counts.forEach((count, p) => {
        row[p].setAttribute("aria-selected", `${cell !== null && t === cell[0] && p === cell[1]}`);
        fillCell(row[p], total ? count / total : 0,
          `${scores.classes[t]} called ${scores.classes[p]}: ${count} pixels`, scores.classes[t]);
      });
    });
  }
}

/**
 * @param {HTMLElement} cell
 * @param {number} share of the true class's pixels
 * @param {string} text
 * @param {string} truth
 */
function fillCell(cell, share, text, truth) {
  // No colour between the two ranges: neither dark nor light numbers can be read on it.
  const strength = Math.sqrt(share), strong = strength > 0.62;
  const shown = strong ? 94 + 6 * (strength - 0.62) / 0.38 : 74 * strength;
  cell.style.setProperty("--sn-strength", `${shown.toFixed(1)}%`);
  cell.classList.toggle("sn-strong", strong);
  cell.textContent = share >= 0.005 ? `${Math.round(100 * share)}` : "";
  cell.title = `${text}, ${(100 * share).toFixed(1)} % of ${truth}`;
  cell.setAttribute("aria-label", cell.title);
}
