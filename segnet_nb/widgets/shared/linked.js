// @ts-check
// Several images with a cross at the same pixel.

import { pixelCanvas } from "./canvas.js";
import { element, used } from "./dom.js";
import { placeOn, putMarker } from "./pointing.js";
import { onceAFrame } from "./scope.js";
import { moved, stepOf } from "./values.js";

/** @import { LinkedFigure, LinkedImages, Point } from "./types" */
/** @import { Scope } from "./scope.js" */

/** What the keys do on linked images, for screen readers. */
export const KEYS_HELP = "Arrow keys move the cross, with Shift by ten pixels; Home and End go to the sides, "
  + "Page Up and Page Down ten rows; Escape takes the cross away.";

/**
 * Images of one size with a cross at the same pixel in all of them.
 * @param {Scope<any>} scope
 * @param {HTMLElement} readout
 * @param {(at: Point | null) => string} describe text of the readout
 * @returns {LinkedImages}
 */
export function linkedImages(scope, readout, describe) {
  /** @type {{ canvas: HTMLCanvasElement, cross: HTMLElement }[]} */
  const parts = [];
  /** @type {Point | null} */
  let at = null;
  const show = () => {
    for (const { canvas, cross } of parts) putMarker(cross, at, canvas);
    readout.textContent = describe(at);
    if (at) scope.say("pixel", readout.textContent);
  };
  const draw = onceAFrame(scope, show);
  return {
    figure(name, caption, size) {
      const made = linkedFigure(name, caption, size, (place) => { at = place; draw(); });
      parts.push(made);
      return made;
    },
    keydown(event) {
      const to = crossAfter(event, at, parts[0].canvas);
      if (to === undefined) return;
      at = to;
      show();
    },
    again: show,
  };
}

/**
 * @param {string} name
 * @param {string} caption
 * @param {number[]} size
 * @param {(place: Point | null) => void} point
 * @returns {LinkedFigure & { cross: HTMLElement }}
 */
function linkedFigure(name, caption, [height, width], point) {
  const canvas = pixelCanvas(name, height, width, {
    role: "img", "aria-label": caption,
    pointermove: (event) => point(placeOn(canvas, event)),
    pointerleave: () => point(null),
  });
  const cross = element("span", { class: "sn-cross", hidden: true });
  const words = element("figcaption", { text: caption, title: caption });
  const node = element("figure", { class: `sn-figure sn-is-${name}` }, words,
    element("div", { class: "sn-frame" }, canvas, cross));
  return { canvas, node, caption: words, cross };
}

/**
 * Where a key moves the cross: null hides it, undefined: the key does nothing.
 * @param {KeyboardEvent} event
 * @param {Point | null} at
 * @param {HTMLCanvasElement} canvas
 * @returns {Point | null | undefined}
 */
function crossAfter(event, at, { height, width }) {
  if (event.key === "Escape") return null;
  const step = stepOf(event.key);
  if (!step) return undefined;
  used(event);
  if (!at) return [height >> 1, width >> 1];
  return moved(at, step, [height, width], event.shiftKey ? 10 : 1);
}
