// The mask inspector. The picture is made here; _mask_picture.py does the same in Python.

const NOTHING = 255;
const HIGHLIGHT = [240, 228, 66];
const KEPT_PICTURES = 8;

/** The picture of one state, as RGBA bytes in `out`; whole-number arithmetic as in _mask_picture.py. */
function compose(data, state, out, keys) {
  const { height, width, photo, truth, guess, percent } = data;
  const { overlay, threshold, visible, palette, cell } = state;
  const voidId = palette.length - 1;
  const curtain = overlay === "compare" ? Math.round(state.curtain * width) : 0;
  const count = height * width;
  const outline = state.drawing === "outline";
  const alpha = outline ? 256 : Math.round(256 * state.opacity), beta = 256 - alpha;
  const grey = overlay === "errors";
  const red = new Int32Array(256), green = new Int32Array(256), blue = new Int32Array(256);
  palette.forEach(([r, g, b], id) => {
    red[id] = r * alpha + 128; green[id] = g * alpha + 128; blue[id] = b * alpha + 128;
  });
  // 1: which class colours each pixel.
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      let key = NOTHING;
      if (overlay === "truth" || (overlay === "compare" && x < curtain)) {
        if (visible[truth[i]]) key = truth[i];
      } else if (overlay === "prediction" || overlay === "compare") {
        if (percent[i] >= threshold && visible[guess[i]]) key = guess[i];
      } else if (grey) {
        if (truth[i] !== voidId && truth[i] !== guess[i] && percent[i] >= threshold && visible[guess[i]]) {
          key = guess[i];
        }
      }
      keys[i] = key;
    }
  }
  // 2: its colour.
  const hatched = threshold > 0 && (overlay === "prediction" || overlay === "compare" || grey);
  const [lightR, lightG, lightB] = HIGHLIGHT.map((part) => part * 224 + 128);
  for (let y = 0, i = 0, j = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++, j += 4) {
      let r = photo[j], g = photo[j + 1], b = photo[j + 2];
      if (grey) r = g = b = (r * 77 + g * 151 + b * 28) >> 8;
      if (hatched && ((x + y) & 3) === 0 && percent[i] < threshold && x >= curtain) {
        r >>= 1; g >>= 1; b >>= 1;
      }
      const key = keys[i];
      if (key !== NOTHING && (!outline
        || (x > 0 && keys[i - 1] !== key) || (x < width - 1 && keys[i + 1] !== key)
        || (y > 0 && keys[i - width] !== key) || (y < height - 1 && keys[i + width] !== key))) {
        r = (r * beta + red[key]) >> 8;
        g = (g * beta + green[key]) >> 8;
        b = (b * beta + blue[key]) >> 8;
      }
      if (cell) {
        if (truth[i] === cell[0] && guess[i] === cell[1]) {
          r = (r * 32 + lightR) >> 8; g = (g * 32 + lightG) >> 8; b = (b * 32 + lightB) >> 8;
        } else {
          r = (r * 90 + 128) >> 8; g = (g * 90 + 128) >> 8; b = (b * 90 + 128) >> 8;
        }
      }
      out[j] = r; out[j + 1] = g; out[j + 2] = b; out[j + 3] = 255;
    }
  }
  return count;
}

/** The first channel of a picture, cut into planes of `count` pixels. */
function planesOf(image, count) {
  const planes = [];
  for (let start = 0; start < image.width * image.height; start += count) {
    const plane = new Uint8Array(count);
    for (let i = 0; i < count; i++) plane[i] = image.data[(start + i) * 4];
    planes.push(plane);
  }
  return planes;
}

/** The pictures of the model: those that travelled with it, and those asked of the kernel. */
class Pictures {
  constructor(scope, arrived) {
    this.scope = scope;
    this.arrived = arrived;
    this.ready = new Map();
    this.pending = new Set();
    const receive = (message, buffers) => {
      if (message.kind !== "picture" || !this.pending.has(message.image)) return;
      const parts = Object.fromEntries(message.parts.map((name, i) => [name, buffers[i]]));
      this.decode(message.image, parts);
    };
    scope.model.on("msg:custom", receive);
    scope.ending(() => { scope.model.off("msg:custom", receive); this.ready.clear(); });
  }

