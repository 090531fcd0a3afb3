// @ts-check
// Upsampling with and without indices, and labels: plain loops over floats, channels first.

/** @import { FeatureMap, Indices, Labels } from "./types" */
/** @import { Point } from "../widgets/shared/types" */

/**
 * Offsets in the windows from the flat positions that a pooling gives.
 * @param {{ data: BigInt64Array, dims: readonly number[] }} positions
 * @param {Point} size height and width of the map that was pooled
 * @returns {Indices}
 */
export function offsetsOf({ data, dims }, size) {
  const [, channels, height, width] = dims;
  // Positions are far below 2 ** 32, so their lower halves are enough, and fast.
  const low = new Uint32Array(data.buffer, data.byteOffset, 2 * data.length);
  const found = new Uint8Array(data.length), [rows, columns] = size;
  for (let k = 0; k < found.length; k += 1) {
    const at = low[2 * k], y = Math.floor(at / columns);
    found[k] = 2 * ((y % rows) & 1) + ((at - y * columns) & 1);
  }
  return { data: found, channels, height, width, size };
}

/**
 * Each value at its index, zeros elsewhere.
 * @param {FeatureMap} values
 * @param {Indices} indices
 * @returns {FeatureMap}
 */
export function unpool(values, indices) {
  const { channels, height, width } = values, [rows, columns] = indices.size;
  const data = new Float32Array(channels * rows * columns);
  let k = 0;
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < height; y += 1) {
      const start = (c * rows + 2 * y) * columns;
      for (let x = 0; x < width; x += 1, k += 1) {
        const offset = indices.data[k], dy = offset >> 1, dx = offset & 1;
        // Beyond an odd edge there is nothing.
        if (2 * y + dy < rows && 2 * x + dx < columns) data[start + dy * columns + 2 * x + dx] = values.data[k];
      }
    }
  }
  return { data, channels, height: rows, width: columns };
}

/**
 * Each value at all positions of its window.
 * @param {FeatureMap} values
 * @param {Point} size
 * @returns {FeatureMap}
 */
export function nearest({ data, channels, height, width }, [rows, columns]) {
  const made = new Float32Array(channels * rows * columns);
  let k = 0;
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < rows; y += 1) {
      const from = (c * height + (y >> 1)) * width;
      for (let x = 0; x < columns; x += 1, k += 1) made[k] = data[from + (x >> 1)];
    }
  }
  return { data: made, channels, height: rows, width: columns };
}

/**
 * Bilinear upsampling by two with half-pixel centres: 3/4 of the nearest value and 1/4 of the next.
 * @param {FeatureMap} values
 * @param {Point} size
 * @returns {FeatureMap}
 */
export function bilinear({ data, channels, height, width }, [rows, columns]) {
  const made = new Float32Array(channels * rows * columns), line = new Float32Array(width);
  let k = 0;
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < rows; y += 1) {
      const own = y >> 1, next = Math.min(height - 1, Math.max(0, own + (y & 1 ? 1 : -1)));
      const a = (c * height + own) * width, b = (c * height + next) * width;
      for (let x = 0; x < width; x += 1) line[x] = data[a + x] * 0.75 + data[b + x] / 4;
      for (let x = 0; x < columns; x += 1, k += 1) {
        const at = x >> 1, beside = Math.min(width - 1, Math.max(0, at + (x & 1 ? 1 : -1)));
        made[k] = line[at] * 0.75 + line[beside] / 4;
      }
    }
  }
  return { data: made, channels, height: rows, width: columns };
}

/**
 * The class of the largest score of every pixel, the first of equals, cropped to a size.
 * @param {FeatureMap} scores
 * @param {Point} size
 * @returns {Labels}
 */
export function labelsOf({ data, channels, height, width }, [rows, columns]) {
  const labels = new Uint8Array(rows * columns), best = new Float32Array(columns), plane = height * width;
  for (let y = 0; y < rows; y += 1) {
    const row = y * columns;
    best.set(data.subarray(y * width, y * width + columns));
    for (let c = 1; c < channels; c += 1) {
      const from = c * plane + y * width;
      for (let x = 0; x < columns; x += 1) {
        if (data[from + x] > best[x]) { best[x] = data[from + x]; labels[row + x] = c; }
      }
    }
  }
  return { data: labels, height: rows, width: columns };
}
