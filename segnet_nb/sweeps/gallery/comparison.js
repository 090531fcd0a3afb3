// @ts-check
// Two runs on the same image: a curtain between them, where they differ, and where only one of them is right.

import { choice, segments, slider } from "../../widgets/shared/controls.js";
import { button, element, rgb, swatch, used } from "../../widgets/shared/dom.js";
import { KEYS_HELP, linkedImages } from "../../widgets/shared/linked.js";
import { clamp, percent } from "../../widgets/shared/values.js";
import { comparisonTable, countText } from "./comparison_table.js";
import { countsOf, OUTCOME, outcomes, together, total } from "./counts.js";
import { imageOf, labelOf, maskOf, runOf, runs, table } from "./data.js";
import { reportLink } from "./leaderboard.js";
import { drawColors, paletteOf, photo } from "./pictures.js";
import { colorControl, imageChoices } from "./thumbnails.js";

/** @import { Counts, Mode, Row, SharedImage, State } from "./types" */
/** @import { Point } from "../../widgets/shared/types" */
/** @import { Choices } from "./state.js" */

/** Colours of the outcomes, told apart by readers with any kind of colour vision; undefined: the image is seen. */
const COLORS = [undefined, undefined, [0, 114, 178], [230, 159, 0], [60, 60, 60], [204, 121, 167], [204, 121, 167]];

/** @type {Record<Mode, string>} */
const MODE_TEXTS = { curtain: "curtain", difference: "difference", onlyA: "A right, B not", onlyB: "B right, A not",
  a: "A", b: "B", truth: "truth" };

/** @type {[number, string, keyof Counts | null][]} */
const LEGEND = [[OUTCOME.onlyA, "only A right", "onlyA"], [OUTCOME.onlyB, "only B right", "onlyB"],
  [OUTCOME.wrongDiffer, "both wrong, differently", null]];

/**
 * @typedef {{ image: SharedImage, a: Uint8Array, b: Uint8Array, truth: Uint8Array | null, outcome: Uint8Array,
 *   counts: Counts[], names: string[], runs: [Row, Row] }} Pair
 */

/**
 * What the two runs predict on an image, or a sentence why they cannot be compared.
 * @param {Row | null} first
 * @param {Row | null} second
 * @param {SharedImage | null} image
 * @returns {Promise<Pair | string>}
 */
async function pairOn(first, second, image) {
  if (!first || !second) return "Two runs are needed: choose A and B.";
  if (!image) return "No run has recorded predictions of images.";
  const list = first.classList?.names;
  if (JSON.stringify(list) !== JSON.stringify(second.classList?.names)) {
    return "A and B have different classes, so their pixels cannot be compared.";
  }
  const [a, b, truth] = await Promise.all([maskOf(first.key, image), maskOf(second.key, image), maskOf("", image)]);
  if (!a || !b) return lackingText(image, [a, b]);
  const names = list ?? namesFor([a, b, truth ?? a]);
  return { image, a, b, truth, names, runs: [first, second], outcome: outcomes(truth, a, b, names.length),
    counts: countsOf(truth, a, b, names.length) };
}

/**
 * @param {SharedImage} image
 * @param {(Uint8Array | null)[]} masks of A and of B
 */
function lackingText({ name }, masks) {
  const lacking = masks.flatMap((mask, i) => (mask ? [] : ["AB"[i]])).join(" and ");
  return `There is no prediction of image ${name} by ${lacking}: choose another image or run.`;
}

/**
 * Names for classes that no run has named.
 * @param {Uint8Array[]} masks
 */
function namesFor(masks) {
  let most = 0;
  for (const mask of masks) for (const id of mask) if (id < 255 && id > most) most = id;
  return Array.from({ length: most + 1 }, (_, id) => `class ${id}`);
}

/**
 * The colour of each pixel in a mode.
 * @param {Pair} pair
 * @param {State} state
 */
function colorsOf({ a, b, truth, outcome, runs: [first], image }, { mode, curtain, colors, highlight }) {
  const palette = paletteOf(first.classList, colors), edge = curtain * image.width;
  /** @type {Record<Mode, (pixel: number, column: number) => number[] | undefined>} */
  const ways = {
    curtain: (pixel, column) => palette[column < edge ? a[pixel] : b[pixel]],
    a: (pixel) => palette[a[pixel]],
    b: (pixel) => palette[b[pixel]],
    truth: (pixel) => (truth ? palette[truth[pixel]] : undefined),
    difference: (pixel) => (outcome[pixel] === OUTCOME.neither ? undefined : COLORS[outcome[pixel]]),
    onlyA: (pixel) => (outcome[pixel] === OUTCOME.onlyA ? COLORS[OUTCOME.onlyA] : undefined),
    onlyB: (pixel) => (outcome[pixel] === OUTCOME.onlyB ? COLORS[OUTCOME.onlyB] : undefined),
  };
  const way = ways[mode], of = truth ?? a;
  if (highlight < 0) return way;
  return (/** @type {number} */ pixel, /** @type {number} */ column) => (of[pixel] === highlight ? way(pixel, column)
    : undefined);
}