  /** The decoded picture, or null while it is on its way. */
  get(number) {
    const known = this.ready.get(number);
    if (known) {
      this.ready.delete(number);
      this.ready.set(number, known);
      return known;
    }
    const exists = number >= 0 && number < this.scope.get("names").length;
    if (exists && !this.pending.has(number)) {
      this.pending.add(number);
      const embedded = this.scope.get("pictures")[`${number}`];
      if (embedded) this.decode(number, embedded);
      else if (this.scope.model.offline) this.arrived(number, "This picture is not part of the report.");
      else this.scope.model.send({ kind: "picture", image: number });
    }
    return null;
  }

  async decode(number, parts) {
    try {
      const [height, width] = this.scope.get("size");
      const [photo, truth, classes, percent] = await Promise.all([
        pixelsOf(parts.photo, "image/jpeg"), pixelsOf(parts.truth),
        pixelsOf(parts.classes), pixelsOf(parts.percent),
      ]);
      const top = planesOf(classes, height * width), shares = planesOf(percent, height * width);
      this.ready.set(number, {
        height, width, photo: photo.data, truth: planesOf(truth, height * width)[0],
        top, shares, guess: top[0], percent: shares[0],
      });
      while (this.ready.size > KEPT_PICTURES) this.ready.delete(this.ready.keys().next().value);
      this.pending.delete(number);
      if (this.scope.alive) this.arrived(number, "");
    } catch (failure) {
      this.pending.delete(number);
      if (this.scope.alive) this.arrived(number, `Image ${number} could not be read: ${failure.message}`);
    }
  }
}

