// @ts-check
// Class ids drawn over the image they belong to.

import { contextOf, resize } from "../../widgets/shared/canvas.js";
import { element } from "../../widgets/shared/dom.js";

/** @import { ClassList, SharedImage } from "./types" */

/**
 * The colours of classes: safe for colour-blind readers, or those of the dataset.
 * @param {ClassList | null} list
 * @param {"safe" | "dataset"} kind
 */
export function paletteOf(list, kind) {
  if (!list) return GENERIC;
  return (kind === "safe" && list.safe) || list.colors;
}

// For runs that name no classes; ids beyond are drawn with these again.
const GENERIC = [[0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [213, 94, 0],
  [240, 228, 66], [90, 90, 90]];

/**
 * The image file, for canvases to lie on; nothing where there is none.
 * @param {SharedImage} image
 */
export function photo(image) {
  if (!image.file) return element("span", { class: "gl-no-photo" });
  return element("img", { src: image.file, alt: "", width: image.width, height: image.height, loading: "lazy",
    decoding: "async" });
}

/**
 * Draw colours where there are some, at the size of the canvas, which may be smaller than the image.
 * @param {HTMLCanvasElement} canvas
 * @param {{ height: number, width: number }} size of the image
 * @param {(pixel: number, column: number) => number[] | undefined} colorOf
 * @param {number} opacity
 */
export function drawColors(canvas, { height, width }, colorOf, opacity) {
  const context = contextOf(canvas), picture = context.createImageData(canvas.width, canvas.height);
  const alpha = Math.round(255 * opacity);
  let at = 0;
  for (let row = 0; row < canvas.height; row++) {
    const start = Math.floor((row + 0.5) * height / canvas.height) * width;
    for (let column = 0; column < canvas.width; column++, at += 4) {
      const across = Math.floor((column + 0.5) * width / canvas.width);
      const color = colorOf(start + across, across);
      if (!color) continue;
      picture.data[at] = color[0];
      picture.data[at + 1] = color[1];
      picture.data[at + 2] = color[2];
      picture.data[at + 3] = alpha;
    }
  }
  context.putImageData(picture, 0, 0);
}

/**
 * A mask over its image, small.
 * @param {HTMLCanvasElement} canvas
 * @param {SharedImage} image
 * @param {Uint8Array} mask
 * @param {number[][]} palette
 */
export function drawThumbnail(canvas, image, mask, palette) {
  const width = Math.min(image.width, 240);
  resize(canvas, { height: Math.max(1, Math.round(image.height * width / image.width)), width });
  drawColors(canvas, image, (pixel) => palette[palette === GENERIC ? mask[pixel] % GENERIC.length : mask[pixel]], 0.8);
}
