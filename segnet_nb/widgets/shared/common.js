// Shared by every explorer: controls bound to traits, scoped listeners, pictures from bytes.
// The widget's own module follows this text and exports { render }.

/** An element with attributes (functions listen to events, booleans toggle) and children. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "text") node.textContent = value;
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** What one view holds on to, so that it can let go of all of it. */
class Scope {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.endings = [];
    this.alive = true;
  }

  /** Call `draw` whenever one of the traits changes. */
  watch(traits, draw) {
    for (const trait of [traits].flat()) {
      const event = `change:${trait}`;
      this.model.on(event, draw);
      this.endings.push(() => this.model.off(event, draw));
    }
  }

  /** Listen to an event on something outside the view's own element, such as a message of the kernel. */
  listen(target, event, handler, options) {
    target.addEventListener(event, handler, options);
    this.endings.push(() => target.removeEventListener(event, handler, options));
  }

  /** Run at the end of the view. */
  ending(action) {
    this.endings.push(action);
  }

  /** Set a trait here and in the kernel; anyone watching hears of it at once. */
  set(trait, value) {
    this.model.set(trait, value);
    this.model.save_changes();
  }

  get(trait) {
    return this.model.get(trait);
  }

  close() {
    this.alive = false;
    for (const action of this.endings.splice(0).reverse()) action();
  }
}

/** Draw at once, but not twice within one frame: the second time waits for the next. */
function onceAFrame(scope, draw) {
  let last = -1, waiting = 0;
  const now = () => { last = performance.now(); waiting = 0; if (scope.alive) draw(); };
  scope.ending(() => cancelAnimationFrame(waiting));
  return () => {
    if (waiting) return;
    if (performance.now() - last > 12) now();
    else waiting = requestAnimationFrame(now);
  };
}

let explorerCount = 0;

/** A name no other element of the page has, to tie labels to controls. */
function uniqueId(prefix) {
  explorerCount += 1;
  return `${prefix}-${explorerCount}-${Math.random().toString(36).slice(2, 8)}`;
}

function labelled(label, control, extra, options = {}) {
  const id = uniqueId("sn");
  control.id = id;
  if (options.help) control.title = options.help;
  return element("div", { class: `sn-control ${options.class ?? ""}` },
    element("label", { for: id, text: label, title: options.help }), control, extra);
}

/** A slider bound to a number trait. options: label, min, max, step, format, help, scale (trait = slider value / scale). */
function slider(scope, trait, options) {
  const format = options.format ?? ((value) => `${value}`);
  const scale = options.scale ?? 1;
  const readout = element("output", { class: "sn-readout" });
  const input = element("input", {
    type: "range", min: options.min, max: options.max, step: options.step ?? 1, "data-trait": trait,
    input: () => { scope.set(trait, Number(input.value) / scale); },
  });
  const show = () => {
    const value = scope.get(trait);
    input.value = value * scale;
    readout.textContent = format(value);
    input.setAttribute("aria-valuetext", readout.textContent);
  };
  scope.watch(trait, show);
  show();
  return labelled(options.label, input, readout, options);
}

/** A drop-down bound to a trait. options: label, choices [[value, text], ...], help. */
function choice(scope, trait, options) {
  const input = element("select", {
    "data-trait": trait,
    change: () => scope.set(trait, options.choices[input.selectedIndex][0]),
  });
  for (const [, text] of options.choices) input.append(element("option", { text }));
  const show = () => {
    const value = scope.get(trait);
    input.selectedIndex = options.choices.findIndex(([known]) => known === value);
  };
  scope.watch(trait, show);
  show();
  return labelled(options.label, input, null, options);
}

/** A check box bound to a boolean trait. options: label, help. */
function check(scope, trait, options) {
  const input = element("input", {
    type: "checkbox", "data-trait": trait,
    change: () => scope.set(trait, input.checked),
  });
  const show = () => { input.checked = scope.get(trait); };
  scope.watch(trait, show);
  show();
  const control = labelled(options.label, input, null, { ...options, class: "sn-check" });
  control.prepend(input);
  return control;
}

/** A few exclusive choices side by side, bound to a trait. options: label, choices [[value, text], ...]. */
function segments(scope, trait, options) {
  const name = uniqueId("sn-choice");
  const group = element("div", { class: "sn-segments", role: "radiogroup", "aria-label": options.label });
  const inputs = options.choices.map(([value, text]) => {
    const input = element("input", {
      type: "radio", name, "data-trait": trait, "data-value": `${value}`,
      change: () => scope.set(trait, value),
    });
    group.append(element("label", {}, input, element("span", { text })));
    return [value, input];
  });
  const show = () => {
    for (const [value, input] of inputs) input.checked = scope.get(trait) === value;
  };
  scope.watch(trait, show);
  show();
  return element("div", { class: "sn-control", title: options.help },
    element("span", { class: "sn-label", text: options.label }), group);
}