export default explorer("mask-inspector", "Mask inspector", (scope, body) => {
  const names = scope.get("class_names"), imageNames = scope.get("names");
  const [height, width] = scope.get("size");
  const K = names.length, palettes = scope.get("palettes");
  const bytes = scope.get("matrices");
  const counts = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const countOf = (image, truth, guess) => counts[(image * K + truth) * K + guess];
  const palette = () => palettes[scope.get("colors")];
  const percentText = (share) => `${Math.round(100 * share)} %`;

  // --- scores of images, and their order -------------------------------------------------------------
  const scoreOf = (image) => {
    let sum = 0, present = 0;
    for (let c = 0; c < K; c++) {
      const iou = iouOf(image, c);
      if (iou !== null) { sum += iou; present += 1; }
    }
    return present ? sum / present : 0;
  };
  /** Intersection over union of a class, or null where the image has none of it. */
  function iouOf(image, c) {
    let row = 0, column = 0;
    for (let k = 0; k < K; k++) { row += countOf(image, c, k); column += countOf(image, k, c); }
    const both = countOf(image, c, c);
    return row ? both / (row + column - both) : null;
  }
  const scores = imageNames.map((_, image) => scoreOf(image));
  const cellIds = () => scope.get("cell").map((name) => names.indexOf(name));
  const order = () => {
    const [truth, guess] = cellIds();
    const badness = scores.map((score, i) => (truth === undefined ? score : -countOf(i, truth, guess)));
    return badness.map((_, i) => i).sort((a, b) => badness[a] - badness[b] || a - b);
  };

  // --- the picture -----------------------------------------------------------------------------------
  const canvas = pixelCanvas("picture", height, width, {
    tabindex: "0", role: "application",
    "aria-label": "Image with masks. Arrow keys move the cursor, Enter picks a pixel, plus and minus zoom, "
      + "0 shows all, N and P go to the next and previous image in the order worst first.",
  });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const frame = context.createImageData(width, height);
  const keys = new Uint8Array(height * width);
  const pinned = element("div", { class: "sn-pinned", hidden: true });
  const cursor = element("div", { class: "sn-cursor", hidden: true });
  const curtainLine = element("div", { class: "sn-curtain", hidden: true });
  const moving = element("div", { class: "sn-moving" }, canvas, pinned, cursor, curtainLine);
  const view = element("div", { class: "sn-view" }, moving);
  view.style.aspectRatio = `${width} / ${height}`;
  const readout = element("div", { class: "sn-at", "aria-live": "polite" });
  const note = element("div", { class: "sn-note sn-where" });
  const certain = element("span", { class: "sn-note sn-certain" });

  let data = null, place = null;
  const problem = (text) => { if (text) { readout.textContent = text; } };
  const pictures = new Pictures(scope, (number, text) => {
    if (number === scope.get("image")) { problem(text); show(); }
  });
  const state = () => {
    const hidden = new Set(scope.get("hidden"));
    const visible = new Uint8Array(256);
    names.forEach((name, id) => { visible[id] = hidden.has(name) ? 0 : 1; });
    const ids = cellIds();
    return {
      overlay: scope.get("overlay"), drawing: scope.get("drawing"), opacity: scope.get("opacity"),
      threshold: Math.round(100 * scope.get("threshold")), curtain: scope.get("curtain"),
      visible, palette: palette(), cell: ids.length ? ids : null,
    };
  };
  const draw = () => {
    if (!data) return;
    const present = state();
    compose(data, present, frame.data, keys);
    context.putImageData(frame, 0, 0);
    canvas.dataset.drawn = `${Number(canvas.dataset.drawn ?? 0) + 1}`;
    curtainLine.hidden = present.overlay !== "compare";
    curtainLine.style.left = `${(100 * Math.round(present.curtain * width)) / width}%`;
    showCertain(present.threshold);
  };
  const redraw = onceAFrame(scope, draw);
  const show = () => {
    data = pictures.get(scope.get("image"));
    view.classList.toggle("sn-waiting", !data);
    if (data) { draw(); showPlace(); }
  };

  function showCertain(threshold) {
    if (!threshold) { certain.textContent = ""; return; }
    let known = 0, sure = 0, right = 0;
    for (let i = 0; i < data.truth.length; i++) {
      if (data.truth[i] === K) continue;
      known += 1;
      if (data.percent[i] >= threshold) { sure += 1; if (data.truth[i] === data.guess[i]) right += 1; }
    }
    certain.textContent = `${percentText(sure / Math.max(known, 1))} of the pixels are that certain; `
      + `${percentText(right / Math.max(sure, 1))} of those are right`;
  }

  // --- zoom and pan: the canvas keeps its pixels and is moved as a whole -----------------------------
  const settle = () => {
    const zoom = scope.get("zoom"), half = 0.5 / zoom;
    const [y, x] = scope.get("center").map((at) => Math.min(1 - half, Math.max(half, at)));
    moving.style.transform = `scale(${zoom}) translate(${(0.5 - x) * 100}%, ${(0.5 - y) * 100}%)`;
    moving.style.setProperty("--sn-zoom", zoom);
  };
  const zoomTo = (zoom, center) => {
    const value = Math.min(16, Math.max(1, zoom)), half = 0.5 / value;
    scope.model.set("zoom", value);
    scope.model.set("center", (center ?? scope.get("center")).map(
      (at) => Math.min(1 - half, Math.max(half, at))));
    scope.model.save_changes();
    settle();
  };
  const zoomAt = (factor, event) => {
    const [y, x] = sharesAt(event), zoom = scope.get("zoom");
    const value = Math.min(16, Math.max(1, zoom * factor)), keep = zoom / value;
    const [cy, cx] = scope.get("center");
    zoomTo(value, [y + (cy - y) * keep, x + (cx - x) * keep]);
  };
  const sharesAt = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
  };

  // --- what is under the pointer ---------------------------------------------------------------------
  const marked = (marker, at) => {
    marker.hidden = !at;
    if (!at) return;
    marker.style.top = `${(100 * (at[0] + 0.5)) / height}%`;
    marker.style.left = `${(100 * (at[1] + 0.5)) / width}%`;
  };
  const swatch = (id) => {
    const mark = element("span", { class: "sn-swatch" });
    mark.style.background = `rgb(${palette()[id].join(" ")})`;
    return mark;
  };
  const showPlace = () => {
    const at = place ?? (scope.get("pixel").length ? scope.get("pixel") : null);
    marked(cursor, place);
    marked(pinned, scope.get("pixel").length ? scope.get("pixel") : null);
    if (!data) return;
    if (!at) {
      readout.replaceChildren(element("span", {
        class: "sn-note", text: "Point at a pixel to see its classes; click to keep it.",
      }));
      return;
    }
    const i = at[0] * width + at[1], truth = data.truth[i];
    readout.replaceChildren(
      element("span", { class: "sn-number sn-note", text: `y ${at[0]}, x ${at[1]}` }),
      element("span", { class: "sn-truth" }, "truth ", swatch(truth), ` ${truth === K ? "void" : names[truth]}`),
      ...data.top.map((plane, rank) => {
        const bar = element("span", { class: "sn-share" });
        bar.style.width = `${data.shares[rank][i] * 0.44}px`;
        const right = plane[i] === truth;
        return element("span", { class: "sn-guess" }, swatch(plane[i]), ` ${names[plane[i]]}${right ? " ✓" : ""} `, bar,
          element("span", { class: "sn-number", text: ` ${data.shares[rank][i]} %` }));
      }));
  };

  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    drag = { at: [event.clientY, event.clientX], center: [...scope.get("center")], moved: false,
      curtain: scope.get("overlay") === "compare" && Math.abs(sharesAt(event)[1] - scope.get("curtain")) < 0.03 };
  });
  canvas.addEventListener("pointermove", (event) => {
    place = placeOn(canvas, event);
    if (drag) {
      const box = canvas.getBoundingClientRect();
      const dy = event.clientY - drag.at[0], dx = event.clientX - drag.at[1];
      drag.moved ||= Math.hypot(dy, dx) > 3;
      if (drag.curtain) scope.set("curtain", Math.min(1, Math.max(0, sharesAt(event)[1])));
      else if (drag.moved && scope.get("zoom") > 1) {
        zoomTo(scope.get("zoom"), [drag.center[0] - dy / box.height, drag.center[1] - dx / box.width]);
      }
    }
    showPlace();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved) scope.set("pixel", placeOn(canvas, event));
    drag = null;
  });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("pointerleave", () => { place = null; showPlace(); });
  canvas.addEventListener("blur", () => { place = null; showPlace(); });
  canvas.addEventListener("dblclick", (event) => zoomAt(2, event));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;  // else the notebook scrolls
    event.preventDefault();
    zoomAt(Math.exp(-event.deltaY / 300), event);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1;
    const arrows = { ArrowUp: [-step, 0], ArrowDown: [step, 0], ArrowLeft: [0, -step], ArrowRight: [0, step] };
    const move = arrows[event.key];
    if (move) {
      const [y, x] = place ?? (scope.get("pixel").length ? scope.get("pixel") : [height >> 1, width >> 1]);
      place = [Math.min(height - 1, Math.max(0, y + move[0])), Math.min(width - 1, Math.max(0, x + move[1]))];
      showPlace();
    } else if (event.key === "Enter" && place) scope.set("pixel", place);
    else if (event.key === "Escape") { place = null; scope.set("pixel", []); }
    else if (event.key === "+" || event.key === "=") zoomTo(scope.get("zoom") * 1.5, keyCenter());
    else if (event.key === "-") zoomTo(scope.get("zoom") / 1.5);
    else if (event.key === "0") zoomTo(1);
    else if (event.key === "n" || event.key === "N") step1(1);
    else if (event.key === "p" || event.key === "P") step1(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();  // JupyterLab has shortcuts of its own
  });
  const keyCenter = () => (place ? [(place[0] + 0.5) / height, (place[1] + 0.5) / width] : undefined);

  // --- images ----------------------------------------------------------------------------------------
  const step1 = (by) => {
    const ranks = order(), at = ranks.indexOf(scope.get("image")) + by;
    if (at >= 0 && at < ranks.length) scope.set("image", ranks[at]);
  };
  const previous = button("‹ worse", () => step1(-1), { "data-action": "previous" });
  const next = button("better ›", () => step1(1), { "data-action": "next" });
  const chooser = choice(scope, "image", {
    label: "image", choices: imageNames.map((name, i) => [i, `${i}  ${name}  (${scores[i].toFixed(2)})`]),
    help: "In brackets: mean intersection over union of the classes in the image",
  });
  const showWhere = () => {
    const ranks = order(), image = scope.get("image"), at = ranks.indexOf(image);
    previous.disabled = at === 0;
    next.disabled = at === ranks.length - 1;
    const [truth, guess] = cellIds();
    const cell = truth !== undefined;
    previous.textContent = cell ? "‹ more" : "‹ worse";
    next.textContent = cell ? "fewer ›" : "better ›";
    note.textContent = cell
      ? `${countOf(image, truth, guess)} pixels of ${names[truth]} called ${names[guess]}; `
        + `number ${at + 1} of ${ranks.length}, most first`
      : `mean IoU ${scores[image].toFixed(2)}; number ${at + 1} of ${ranks.length}, worst first`;
  };

  // --- classes ---------------------------------------------------------------------------------------
  const classBoxes = names.map((name, id) => {
    const box = element("input", {
      type: "checkbox", "data-class": name,
      change: () => {
        const hidden = scope.get("hidden").filter((other) => other !== name);
        scope.set("hidden", box.checked ? hidden : [...hidden, name]);
      },
    });
    const mark = element("span", { class: "sn-swatch" });
    const iou = element("span", { class: "sn-number sn-note" });
    return { name, id, box, mark, iou, row: element("label", { class: "sn-class" }, box, mark,
      element("span", { class: "sn-class-name", text: name }), iou) };
  });
  const only = (all) => scope.set("hidden", all ? [] : [...names]);
  const showClasses = () => {
    const hidden = new Set(scope.get("hidden")), image = scope.get("image");
    for (const { name, id, box, mark, iou } of classBoxes) {
      box.checked = !hidden.has(name);
      mark.style.background = `rgb(${palette()[id].join(" ")})`;
      const score = iouOf(image, id);
      iou.textContent = score === null ? "–" : `${Math.round(100 * score)}`;
      iou.title = score === null ? "not in this image" : `intersection over union ${Math.round(100 * score)} %`;
    }
  };

  // --- the confusion matrix --------------------------------------------------------------------------
  const cells = [];
  const table = element("table", { class: "sn-matrix", role: "grid", "aria-label": "Confusion matrix; rows: truth" });
  const head = element("tr", {}, element("td", { class: "sn-corner", text: "true \\ predicted" }));
  names.forEach((name) => head.append(element("th", { scope: "col", title: name },
    element("span", { text: name }))));
  table.append(element("thead", {}, head));
  const rows = element("tbody", {});
  names.forEach((truth, t) => {
    const row = element("tr", {}, element("th", { scope: "row", text: truth }));
    names.forEach((guess, g) => {
      const one = element("td", {
        role: "gridcell", tabindex: t + g ? "-1" : "0", "data-cell": `${truth}|${guess}`,
        click: () => choose(t, g),
        keydown: (event) => walk(event, t, g),
      });
      cells.push(one);
      row.append(one);
    });
    rows.append(row);
  });
  table.append(rows);
  const choose = (t, g) => {
    const [truth, guess] = cellIds();
    scope.set("cell", truth === t && guess === g ? [] : [names[t], names[g]]);
  };
  const walk = (event, t, g) => {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.key === "Enter" || event.key === " ") choose(t, g);
    else if (event.key === "Escape") scope.set("cell", []);
    else if (moves[event.key]) {
      const [y, x] = [(t + moves[event.key][0] + K) % K, (g + moves[event.key][1] + K) % K];
      cells[t * K + g].tabIndex = -1;
      cells[y * K + x].tabIndex = 0;
      cells[y * K + x].focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const showMatrix = () => {
    const image = scope.get("image"), all = scope.get("scope") === "all";
    const [truth, guess] = cellIds();
    for (let t = 0; t < K; t++) {
      const line = names.map((_, g) => {
        if (!all) return countOf(image, t, g);
        let sum = 0;
        for (let i = 0; i < imageNames.length; i++) sum += countOf(i, t, g);
        return sum;
      });
      const total = line.reduce((a, b) => a + b, 0);
      line.forEach((count, g) => {
        const share = total ? count / total : 0, one = cells[t * K + g];
        const strength = Math.round(100 * Math.sqrt(share));
        one.style.setProperty("--sn-strength", `${strength}%`);
        one.classList.toggle("sn-strong", strength > 62);
        one.textContent = share >= 0.005 ? `${Math.round(100 * share)}` : "";
        const text = `${names[t]} called ${names[g]}: ${count} pixels, ${(100 * share).toFixed(1)} % of ${names[t]}`;
        one.title = text;
        one.setAttribute("aria-label", text);
        one.setAttribute("aria-selected", t === truth && g === guess);
      });
    }
  };

  // --- all together ----------------------------------------------------------------------------------
  const whole = (value) => `${Math.round(100 * value)} %`;
  const controls = element("div", { class: "sn-controls" },
    segments(scope, "overlay", { label: "show", choices: [
      ["prediction", "prediction"], ["truth", "truth"], ["compare", "compare"],
      ["errors", "errors"], ["none", "photo"]] }),
    segments(scope, "drawing", { label: "drawn as", choices: [["fill", "areas"], ["outline", "outlines"]] }),
    slider(scope, "opacity", { label: "opacity", min: 0, max: 100, scale: 100, format: whole }),
    slider(scope, "threshold", { label: "certainty at least", min: 0, max: 100, scale: 100, format: whole,
      help: "Predictions less probable than this are hatched" }),
    slider(scope, "curtain", { label: "curtain", min: 0, max: 100, scale: 100, format: whole, class: "sn-curtain-control",
      help: "Truth to the left, prediction to the right" }),
    palettes.safe ? segments(scope, "colors", { label: "colours", choices: [
      ["published", "dataset"], ["safe", "colour-blind safe"]] }) : null);
  const curtainControl = controls.querySelector(".sn-curtain-control");
  const showCurtain = () => { curtainControl.hidden = scope.get("overlay") !== "compare"; };
  body.append(
    element("div", { class: "sn-controls" }, chooser, previous, next, note),
    controls,
    element("div", { class: "sn-columns" },
      element("div", { class: "sn-left" }, view, readout,
        element("div", { class: "sn-zooms" },
          button("+", () => zoomTo(scope.get("zoom") * 1.5), { "aria-label": "zoom in", "data-action": "zoom-in" }),
          button("−", () => zoomTo(scope.get("zoom") / 1.5), { "aria-label": "zoom out", "data-action": "zoom-out" }),
          button("whole image", () => zoomTo(1), { "data-action": "zoom-reset" }), certain)),
      element("div", { class: "sn-right" },
        element("div", { class: "sn-classes" },
          element("div", { class: "sn-class-head" },
            element("span", { class: "sn-note", text: "classes, IoU here in %" }),
            button("all", () => only(true), { "data-action": "all" }),
            button("none", () => only(false), { "data-action": "none" })),
          ...classBoxes.map(({ row }) => row)),
        element("div", { class: "sn-confusion" },
          segments(scope, "scope", { label: "confusion, % of the true class", choices: [["image", "this image"], ["all", "all"]] }),
          table))));

  scope.watch(["overlay", "drawing", "opacity", "threshold", "curtain", "hidden", "cell", "colors"], redraw);
  scope.watch("image", show);
  scope.watch(["image", "hidden", "colors"], showClasses);
  scope.watch(["image", "scope", "cell"], showMatrix);
  scope.watch(["image", "cell"], showWhere);
  scope.watch(["pixel", "colors"], showPlace);
  scope.watch(["zoom", "center"], settle);
  scope.watch("overlay", showCurtain);
  showCurtain(); settle(); showClasses(); showMatrix(); showWhere(); show();
});
