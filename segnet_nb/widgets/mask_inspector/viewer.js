// @ts-check
// The image with its masks: drawn, zoomed, read pixel by pixel and operated by pointer and keys.

import { contextOf, pixelCanvas } from "../shared/canvas.js";
import { element, rgb, swatch, used } from "../shared/dom.js";
import { placeOn, putMarker } from "../shared/pointing.js";
import { onceAFrame } from "../shared/scope.js";
import { stepOf, clamp, moved } from "../shared/values.js";
import { certainties, leastCertain } from "./certainty.js";
import { Images } from "./images.js";
import { certainPixels, compose, curtainAt } from "./picture.js";
import { paletteOf, wholePercent } from "./scores.js";

/** @import { Point } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { Scores } from "./scores.js" */
/** @import { Drag, MaskData, MaskState, Traits } from "./types" */

const LARGEST_ZOOM = 16;
const PICTURE_KEYS = "Arrow keys move the cursor, with Shift by ten pixels; Home and End go to the sides. "
  + "Enter picks a pixel, Escape none, plus and minus zoom, 0 shows all, N and P go to the next and previous image.";

export class Viewer {
  /**
   * @param {Scope<Traits>} scope
   * @param {Scores} scores
   */
  constructor(scope, scores) {
    const [height, width] = scope.get("size");
    this.scope = scope;
    this.scores = scores;
    this.size = { height, width };
    this.canvas = pixelCanvas("picture", height, width, {
      tabindex: "0", role: "application", "aria-label": "Image with masks", "aria-description": PICTURE_KEYS,
    });
    this.context = contextOf(this.canvas);
    this.frame = this.context.createImageData(width, height);
    this.keys = new Uint8Array(height * width);
    this.pinned = element("div", { class: "sn-pinned", hidden: true });
    this.cursor = element("div", { class: "sn-cursor", hidden: true });
    this.curtainLine = element("div", { class: "sn-curtain", hidden: true });
    this.moving = element("div", { class: "sn-moving" }, this.canvas, this.pinned, this.cursor, this.curtainLine);
    this.view = element("div", { class: "sn-view" }, this.moving);
    this.view.style.aspectRatio = `${width} / ${height}`;
    this.readout = element("div", { class: "sn-at" });
    this.certain = element("span", { class: "sn-note sn-certain" });
    /** @type {MaskData | null} */
    this.data = null;
    /** @type {Point | null} */
    this.place = null;
    this.images = new Images(scope, (number, problem) => {
      if (number !== scope.get("image")) return;
      if (problem) this.readout.textContent = problem;
      this.show();
    });
    this.redraw = onceAFrame(scope, () => this.draw());
    /** @type {(data: MaskData) => void} what else shows the pixels */
    this.drawn = () => {};
    listenToPointer(this);
    this.canvas.addEventListener("keydown", (event) => { if (pressed(this, event)) used(event); });
  }

  /** @returns {MaskState} */
  state() {
    const { scope } = this, hidden = new Set(scope.get("hidden"));
    const visible = new Uint8Array(256);
    this.scores.classes.forEach((name, id) => { visible[id] = hidden.has(name) ? 0 : 1; });
    return {
      overlay: scope.get("overlay"), drawing: scope.get("drawing"), opacity: scope.get("opacity"),
      threshold: Math.round(100 * scope.get("threshold")), curtain: scope.get("curtain"),
      visible, palette: paletteOf(scope), cell: this.scores.cell(),
    };
  }

  /** Show the chosen image, or wait for it. */
  show() {
    this.data = this.images.get(this.scope.get("image"));
    this.view.classList.toggle("sn-waiting", !this.data);
    if (!this.data) return;
    this.draw();
    this.showPlace();
  }

  draw() {
    if (!this.data) return;
    const state = this.state(), { canvas, curtainLine } = this;
    compose(this.data, state, this.frame.data, this.keys);
    this.context.putImageData(this.frame, 0, 0);
    canvas.dataset.drawn = `${Number(canvas.dataset.drawn ?? 0) + 1}`;
    curtainLine.hidden = state.overlay !== "compare";
    curtainLine.style.left = `${(100 * curtainAt(state, this.size.width)) / this.size.width}%`;
    this.showCertain(this.data, state.threshold);
    this.drawn(this.data);
  }