/** A push button. */
function button(label, action, attributes = {}) {
  return element("button", { type: "button", class: "sn-button", text: label, click: action, ...attributes });
}

/** A canvas of its own pixels, shown as large as there is room, without smoothing. */
function pixelCanvas(name, height, width, attributes = {}) {
  return element("canvas", { class: "sn-canvas", "data-canvas": name, height, width, ...attributes });
}

/** The bytes of a trait as a picture that can be drawn. */
async function bitmapOf(bytes, type = "image/png") {
  const blob = new Blob([bytes], { type });
  return createImageBitmap(blob, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
}

/** The bytes of a trait as ImageData; exact for PNG without an alpha channel. */
async function pixelsOf(bytes, type = "image/png") {
  const bitmap = await bitmapOf(bytes, type);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** Draw the bytes of a trait on a canvas, which takes the picture's size; a newer call wins. */
async function paint(scope, canvas, bytes, type = "image/png") {
  const turn = (canvas.snTurn ?? 0) + 1;
  canvas.snTurn = turn;
  if (!bytes || bytes.byteLength === 0) return false;
  const bitmap = await bitmapOf(bytes, type);
  if (!scope.alive || canvas.snTurn !== turn) { bitmap.close(); return false; }
  if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
  if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return true;
}

/** Where a pointer is on a canvas, in the canvas's own pixels: [y, x], kept inside. */
function placeOn(canvas, event) {
  const box = canvas.getBoundingClientRect();
  const at = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  return [
    at((event.clientY - box.top) / box.height, canvas.height),
    at((event.clientX - box.left) / box.width, canvas.width),
  ];
}

/** Pictures of one size with a cross at the same pixel in all of them. */
function linkedPictures(scope, readout, describe) {
  const canvases = [], crosses = [];
  let at = null;
  const move = (place) => {
    at = place;
    for (const [i, cross] of crosses.entries()) {
      const canvas = canvases[i];
      cross.hidden = at === null;
      if (at === null) continue;
      cross.style.top = `${100 * (at[0] + 0.5) / canvas.height}%`;
      cross.style.left = `${100 * (at[1] + 0.5) / canvas.width}%`;
    }
    readout.textContent = describe(at);
  };
  const draw = onceAFrame(scope, () => move(at));
  const figure = (name, caption, [height, width]) => {
    const canvas = pixelCanvas(name, height, width, {
      role: "img", "aria-label": caption,
      pointermove: (event) => { at = placeOn(canvas, event); draw(); },
      pointerleave: () => { at = null; draw(); },
    });
    const cross = element("span", { class: "sn-cross", hidden: true });
    canvases.push(canvas);
    crosses.push(cross);
    const words = element("figcaption", { text: caption, title: caption });
    const node = element("figure", { class: `sn-figure sn-is-${name}` }, words,
      element("div", { class: "sn-frame" }, canvas, cross));
    return { canvas, node, words };
  };
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const keydown = (event) => {
    if (event.key === "Escape") { move(null); return; }
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    const { height, width } = canvases[0];
    const pace = event.shiftKey ? 10 : 1;
    const [y, x] = at ?? [height >> 1, width >> 1];
    const [dy, dx] = at ? steps[event.key] : [0, 0];
    move([Math.min(height - 1, Math.max(0, y + pace * dy)), Math.min(width - 1, Math.max(0, x + pace * dx))]);
  };
  return { figure, keydown, again: () => move(at) };
}

/** One explorer: its frame with title, note, error line and busy sign; `build` fills its body. */
function explorer(kind, title, build) {
  return {
    render({ model, el }) {
      const body = element("div", { class: "sn-body" });
      const root = element("section", { class: `sn-explorer sn-${kind}`, "aria-label": title });
      const scope = new Scope(model, root);
      const busy = element("span", { class: "sn-busy", role: "status", text: "computing …", hidden: true });
      const error = element("div", { class: "sn-error", role: "alert", hidden: true });
      root.append(
        element("header", { class: "sn-header" }, element("span", { class: "sn-title", text: title }), busy),
        error, body);
      const showError = () => {
        error.textContent = scope.get("error");
        error.hidden = !error.textContent;
      };
      const showBusy = () => { busy.hidden = !scope.get("busy"); };
      scope.watch("error", showError);
      scope.watch("busy", showBusy);
      showError();
      showBusy();
      el.append(root);
      try {
        build(scope, body);
      } catch (failure) {
        error.textContent = `This view could not be drawn: ${failure.message}`;
        error.hidden = false;
        console.error(failure);
      }
      model.send?.({ kind: "seen" });
      return () => { scope.close(); root.remove(); };
    },
  };
}