/**
 * The choosers of A and B, and a button that swaps them.
 * @param {Choices} choices
 */
function runControls(choices) {
  const all = runs.map((run) => /** @type {[string, string]} */ ([run.key,
    `${labelOf(run)} (${run.key.slice(0, 4)})`]));
  const reports = element("span", { class: "sn-control" });
  const show = () => {
    const links = [runOf(choices.get("run")), runOf(choices.get("compare"))]
      .flatMap((run, i) => (run?.report ? [reportLink(run, `report of ${"AB"[i]}`)] : []));
    reports.replaceChildren(...links.flatMap((link) => [link, " "]));
  };
  choices.watch(["run", "compare"], show);
  show();
  return element("div", { class: "sn-controls gl-chosen" },
    choice(choices, "run", { label: "A", choices: all }), choice(choices, "compare", { label: "B", choices: all }),
    button("swap A and B", () => choices.update({ run: choices.get("compare"), compare: choices.get("run") }),
      { "data-action": "swap" }), reports);
}

/** @param {Choices} choices */
function pictureControls(choices) {
  const curtain = slider(choices, "curtain", { label: "curtain", min: 0, max: 100, scale: 100,
    format: (share) => percent(share, 0), help: "A to the left, B to the right" });
  const colors = colorControl(choices);
  const modes = segments(choices, "mode", { label: "show",
    choices: /** @type {[Mode, string][]} */ (Object.entries(MODE_TEXTS)) });
  const show = () => {
    const mode = choices.get("mode");
    curtain.hidden = mode !== "curtain";
    if (colors) colors.hidden = !["curtain", "a", "b", "truth"].includes(mode);
  };
  choices.watch("mode", show);
  show();
  return element("div", { class: "sn-controls" },
    choice(choices, "image", { label: "image", choices: imageChoices }), modes, curtain,
    slider(choices, "opacity", { label: "opacity", min: 0, max: 100, scale: 100,
      format: (share) => percent(share, 0) }), colors);
}

/**
 * What the colours mean, with the counts of the image.
 * @param {Pair} pair
 * @param {Mode} mode
 */
function legendNodes(pair, mode) {
  const sum = total(pair.counts);
  if (["curtain", "a", "b", "truth"].includes(mode)) return [];
  if (!pair.truth) {
    return [entry(OUTCOME.differ, `A and B differ: ${countText(sum.differ, sum.pixels)}`)];
  }
  return LEGEND.filter(([, , kind]) => mode === "difference" || kind === mode).map(([outcome, text, kind]) => entry(
    outcome, `${text}: ${countText(kind ? sum[kind] : sum.differ - sum.onlyA - sum.onlyB, sum.pixels)}`));
}

/**
 * @param {number} outcome
 * @param {string} text
 */
function entry(outcome, text) {
  return element("span", { class: "gl-entry" }, swatch(rgb(COLORS[outcome] ?? [0, 0, 0])), ` ${text}`);
}

