// @ts-check
// What the reader has chosen, kept in the address, so that a link or a reload shows the same again.

import { columnOf, sorted, sortParts } from "./columns.js";
import { imageOf, runOf, runs, table } from "./data.js";

/** @import { Filter, State } from "./types" */
/** @import { Announcer } from "../../widgets/shared/announcer.js" */

const VIEWS = ["runs", "parameters", "curves", "images", "compare"];
const MODES = ["curtain", "difference", "onlyA", "onlyB", "a", "b", "truth"];
export const LINES = ["8", "20", "all"];
/** Metrics that classes have scores in. */
export const metrics = [...new Set(table.classScores.map(([metric]) => metric))];

const firstScore = table.scores[0] ?? "";
// The two best are compared until others are chosen.
const best = sorted(runs, `-s:${firstScore}`).slice(0, 2).map(({ key }) => key);

/** @returns {State} */
function defaults() {
  const score = firstScore;
  return {
    view: "runs", run: best[0] ?? "", compare: best[1] ?? "",
    sort: score ? `-s:${score}` : "", filter: [], group: false, classes: "",
    score, curve: table.curves.includes(score) ? score : table.curves[0] ?? "", lines: LINES[0],
    image: table.images[0]?.key ?? "", page: 0, mode: "curtain", scope: "image", highlight: -1,
    curtain: 0.5, opacity: 0.7, colors: "safe",
  };
}

/**
 * What a text in the address may be, for each name; undefined: not that.
 * @type {{ [K in keyof State]: (text: string) => State[K] | undefined }}
 */
const READERS = {
  view: (text) => /** @type {State["view"] | undefined} */ (VIEWS.find((one) => one === text)),
  mode: (text) => /** @type {State["mode"] | undefined} */ (MODES.find((one) => one === text)),
  run: (text) => runOf(text)?.key,
  compare: (text) => runOf(text)?.key,
  image: (text) => imageOf(text)?.key,
  sort: (text) => (columnOf(sortParts(text).id) ? text : undefined),
  filter: filtersIn,
  group: (text) => text === "1",
  classes: (text) => metrics.find((one) => one === text),
  score: (text) => table.scores.find((one) => one === text),
  curve: (text) => table.curves.find((one) => one === text),
  lines: (text) => LINES.find((one) => one === text),
  page: (text) => wholeIn(text, 0, runs.length),
  highlight: (text) => wholeIn(text, -1, 255),
  scope: (text) => (text === "all" ? "all" : "image"),
  colors: (text) => (text === "dataset" ? "dataset" : "safe"),
  curtain: shareIn,
  opacity: shareIn,
};

/** @param {string} text */
function shareIn(text) {
  const value = text === "" ? NaN : Number(text);
  return value >= 0 && value <= 1 ? value : undefined;
}

/**
 * @param {string} text
 * @param {number} low
 * @param {number} high
 */
function wholeIn(text, low, high) {
  const value = text === "" ? NaN : Number(text);
  return Number.isInteger(value) && value >= low && value <= high ? value : undefined;
}

/**
 * @param {string} text
 * @returns {Filter[] | undefined}
 */
function filtersIn(text) {
  try {
    const found = JSON.parse(text);
    return found.filter((/** @type {unknown} */ one) => Array.isArray(one) && one.length === 3
      && one.every((part) => typeof part === "string") && columnOf(one[0])
      && ["is", "not", "ge", "le"].includes(one[1]));
  } catch {
    return undefined;
  }
}

/**
 * @param {State[keyof State]} value
 */
function writtenOut(value) {
  if (Array.isArray(value)) return JSON.stringify(value);
  return typeof value === "boolean" ? `${Number(value)}` : `${value}`;
}

/** The chosen values; controls read, set and watch them as an explorer's do with its traits. */
export class Choices {
  /** @param {Announcer} announcer */
  constructor(announcer) {
    this.announcer = announcer;
    this.alive = true;
    /** @type {State} */
    this.values = defaults();
    /** @type {{ names: string[], draw: () => void }[]} */
    this.watchers = [];
    this.read();
    window.addEventListener("hashchange", () => {
      const before = this.values;
      this.read();
      this.tell(Object.keys(before).filter((name) => writtenOut(before[/** @type {keyof State} */ (name)])
        !== writtenOut(this.values[/** @type {keyof State} */ (name)])));
    });
  }

  /**
   * @template {keyof State} K
   * @param {K} name
   */
  get(name) {
    return this.values[name];
  }

  /**
   * @template {keyof State} K
   * @param {K} name
   * @param {State[K]} value
   */
  set(name, value) {
    this.update(/** @type {Partial<State>} */ ({ [name]: value }));
  }

  /** @param {Partial<State>} changes set together, so that nothing is drawn in between */
  update(changes) {
    this.values = { ...this.values, ...changes };
    const parts = new URLSearchParams();
    const usual = defaults();
    for (const [name, value] of Object.entries(this.values)) {
      const text = writtenOut(value);
      // A link to two runs names them, since others may be the best ones later.
      const named = this.values.view === "compare" && (name === "run" || name === "compare");
      if (named || text !== writtenOut(usual[/** @type {keyof State} */ (name)])) parts.set(name, text);
    }
    history.replaceState(null, "", `#${parts}`);
    this.tell(Object.keys(changes));
  }

  /**
   * @param {keyof State | (keyof State)[]} names
   * @param {() => void} draw
   */
  watch(names, draw) {
    this.watchers.push({ names: [names].flat(), draw });
  }

  /** @param {string[]} names */
  tell(names) {
    for (const watcher of this.watchers) if (watcher.names.some((name) => names.includes(name))) watcher.draw();
  }

  read() {
    const values = defaults();
    for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
      if (!Object.hasOwn(READERS, name)) continue;
      const known = /** @type {keyof State} */ (name);
      const value = READERS[known](text);
      if (value !== undefined) Object.assign(values, { [known]: value });
    }
    this.values = values;
  }

  /**
   * @param {string} topic
   * @param {string} text
   */
  say(topic, text) {
    this.announcer.say(topic, text);
  }

  ending() {}  // the page ends everything
}
