// @ts-check
// One of the six maps: canvas, markers, caption, legend. It can be clicked and walked on with the arrow keys.

import { paint, paintNow, pixelCanvas } from "../shared/canvas.js";
import { element, swatch, used } from "../shared/dom.js";
import { onceAFrame } from "../shared/scope.js";
import { stepOf, clamp, moved } from "../shared/values.js";
import { cellOf, cellsOf, marker, short, trail } from "./path.js";

/** @import { Drawable, Point, Shown } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { Frame, MapName, Path, Picture, Traits } from "./types" */

export class MapPanel {
  /**
   * @param {Scope<Traits>} scope
   * @param {MapName} name
   * @param {string} title
   * @param {(picture: Picture, zeros: number[]) => string} detail text of the caption
   */
  constructor(scope, name, title, detail) {
    this.scope = scope;
    this.name = name;
    this.title = title;
    this.detail = detail;
    this.canvas = pixelCanvas(name, 1, 1);
    this.marks = element("div", { class: "sn-marks" });
    this.sheet = element("div", { class: "sn-sheet" }, this.canvas, this.marks);
    this.stack = element("div", {
      class: "sn-stack", tabindex: "0", role: "application", "data-map": name,
      "aria-label": title, "aria-roledescription": "map",
      "aria-description": "Arrow keys walk on it, with Shift eight pixels at a time; Home and End go to the sides.",
    }, this.sheet);
    this.note = element("span");
    this.foot = element("div", { class: "sn-foot" });
    this.figure = element("figure", { class: "sn-figure" },
      element("figcaption", {}, element("b", { text: title }), " ", this.note), this.stack, this.foot);
    // The stage whose maps are shown.
    this.stage = scope.get("picture").stage;
    /** @type {Drawable | undefined} */
    this.painted = undefined;
    /** @type {Promise<void> | void} */
    this.painting = undefined;
    /** @type {Point} */
    this.pointed = [0, 0];
    this.follow = onceAFrame(scope, () => this.go(this.pointed));
    listenToStack(this);
  }

  /** Side of this map's pixel in pixels of the image. */
  cell() {
    return cellOf(this.name, this.stage);
  }

  /**
   * The size of this map in its own pixels.
   * @param {Picture} picture
   * @param {Frame} frame
   */
  sizeOf(picture, frame) {
    return this.name === "image" ? frame.size : picture.sizes[this.name];
  }

  /**
   * Choose a pixel of the image, moved inside.
   * @param {Point} place
   */
  go(place) {
    const to = moved(place, [0, 0], this.scope.get("frame").size), from = this.scope.get("pixel");
    if (to[0] !== from[0] || to[1] !== from[1]) this.scope.set("pixel", to);
  }

  /** @param {PointerEvent} event */
  point(event) {
    const { canvas } = this, box = canvas.getBoundingClientRect();
    this.pointed = [
      Math.floor(((event.clientY - box.top) / box.height) * canvas.height * this.cell()),
      Math.floor(((event.clientX - box.left) / box.width) * canvas.width * this.cell()),
    ];
    this.follow();
  }

  /** Move the enlarged sheet so that the pixel is in the middle, as far as the edges allow. */
  recentre() {
    const zoom = this.scope.get("zoom"), { sheet, canvas } = this;
    sheet.style.width = `${100 * zoom}%`;
    for (const [axis, extent] of [canvas.height, canvas.width].entries()) {
      const share = (this.scope.get("pixel")[axis] + 0.5) / (extent * this.cell());
      const shift = clamp(share - 0.5 / zoom, 0, 1 - 1 / zoom);
      sheet.style.setProperty(axis === 0 ? "--sn-shift-y" : "--sn-shift-x", `${-100 * shift}%`);
    }
  }

  /** The same, but not under a pointer that drags: the pixel would run away from it. */
  centre() {
    if (!this.stack.matches(":active")) this.recentre();
  }

  /**
   * @param {Picture} picture
   * @param {Shown} photo
   */
  async draw(picture, photo) {
    const bytes = this.name === "image" ? photo : picture.maps?.[this.name];
    this.stage = picture.stage;
    // The image is the largest of the maps and seldom another one.
    if (bytes !== this.painted) {
      this.painted = bytes;
      this.painting = bytes instanceof ImageBitmap ? paintNow(this.canvas, bytes)
        : paint(this.scope, this.canvas, bytes);
    }
    // What is decoded already is shown at once.
    if (this.painting) await this.painting;
    if (bytes !== this.painted) return;  // a newer one is on its way
    this.painting = undefined;
    this.canvas.dataset.state = `${picture.stage}/${picture.channel}`;
    this.recentre();
  }

  /**
   * @param {Picture} picture
   * @param {number[]} zeros
   * @param {Frame} frame
   */
  describe(picture, zeros, frame) {
    const [height, width] = this.sizeOf(picture, frame);
    this.note.textContent = this.detail(picture, zeros);
    this.stack.style.aspectRatio = `${width} / ${height}`;
    this.foot.replaceChildren(element("span", { text: `${height} × ${width}` }),
      ...legendOf(this.name, picture, frame));
  }

  /**
   * @param {Path} path
   * @param {Picture} picture
   * @param {Frame} frame
   */
  trace(path, picture, frame) {
    const level = Math.log2(this.cell());
    const size = this.sizeOf(picture, frame).map((side) => side * this.cell());
    const { down, up } = cellsOf(path, level);
    this.marks.replaceChildren(
      ...down.slice(1).reverse().map((at) => marker("sn-outer", at, size, 0)),
      trail(up, size),
      marker("sn-ring", up[up.length - 1], size, 15),
      marker("sn-here", down[0], size, 11));
  }
}

/** @param {MapPanel} panel */
function listenToStack(panel) {
  const { stack } = panel;
  stack.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stack.setPointerCapture(event.pointerId);
    stack.focus({ preventScroll: true });
    panel.point(event);
    event.preventDefault();
  });
  stack.addEventListener("pointermove", (event) => {
    if (stack.hasPointerCapture(event.pointerId)) panel.point(event);
  });
  stack.addEventListener("pointerup", () => panel.recentre());
  stack.addEventListener("pointercancel", () => panel.recentre());
  stack.addEventListener("keydown", (event) => {
    const step = stepOf(event.key);
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const far = panel.cell() * (event.shiftKey ? 8 : 1);
    const [y, x] = panel.scope.get("pixel");
    panel.go([y + step[0] * far, x + step[1] * far]);
    used(event);
  });
}

/**
 * @param {MapName} name
 * @param {Picture} picture
 * @param {Frame} frame
 */
function legendOf(name, picture, frame) {
  if (name === "image") return [];
  if (name === "indices") {
    return frame.offsets.map(([color, text], offset) =>
      element("span", { title: text }, swatch(color), `${offset}`));
  }
  const [low, high] = picture.spans[name];
  return [
    element("span", {}, short(low),
      element("span", { class: "sn-scale", style: `background:linear-gradient(to right,${frame.scale.join(",")})` }),
      short(high)),
  ];
}
