// @ts-check
// The data of the page: the table at once, a run's curves and masks when they are shown.

/** @import { Block, Row, SharedImage, Table, Value } from "./types" */

/** @param {string} id */
function embedded(id) {
  return document.getElementById(id)?.textContent ?? "null";
}

/** @type {Table} */
export const table = JSON.parse(embedded("table"));

/** @type {Row[]} */
export const runs = table.runs.map(([key, state, error, places, scores, classScores, seconds, started, worker,
  files, list]) => ({
  key, state, error, places, scores, classScores, seconds, started, worker,
  report: Boolean(files & 1), notebook: Boolean(files & 2), classList: table.classLists[list] ?? null,
  members: [], finished: state === "finished" ? 1 : 0, spreads: [],
}));

const seedPlace = table.parameters.findIndex(({ name }) => name === table.seed);

/** @type {Row[]} */
export const groups = table.groups.map(([places, numbers, finished, spreads]) => {
  const means = spreads.map((spread) => spread && spread[1]);
  return {
    key: runs[numbers[0]].key, state: `${finished} of ${numbers.length} finished`, error: "",
    places: table.parameters.map((_, i) => {
      if (i === seedPlace) return -1;
      return places[seedPlace >= 0 && i > seedPlace ? i - 1 : i];
    }),
    scores: means.slice(0, table.scores.length), classScores: means.slice(table.scores.length),
    seconds: null, started: "", worker: "", report: false, notebook: false, classList: null,
    members: numbers.map((number) => runs[number]), finished, spreads,
  };
});

const runByKey = new Map(runs.map((run) => [run.key, run]));
const imageByKey = new Map(table.images.map((image) => [image.key, image]));

/** @param {string} key */
export function runOf(key) {
  return runByKey.get(key) ?? null;
}

/** @param {string} key */
export function imageOf(key) {
  return imageByKey.get(key) ?? null;
}

/**
 * A value of a parameter as text.
 * @param {Value | undefined} value
 */
export function valueText(value) {
  if (value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * A run in words: what tells it from the others.
 * @param {Row} run
 */
export function labelOf(run) {
  const parts = table.parameters.map(({ name, values }, i) => `${name} ${valueText(values[run.places[i]])}`);
  return parts.join(", ") || run.key.slice(0, 8);
}

const loaded = document.readyState === "loading"
  ? new Promise((done) => { document.addEventListener("DOMContentLoaded", done, { once: true }); })
  : Promise.resolve();

/** @type {Map<string, Record<string, (number | null)[]>>} */
const histories = new Map();

/**
 * The block of a run; it stands behind the script, so the page may still be loading it.
 * @param {string} key
 * @returns {Promise<Block>}
 */
async function blockOf(key) {
  if (!document.getElementById(`run-${key}`)) await loaded;
  return JSON.parse(embedded(`run-${key}`)) ?? { history: {}, masks: {} };
}

/**
 * Learning curves of a run, column by column.
 * @param {string} key
 */
export async function historyOf(key) {
  const known = histories.get(key);
  if (known) return known;
  const { history } = await blockOf(key);
  histories.set(key, history);
  return history;
}

const MOST_MASKS = 64;
/** @type {Map<string, Promise<Uint8Array | null>>} the latest used at the end */
const masks = new Map();

/**
 * Class ids of an image as a run predicts them, row by row; of the truth for an empty key. Null: there are none.
 * @param {string} key
 * @param {SharedImage} image
 */
export function maskOf(key, image) {
  const name = `${key}/${image.key}`;
  const found = masks.get(name) ?? readMask(key, image);
  masks.delete(name);
  masks.set(name, found);
  for (const oldest of masks.keys()) {
    if (masks.size <= MOST_MASKS) break;
    masks.delete(oldest);
  }
  return found;
}

/**
 * @param {string} key
 * @param {SharedImage} image
 */
async function readMask(key, image) {
  if (key ? !image.runs.includes(key) : !image.truth) return null;
  if (key) return unpacked((await blockOf(key)).masks[image.key], image);
  if (!document.getElementById("truth")) await loaded;
  return unpacked(JSON.parse(embedded("truth"))[image.key], image);
}

/**
 * The inverse of `packed` in masks.py.
 * @param {string} text
 * @param {{ height: number, width: number }} size
 */
async function unpacked(text, { height, width }) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const ids = new Uint8Array(await new Response(stream).arrayBuffer());
  if (ids.length !== height * width) throw new Error("a mask in this page has the wrong size.");
  return ids;
}