  /**
   * @param {MaskData} data
   * @param {number} threshold in percent
   */
  showCertain(data, threshold) {
    if (!data.truth) { this.showCertainOnly(data); return; }
    if (!threshold) { this.certain.textContent = ""; return; }
    const { share, right } = certainPixels(data, threshold, this.scores.classes.length);
    this.certain.textContent = `${wholePercent(share)} of the pixels are that certain; `
      + `${wholePercent(right)} of those are right`;
    this.scope.say("certain", this.certain.textContent);
  }

  /** @param {MaskData} data */
  showCertainOnly(data) {
    const least = leastCertain(this.scope), count = this.scores.classes.length;
    const all = certainties(data, least, count)[count];
    if (!all) return;
    this.certain.textContent = `mean probability of the predicted class ${wholePercent(all.probability)}; `
      + `${wholePercent(all.certain)} of the pixels are at least ${least} % certain`;
    this.scope.say("certain", this.certain.textContent);
  }

  /** @returns {Point | null} */
  pinnedPixel() {
    const pixel = this.scope.get("pixel");
    return pixel.length ? [pixel[0], pixel[1]] : null;
  }

  /** @param {Point | null} place */
  point(place) {
    this.place = place;
    this.showPlace();
  }

  showPlace() {
    const pinned = this.pinnedPixel(), at = this.place ?? pinned;
    putMarker(this.cursor, this.place, this.size);
    putMarker(this.pinned, pinned, this.size);
    if (!this.data) return;
    this.readout.replaceChildren(...(at ? this.answerAt(this.data, at) : [element("span", {
      class: "sn-note", text: "Point at a pixel to see its classes; click to keep it.",
    })]));
    if (at) this.scope.say("pixel", this.readout.textContent);
  }

  /**
   * The truth and the likeliest classes of a pixel, as elements.
   * @param {MaskData} data
   * @param {Point} at
   */
  answerAt(data, [y, x]) {
    const names = this.scores.classes, palette = paletteOf(this.scope);
    const i = y * this.size.width + x, truth = data.truth ? data.truth[i] : -1;
    return [
      element("span", { class: "sn-number sn-note", text: `y ${y}, x ${x}` }),
      ...(data.truth ? [element("span", { class: "sn-truth" }, "truth ", swatch(rgb(palette[truth])),
        ` ${truth === names.length ? "void" : names[truth]}`)] : []),
      ...data.top.map((plane, rank) => {
        const bar = element("span", { class: "sn-share" }), share = data.shares[rank][i];
        bar.style.width = `${share * 0.44}px`;
        return element("span", { class: "sn-likely" }, swatch(rgb(palette[plane[i]])),
          ` ${names[plane[i]]}${plane[i] === truth ? " ✓" : ""} `, bar,
          element("span", { class: "sn-number", text: ` ${share} %` }));
      })];
  }

  // --- zoom and pan: the canvas keeps its pixels and is moved as a whole

  settle() {
    const zoom = this.scope.get("zoom");
    const [y, x] = this.scope.get("center").map((at) => centred(at, zoom));
    this.moving.style.transform = `scale(${zoom}) translate(${(0.5 - x) * 100}%, ${(0.5 - y) * 100}%)`;
    this.moving.style.setProperty("--sn-zoom", `${zoom}`);
    this.scope.say("zoom", `Enlarged ${zoom.toFixed(1)} times.`);
  }

  /**
   * @param {number} zoom
   * @param {number[]} center as shares of height and width
   */
  zoomTo(zoom, center = this.scope.get("center")) {
    const value = clamp(zoom, 1, LARGEST_ZOOM), { model } = this.scope;
    model.set("zoom", value);
    model.set("center", center.map((at) => centred(at, value)));
    model.save_changes();
    this.settle();
  }

  /**
   * @param {number} factor
   * @param {number[]} [center]
   */
  zoomBy(factor, center) {
    this.zoomTo(this.scope.get("zoom") * factor, center);
  }

