// @ts-check
// The object: painted on one canvas, outlined on all of them, with a cursor at the same pixel.

import { contextOf, pixelCanvas } from "../shared/canvas.js";
import { element, svg, used } from "../shared/dom.js";
import { placeOn } from "../shared/pointing.js";
import { onceAFrame } from "../shared/scope.js";
import { stepOf, moved, percent } from "../shared/values.js";
import { COLUMNS, ROWS } from "./losses.js";
import { textOf } from "./shapes.js";

/** @import { Point } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { Traits } from "./types" */

const PALE = [232, 232, 236, 255], STRONG = [230, 159, 0, 255];

export class Board {
  /** @param {Scope<Traits>} scope */
  constructor(scope) {
    this.scope = scope;
    /** @type {number[][]} the object, 0 and 1 */
    this.cells = [];
    /** @type {{ outline: SVGPathElement, cursor: SVGRectElement }[]} */
    this.overlays = [];
    this.canvas = pixelCanvas("mask", ROWS, COLUMNS, {
      tabindex: 0, role: "application",
      "aria-label": "The object, 24 rows of 32 pixels",
      "aria-description": "Arrow keys move the cursor, Home and End to the sides; space paints or erases, "
        + "E changes between painting and erasing.",
    });
    this.shareText = element("span", { class: "sn-number", "data-value": "share" });
    this.painting = false;
    /** @type {Point | null} */
    this.last = null;
    /** @type {Point | null} */
    this.pointed = null;
    this.send = onceAFrame(scope, () => scope.set("mask", textOf(this.cells.flat())));
    this.sendCursor = onceAFrame(scope, () => { if (this.pointed) this.moveCursor(this.pointed); });
    this.takeMask();
    listenToPainter(this);
  }

  /**
   * A canvas with outline and cursor laid over it; pointing at it moves the cursor.
   * @param {HTMLCanvasElement} canvas
   */
  framed(canvas) {
    const outline = svg("path", { class: "sn-outline" });
    const cursor = svg("rect", { class: "sn-at", width: 1, height: 1 });
    this.overlays.push({ outline, cursor });
    canvas.addEventListener("pointermove", (event) => this.point(placeOn(canvas, event)));
    return element("div", { class: "sn-frame" }, canvas,
      svg("svg", { viewBox: `0 0 ${COLUMNS} ${ROWS}`, class: "sn-over", "aria-hidden": "true" }, outline, cursor));
  }

  takeMask() {
    const lines = this.scope.get("mask").split("\n");
    this.cells = lines.map((line) => [...line].map((sign) => (sign === "#" ? 1 : 0)));
  }

  drawMask() {
    const context = contextOf(this.canvas), image = context.createImageData(COLUMNS, ROWS);
    this.cells.forEach((row, y) => row.forEach(
      (on, x) => image.data.set(on ? STRONG : PALE, 4 * (y * COLUMNS + x))));
    context.putImageData(image, 0, 0);
    const path = outlineOf(this.cells);
    for (const { outline } of this.overlays) outline.setAttribute("d", path);
    const count = this.cells.flat().reduce((sum, on) => sum + on, 0);
    this.shareText.textContent = percentText(count / ROWS / COLUMNS);
    this.shareText.title = `${count} of ${ROWS * COLUMNS} pixels`;
  }

  drawCursor() {
    const [y, x] = this.scope.get("cursor");
    for (const { cursor } of this.overlays) { cursor.setAttribute("x", `${x}`); cursor.setAttribute("y", `${y}`); }
  }

  /** @param {Point} place */
  moveCursor(place) {
    this.scope.set("cursor", place);
    this.drawCursor();
  }

  /** @param {Point} place */
  point(place) {
    const [y, x] = this.scope.get("cursor");
    if (place[0] !== y || place[1] !== x) { this.pointed = place; this.sendCursor(); }
  }

  changed() {
    this.drawMask();
    this.send();
  }

  clear() {
    for (const row of this.cells) row.fill(0);
    this.changed();
  }

  /**
   * Paint or erase a square as wide as the brush.
   * @param {Point} middle
   */
  dab([row, column]) {
    const width = this.scope.get("brush"), from = Math.floor((width - 1) / 2);
    const value = this.scope.get("erase") ? 0 : 1;
    for (let y = row - from; y < row - from + width; y++) {
      for (let x = column - from; x < column - from + width; x++) {
        if (this.cells[y]?.[x] !== undefined) this.cells[y][x] = value;
      }
    }
  }

  /**
   * Paint from the last place to this one.
   * @param {Point} to
   */
  stroke(to) {
    const [y, x] = this.last ?? to, steps = Math.max(1, Math.abs(to[0] - y), Math.abs(to[1] - x));
    for (let i = 0; i <= steps; i++) {
      this.dab([Math.round(y + (to[0] - y) * i / steps), Math.round(x + (to[1] - x) * i / steps)]);
    }
    this.last = to;
    this.changed();
  }

  /**
   * Do what a key means; false where it means nothing here.
   * @param {string} key
   */
  pressed(key) {
    const { scope } = this, at = scope.get("cursor"), step = stepOf(key);
    if (step) this.moveCursor(moved(at, step, [ROWS, COLUMNS]));
    else if (key === " ") {
      this.dab(at);
      this.changed();
    } else if (key === "e" || key === "E") scope.set("erase", !scope.get("erase"));
    else return false;
    const [y, x] = scope.get("cursor");
    scope.say("pixel", `Row ${y}, column ${x}: ${this.cells[y][x] ? "object" : "background"}, brush `
      + `${scope.get("erase") ? "erases" : "paints"}.`);
    return true;
  }
}

/**
 * A share with a space that does not break.
 * @param {number | undefined} share
 */
export function percentText(share, digits = 1) {
  return percent(share, digits).replace(" ", "\u00a0");
}

/**
 * The edges between object and background as the path of an SVG.
 * @param {number[][]} cells
 */
function outlineOf(cells) {
  let path = "";
  cells.forEach((row, y) => row.forEach((on, x) => {
    if (x && on !== row[x - 1]) path += `M${x} ${y}v1`;
    if (y && on !== cells[y - 1][x]) path += `M${x} ${y}h1`;
  }));
  return path;
}

/** @param {Board} board */
function listenToPainter(board) {
  const { canvas } = board;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    board.painting = true;
    board.last = null;
    board.point(placeOn(canvas, event));
    board.stroke(placeOn(canvas, event));
  });
  canvas.addEventListener("pointermove", (event) => { if (board.painting) board.stroke(placeOn(canvas, event)); });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, () => { board.painting = false; });
  }
  canvas.addEventListener("keydown", (event) => { if (board.pressed(event.key)) used(event); });
}
