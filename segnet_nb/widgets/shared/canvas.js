// @ts-check
// Images from bytes, and canvases.

import { element } from "./dom.js";

/** @import { Attributes, Shown } from "./types" */
/** @import { Scope } from "./scope.js" */

/**
 * A canvas of its own pixels, shown as large as there is room, without smoothing.
 * @param {string} name
 * @param {number} height
 * @param {number} width
 * @param {Attributes} attributes
 */
export function pixelCanvas(name, height, width, attributes = {}) {
  return element("canvas", { class: "sn-canvas", "data-canvas": name, height, width, ...attributes });
}

/**
 * Where to draw on a canvas whose pixels are read back or written as numbers.
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
export function contextOf(canvas) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("the browser gives no canvas to draw on.");
  return context;
}

/**
 * Give a canvas the size of an image; setting the size it has already would clear it.
 * @param {HTMLCanvasElement} canvas
 * @param {{ height: number, width: number }} size
 */
export function resize(canvas, { height, width }) {
  if (canvas.height !== height) canvas.height = height;
  if (canvas.width !== width) canvas.width = width;
}

/**
 * The bytes of a trait, or pixels that the page has computed, as an image that can be drawn.
 * @param {Shown} bytes
 */
export async function bitmapOf(bytes, type = "image/png") {
  const source = bytes instanceof ImageData ? bytes : new Blob([bytes], { type });
  return createImageBitmap(source, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
}

/**
 * The bytes of a trait as ImageData; exact for PNG without an alpha channel.
 * @param {Shown} bytes
 */
export async function pixelsOf(bytes, type = "image/png") {
  if (bytes instanceof ImageData) return bytes;
  const bitmap = await bitmapOf(bytes, type);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("the browser gives no canvas to read an image with.");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** @type {WeakMap<HTMLCanvasElement, number>} */
const turns = new WeakMap();

/**
 * A newer call wins.
 * @param {HTMLCanvasElement} canvas
 */
function turnOf(canvas) {
  const turn = (turns.get(canvas) ?? 0) + 1;
  turns.set(canvas, turn);
  return turn;
}

/**
 * Draw an image that is decoded already on a canvas, which takes its size.
 * @param {HTMLCanvasElement} canvas
 * @param {ImageBitmap} bitmap
 */
export function paintNow(canvas, bitmap) {
  turnOf(canvas);
  resize(canvas, bitmap);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
}

/**
 * Draw the bytes of a trait on a canvas, which takes the image's size; a newer call wins.
 * @param {Scope<any>} scope
 * @param {HTMLCanvasElement} canvas
 * @param {Shown | undefined} bytes
 */
export async function paint(scope, canvas, bytes, type = "image/png") {
  const turn = turnOf(canvas);
  if (!bytes || (!(bytes instanceof ImageData) && bytes.byteLength === 0)) return;
  const bitmap = await bitmapOf(bytes, type);
  if (scope.alive && turns.get(canvas) === turn) paintNow(canvas, bitmap);
  bitmap.close();
}
