// @ts-check
// Pixels of a canvas under a pointer, and markers on them.

import { clamp } from "./values.js";

/** @import { Point } from "./types" */

/**
 * Where a pointer is on a canvas, in the canvas's own pixels, kept inside.
 * @param {HTMLCanvasElement} canvas
 * @param {MouseEvent} event
 * @returns {Point}
 */
export function placeOn(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [
    clamp(Math.floor((event.clientY - box.top) / box.height * canvas.height), 0, canvas.height - 1),
    clamp(Math.floor((event.clientX - box.left) / box.width * canvas.width), 0, canvas.width - 1),
  ];
}

/**
 * Put a marker in the middle of a pixel; hide it where there is none.
 * @param {HTMLElement} marker
 * @param {Point | null} at
 * @param {{ height: number, width: number }} size
 */
export function putMarker(marker, at, { height, width }) {
  marker.hidden = at === null;
  if (at === null) return;
  marker.style.top = `${100 * (at[0] + 0.5) / height}%`;
  marker.style.left = `${100 * (at[1] + 0.5) / width}%`;
}
