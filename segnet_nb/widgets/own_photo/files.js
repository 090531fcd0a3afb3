// @ts-check
// An image from a file: checked, reduced, and made into a JPEG that is small enough to send.

const LONGEST = 1280;
const LARGEST_FILE = 20e6;
// Colab loses messages to the kernel of 1 MB and more, and bytes may travel there as base64.
const MOST_SENT = 700e3;
const QUALITIES = [0.92, 0.75, 0.5];
export const IMAGE_TYPES = ["image/jpeg", "image/png", "image/webp"];

/**
 * A picture on a canvas.
 * @param {CanvasImageSource} picture
 * @param {number} width
 * @param {number} height
 */
function canvasOf(picture, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  const context = canvas.getContext("2d");
  if (context) {
    context.fillStyle = "#ffffff";  // behind what is transparent
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  }
  return canvas;
}

/**
 * A picture as JPEG, as good as fits into a message.
 * @param {CanvasImageSource} picture
 * @param {number} width
 * @param {number} height
 * @returns {Promise<DataView<ArrayBuffer>>}
 */
export async function jpegOf(picture, width, height) {
  for (let scale = Math.min(1, LONGEST / Math.max(width, height)); ; scale /= 2) {
    const canvas = canvasOf(picture, width * scale, height * scale);
    for (const quality of QUALITIES) {
      const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", quality); });
      if (blob.size <= MOST_SENT) return new DataView(await blob.arrayBuffer());
    }
  }
}

/**
 * Why a file is not taken; empty: it is.
 * @param {File} file
 */
export function problemOf(file) {
  const name = file.name || "This file";
  if (!IMAGE_TYPES.includes(file.type)) return `${name} is not a JPEG, PNG or WebP image: choose one of these.`;
  if (file.size > LARGEST_FILE) {
    return `${name} has ${(file.size / 1e6).toFixed(1)} MB: choose an image of at most ${LARGEST_FILE / 1e6} MB.`;
  }
  return "";
}

/**
 * @param {File} file
 * @returns {Promise<DataView<ArrayBuffer>>}
 */
export async function imageOf(file) {
  const picture = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name || "This file"} cannot be read as an image: choose another one.`);
  });
  return jpegOf(picture, picture.width, picture.height);
}
