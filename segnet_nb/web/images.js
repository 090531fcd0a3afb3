// @ts-check
// Images of a page as pixels, and pixels in the colours of their classes.

import { bytesOf } from "./network.js";

/** @import { Asset, Labels } from "./types" */

/**
 * The pixels of an asset that is a PNG without an alpha channel.
 * @param {Asset} asset
 */
export async function imageOf({ text }) {
  const blob = new Blob([bytesOf(text ?? "")], { type: "image/png" });
  const bitmap = await createImageBitmap(blob, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("the browser gives no canvas to read an image with.");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/**
 * Labels from an image whose red channel has them.
 * @param {ImageData} image
 * @returns {Labels}
 */
export function labelsFrom({ data, height, width }) {
  const labels = new Uint8Array(height * width);
  for (let k = 0; k < labels.length; k += 1) labels[k] = data[4 * k];
  return { data: labels, height, width };
}

/**
 * @param {ArrayLike<number>} ids
 * @param {number} height
 * @param {number} width
 * @param {number[][]} palette
 */
export function colored(ids, height, width, palette) {
  const image = new ImageData(width, height), words = new Uint32Array(image.data.buffer);
  const packed = palette.map(([r, g, b]) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0);
  for (let k = 0; k < words.length; k += 1) words[k] = packed[ids[k]];
  return image;
}