  /**
   * Zoom so that what is under the pointer stays there.
   * @param {number} factor
   * @param {MouseEvent} event
   */
  zoomAt(factor, event) {
    const under = this.sharesAt(event), zoom = this.scope.get("zoom");
    const value = clamp(zoom * factor, 1, LARGEST_ZOOM), keep = zoom / value;
    this.zoomTo(value, this.scope.get("center").map((at, axis) => under[axis] + (at - under[axis]) * keep));
  }

  /**
   * Where the pointer is, as shares of height and width.
   * @param {MouseEvent} event
   */
  sharesAt(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
  }

  /**
   * Go so many images further in the order worst first.
   * @param {number} by
   */
  turn(by) {
    const image = this.scores.neighbour(by);
    if (image !== undefined) this.scope.set("image", image);
  }
}

/**
 * The centre nearest to this one that shows nothing beyond the edge.
 * @param {number} at
 * @param {number} zoom
 */
function centred(at, zoom) {
  const half = 0.5 / zoom;
  return clamp(at, half, 1 - half);
}

/** @param {Viewer} viewer */
function listenToPointer(viewer) {
  const { canvas, scope } = viewer;
  /** @type {Drag | null} */
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    drag = { at: [event.clientY, event.clientX], center: [...scope.get("center")], moved: false,
      curtain: scope.get("overlay") === "compare"
        && Math.abs(viewer.sharesAt(event)[1] - scope.get("curtain")) < 0.03 };
  });
  canvas.addEventListener("pointermove", (event) => {
    viewer.place = placeOn(canvas, event);
    if (drag) dragged(viewer, drag, event);
    viewer.showPlace();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved) scope.set("pixel", placeOn(canvas, event));
    drag = null;
  });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("pointerleave", () => viewer.point(null));
  canvas.addEventListener("blur", () => viewer.point(null));
  canvas.addEventListener("dblclick", (event) => viewer.zoomAt(2, event));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;  // else the notebook scrolls
    event.preventDefault();
    viewer.zoomAt(Math.exp(-event.deltaY / 300), event);
  }, { passive: false });
}

/**
 * Move the curtain or the zoomed image with the pointer.
 * @param {Viewer} viewer
 * @param {Drag} drag
 * @param {PointerEvent} event
 */
function dragged(viewer, drag, event) {
  const { scope } = viewer, box = viewer.canvas.getBoundingClientRect();
  const dy = event.clientY - drag.at[0], dx = event.clientX - drag.at[1];
  drag.moved ||= Math.hypot(dy, dx) > 3;
  if (drag.curtain) scope.set("curtain", clamp(viewer.sharesAt(event)[1], 0, 1));
  else if (drag.moved && scope.get("zoom") > 1) {
    viewer.zoomTo(scope.get("zoom"), [drag.center[0] - dy / box.height, drag.center[1] - dx / box.width]);
  }
}

/**
 * Do what a key means; false where it means nothing here.
 * @param {Viewer} viewer
 * @param {KeyboardEvent} event
 */
function pressed(viewer, event) {
  const { scope, place, size: { height, width } } = viewer;
  const step = stepOf(event.key);
  if (step) {
    const from = place ?? viewer.pinnedPixel() ?? [height >> 1, width >> 1];
    viewer.point(moved(from, step, [height, width], event.shiftKey ? 10 : 1));
    return true;
  }
  if (event.key === "Enter" && !place) return false;
  const center = place ? [(place[0] + 0.5) / height, (place[1] + 0.5) / width] : undefined;
  /** @type {Record<string, () => void>} */
  const actions = {
    Enter: () => scope.set("pixel", place ?? []),
    Escape: () => { viewer.place = null; scope.set("pixel", []); },
    "+": () => viewer.zoomBy(1.5, center),
    "=": () => viewer.zoomBy(1.5, center),
    "-": () => viewer.zoomTo(scope.get("zoom") / 1.5),
    0: () => viewer.zoomTo(1),
    n: () => viewer.turn(1),
    p: () => viewer.turn(-1),
  };
  const action = actions[event.key] ?? actions[event.key.toLowerCase()];
  action?.();
  return action !== undefined;
}