/** The picture of a pair of runs and the counts below it. */
class Comparison {
  /** @param {Choices} choices */
  constructor(choices) {
    this.choices = choices;
    this.turn = 0;
    /** @type {Pair | null} */
    this.pair = null;
    this.told = element("p", { class: "gl-told", role: "status" });
    this.legend = element("div", { class: "gl-key" });
    this.readout = element("div", { class: "gl-readout", text: "" });
    this.counts = element("div", { class: "gl-scroll", tabindex: 0, role: "region",
      "aria-label": "Counts by class" });
    this.linked = linkedImages(/** @type {any} */ (choices), this.readout, (at) => this.placeText(at));
    const figure = this.linked.figure("comparison", "A and B on the image", [1, 1]);
    this.canvas = figure.canvas;
    this.caption = figure.caption;
    this.frame = /** @type {HTMLElement} */ (this.canvas.parentElement);
    this.frame.classList.add("gl-frame");
    this.photo = element("span");
    this.frame.prepend(this.photo);
    this.edge = element("span", { class: "gl-edge", "aria-hidden": "true", hidden: true });
    this.frame.append(this.edge);
    this.picture = element("div", { role: "application", tabindex: 0, class: "gl-picture",
      "aria-label": `Picture of A and B. ${KEYS_HELP} Plus and minus move the curtain.`,
      keydown: (event) => this.keydown(event) }, figure.node);
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.drag(event);
    });
    this.canvas.addEventListener("pointermove", (event) => { if (event.buttons & 1) this.drag(event); });
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (this.choices.get("mode") !== "curtain") return;
    const box = this.canvas.getBoundingClientRect();
    const share = clamp((event.clientX - box.left) / box.width, 0, 1);
    this.choices.set("curtain", Number(share.toFixed(2)));
  }

  /** @param {KeyboardEvent} event */
  keydown(event) {
    const step = { "+": 0.05, "=": 0.05, "-": -0.05 }[event.key];
    if (!step) return this.linked.keydown(event);
    used(event);
    this.choices.set("curtain", Number(clamp(this.choices.get("curtain") + step, 0, 1).toFixed(2)));
    this.choices.say("curtain", `Curtain at ${percent(this.choices.get("curtain"), 0)}.`);
  }

  /** Read both masks, unless a newer choice comes first; then draw. */
  async load() {
    const { choices } = this;
    if (choices.get("view") !== "compare") return;
    const mine = ++this.turn;
    const found = await pairOn(runOf(choices.get("run")), runOf(choices.get("compare")),
      imageOf(choices.get("image")));
    if (mine !== this.turn) return;
    this.pair = typeof found === "string" ? null : found;
    this.told.textContent = typeof found === "string" ? found : "";
    for (const node of [this.picture, this.legend, this.readout, this.counts]) node.hidden = !this.pair;
    if (!this.pair) return;
    const { image } = this.pair, other = photo(image);
    if (this.frame.dataset.image !== image.key) {
      this.photo.replaceWith(other);
      this.photo = other;
      this.canvas.width = image.width;
      this.canvas.height = image.height;
      this.frame.dataset.image = image.key;
    }
    this.draw();
    await this.count();
    this.linked.again();
  }

  draw() {
    const { pair, choices } = this;
    if (!pair) return;
    const { mode, curtain, opacity } = choices.values;
    drawColors(this.canvas, pair.image, colorsOf(pair, choices.values), opacity);
    this.edge.hidden = mode !== "curtain";
    // Colours of outcomes are told apart on grey alone.
    this.frame.classList.toggle("gl-plain", ["difference", "onlyA", "onlyB"].includes(mode));
    this.edge.style.left = `${100 * curtain}%`;
    this.caption.textContent = mode === "curtain" ? "A to the left, B to the right" : MODE_TEXTS[mode];
    this.canvas.setAttribute("aria-label", `Image ${pair.image.name}: ${this.caption.textContent}`);
    this.legend.replaceChildren(...legendNodes(pair, mode));
    choices.say("mode", [`${this.caption.textContent}.`, this.legend.textContent].join(" "));
  }

  /** The table of this image, or of all that both runs have. */
  async count() {
    const { pair, choices } = this, mine = this.turn;
    if (!pair) return;
    const truth = pair.truth !== null;
    let { counts } = pair;
    if (choices.get("scope") === "all") {
      const others = await Promise.all(table.images.map((image) => pairOn(pair.runs[0], pair.runs[1], image)));
      if (mine !== this.turn) return;
      const found = others.filter((one) => typeof one !== "string").filter((one) => (one.truth !== null) === truth);
      counts = together(found.map((one) => one.counts), pair.names.length);
    }
    const focused = this.counts.querySelector(":focus")?.getAttribute("data-highlight");
    this.counts.replaceChildren(comparisonTable(choices, { names: pair.names, counts, truth,
      palette: paletteOf(pair.runs[0].classList, choices.get("colors")) }));
    const again = focused ? this.counts.querySelector(`[data-highlight="${focused}"]`) : null;
    if (again instanceof HTMLElement) again.focus();
    const sum = total(counts);
    choices.say("counts", truth ? `Only A right: ${countText(sum.onlyA, sum.pixels)}; only B right: `
      + `${countText(sum.onlyB, sum.pixels)}.` : `A and B differ: ${countText(sum.differ, sum.pixels)}.`);
  }

  /** @param {Point | null} at */
  placeText(at) {
    const { pair } = this;
    if (!pair || !at) return "Point at the picture, or move the cross with the arrow keys.";
    const pixel = at[0] * pair.image.width + at[1];
    const name = (/** @type {Uint8Array} */ ids) => pair.names[ids[pixel]] ?? "void";
    const truth = pair.truth ? `, truth ${name(pair.truth)}` : "";
    return `Row ${at[0]}, column ${at[1]}: A ${name(pair.a)}, B ${name(pair.b)}${truth}`;
  }
}

/** @param {Choices} choices */
export function comparisonView(choices) {
  if (!table.images.length) {
    return element("p", { class: "gl-empty", text: "No run has recorded predictions of images." });
  }
  const comparison = new Comparison(choices);
  choices.watch(["view", "run", "compare", "image"], () => comparison.load());
  choices.watch(["mode", "curtain", "opacity", "colors", "highlight"], () => comparison.draw());
  choices.watch(["scope", "colors", "highlight"], () => comparison.count());
  comparison.load();
  return element("div", {}, runControls(choices), pictureControls(choices), comparison.told,
    element("div", { class: "gl-columns" },
      element("div", { class: "gl-left" }, comparison.picture, comparison.legend, comparison.readout),
      element("div", { class: "gl-right" },
        element("div", { class: "sn-controls" }, segments(choices, "scope", { label: "counts of",
          choices: [["image", "this image"], ["all", "all images"]] })), comparison.counts)));
}
