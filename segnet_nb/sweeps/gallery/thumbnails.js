// @ts-check
// The predictions of one image by all runs, in the order of the table.

import { choice, segments } from "../../widgets/shared/controls.js";
import { button, element, switchOff } from "../../widgets/shared/dom.js";
import { columnOf, shownRuns, sortParts } from "./columns.js";
import { imageOf, labelOf, maskOf, runs, table } from "./data.js";
import { markPair, pairButton, reportLink } from "./leaderboard.js";
import { drawThumbnail, paletteOf, photo } from "./pictures.js";

/** @import { Row, SharedImage } from "./types" */
/** @import { Choices } from "./state.js" */

const CARDS = 24;

/** The choices of an image, for a control. */
export const imageChoices = table.images.map((image) => /** @type {[string, string]} */ ([image.key, image.name]));

/** Whether any list of classes has colours of its own and safe ones. */
export const hasSafeColors = table.classLists.some(({ safe }) => safe);

/** @param {Choices} choices */
export function colorControl(choices) {
  return hasSafeColors ? segments(choices, "colors", { label: "colors",
    choices: [["safe", "color-blind safe"], ["dataset", "dataset"]] }) : null;
}

/** @param {Choices} choices */
export function thumbnailsView(choices) {
  if (!table.images.length) {
    return element("p", { class: "gl-empty", text: "No run has recorded predictions of images." });
  }
  const cards = element("ul", { class: "gl-cards", "aria-label": "predictions of the image" });
  const where = element("span", { class: "gl-summary" });
  const turn = (/** @type {number} */ by) => choices.set("page", choices.get("page") + by);
  const previous = button("‹ previous", () => turn(-1), { "data-action": "previous" });
  const next = button("next ›", () => turn(1), { "data-action": "next" });
  const draw = () => {
    if (choices.get("view") !== "images") return;
    const image = imageOf(choices.get("image"));
    if (!image) return;
    const having = shownRuns(choices.values).filter((run) => image.runs.includes(run.key));
    const last = Math.max(0, Math.ceil(having.length / CARDS) - 1), page = Math.min(choices.get("page"), last);
    if (page !== choices.get("page")) return void choices.set("page", page);
    const shown = having.slice(page * CARDS, (page + 1) * CARDS);
    switchOff(previous, page === 0);
    switchOff(next, page === last);
    const from = page * CARDS + 1;
    where.textContent = having.length ? `${from} to ${from + shown.length - 1} of ${having.length} runs`
      : "no run that is shown has a prediction of this image";
    choices.say("cards", `Image ${image.name}, ${where.textContent}.`);
    cards.replaceChildren(...references(image, choices), ...shown.map((run) => card(choices, image, run)));
  };
  choices.watch(["view", "image", "page", "sort", "filter", "colors"], draw);
  choices.watch(["run", "compare"], () => markPair(choices, cards));
  draw();
  return element("div", {},
    element("div", { class: "sn-controls" },
      choice(choices, "image", { label: "image", choices: imageChoices }), colorControl(choices),
      element("div", { class: "sn-control" }, previous, next, where)),
    cards);
}

/**
 * The image itself and its true classes.
 * @param {SharedImage} image
 * @param {Choices} choices
 */
function references(image, choices) {
  const made = [element("li", { class: "gl-card" },
    element("div", { class: "gl-frame", role: "img", "aria-label": `Image ${image.name}` }, photo(image)),
    element("div", { class: "gl-card-text" }, element("strong", { text: `image ${image.name}` })))];
  if (!image.truth) return made;
  const list = runs.find((run) => image.runs.includes(run.key))?.classList ?? null;
  made.push(element("li", { class: "gl-card" },
    frame(image, `Ground truth of ${image.name}`, "", paletteOf(list, choices.get("colors"))),
    element("div", { class: "gl-card-text" }, element("strong", { text: "ground truth" }))));
  return made;
}

/**
 * @param {Choices} choices
 * @param {SharedImage} image
 * @param {Row} run
 */
function card(choices, image, run) {
  const { id } = sortParts(choices.get("sort")), column = columnOf(id);
  const score = column ? `${column.title.replace(/, %$/, "")} ${column.text(run)}` : "";
  return element("li", { class: "gl-card", "data-key": run.key },
    frame(image, `Prediction of ${image.name} by ${labelOf(run)}`, run.key,
      paletteOf(run.classList, choices.get("colors"))),
    element("div", { class: "gl-card-text" },
      element("div", {}, reportLink(run), " ", element("strong", { text: score })),
      element("div", { class: "gl-quiet", text: labelOf(run) }),
      element("div", {}, pairButton(choices, run, "run"), " ", pairButton(choices, run, "compare"))));
}

/**
 * A mask over its image, drawn when it comes into sight.
 * @param {SharedImage} image
 * @param {string} label
 * @param {string} key of the run; empty: the truth
 * @param {number[][]} palette
 */
function frame(image, label, key, palette) {
  const canvas = element("canvas", { class: "sn-canvas", height: 1, width: 1 });
  const node = element("div", { class: "gl-frame", role: "img", "aria-label": label }, photo(image), canvas);
  const seen = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    seen.disconnect();
    const mask = await maskOf(key, image);
    if (mask) drawThumbnail(canvas, image, mask, palette);
    node.dataset.drawn = "";
  }, { rootMargin: "200px" });
  seen.observe(node);
  return node;
}
