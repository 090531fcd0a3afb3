// @ts-check
// The image, the prediction of the epoch shown and the ground truth, in colours over the image.

import { bitmapOf, contextOf, pixelCanvas, resize } from "../shared/canvas.js";
import { element, swatch } from "../shared/dom.js";
import { onceAFrame } from "../shared/scope.js";
import { percent } from "../shared/values.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { ImageName, Prediction, Traits } from "./types" */

/** @type {ImageName[]} */
const NAMES = ["photo", "picture", "truth"];

/** @param {string} name @param {string} title */
function panel(name, title) {
  const canvas = pixelCanvas(name, 3, 4, { role: "img", "aria-label": title });
  const caption = element("figcaption", { text: title });
  const node = element("figure", { class: "sn-figure", "data-panel": name }, caption, canvas);
  return { canvas, caption, node, turn: 0 };
}

export class Images {
  /** @param {Scope<Traits>} scope */
  constructor(scope) {
    this.scope = scope;
    this.panels = { photo: panel("photo", "Image"), picture: panel("picture", "Prediction"),
      truth: panel("truth", "Ground truth") };
    this.legend = element("div", { class: "sn-classes" });
    this.node = element("div", { class: "sn-pictures" }, ...NAMES.map((name) => this.panels[name].node));
    /** @type {Record<ImageName, ImageBitmap | null>} */
    this.bitmaps = { photo: null, picture: null, truth: null };
    this.turn = 0;
    scope.ending(() => { for (const bitmap of Object.values(this.bitmaps)) bitmap?.close(); });
    this.drawAll = onceAFrame(scope, () => { for (const name of NAMES) this.draw(name); });
  }

  /** @param {ImageName} name */
  draw(name) {
    const { canvas } = this.panels[name], { photo } = this.bitmaps, mask = this.bitmaps[name];
    if (!photo) return;
    resize(canvas, photo);
    const context = contextOf(canvas);
    context.globalAlpha = 1;
    context.drawImage(photo, 0, 0);
    if (name === "photo" || !mask) return;
    context.globalAlpha = this.scope.get("opacity");
    context.drawImage(mask, 0, 0);
  }

  /**
   * What is shown as the prediction: after a training the record has it, while it runs the kernel.
   * @returns {Prediction}
   */
  prediction() {
    const { scope } = this, epoch = scope.get("shown") || scope.get("epoch"), record = scope.get("record");
    if (!record.length) return [scope.get("picture_epoch"), scope.get("image_accuracy"), scope.get("picture")];
    return record.filter(([each]) => each <= epoch).at(-1) ?? [0, null, null];
  }

  /**
   * Decode an image and draw it, unless a newer one was faster.
   * @param {ImageName} name
   */
  async load(name) {
    const mine = ++this.turn, shown = this.panels[name];
    const bytes = name === "picture" ? this.prediction()[2] : this.scope.get(name);
    const bitmap = bytes?.byteLength ? await bitmapOf(bytes, name === "photo" ? "image/jpeg" : "image/png") : null;
    if (!this.scope.alive || mine < shown.turn) { bitmap?.close(); return; }
    shown.turn = mine;
    this.bitmaps[name]?.close();
    this.bitmaps[name] = bitmap;
    this.drawAll();
  }

  showCaption() {
    const [epoch, share] = this.prediction();
    const text = !epoch ? "Prediction: after the first epoch"
      : `Prediction, epoch ${epoch}${share === null ? "" : `: ${percent(share)} right`}`;
    const { caption, canvas } = this.panels.picture;
    caption.textContent = text;
    caption.title = text;
    canvas.setAttribute("aria-label", text);
  }

  showLegend() {
    this.legend.replaceChildren(...this.scope.get("legend").map(([name, color]) =>
      element("span", { class: "sn-entry" }, swatch(color), element("span", { text: name }))));
  }

  /** Follow the traits from now on. */
  start() {
    const { scope } = this;
    const showCaption = () => this.showCaption(), showLegend = () => this.showLegend();
    for (const name of NAMES) scope.watch(name, () => { this.load(name); });
    scope.watch(["shown", "record"], () => {
      if (!scope.get("record").length) return;
      this.load("picture");
      showCaption();
    });
    scope.watch("opacity", this.drawAll);
    scope.watch(["picture_epoch", "image_accuracy"], showCaption);
    scope.watch("legend", showLegend);
    for (const name of NAMES) this.load(name);
    showCaption();
    showLegend();
  }
}
