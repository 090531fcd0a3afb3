const PANELS = [
  ["image", "Image", () => ""],
  ["features", "Features", ({ picture }) => `channel ${picture.channel}`],
  ["pooled", "Pooled", () => "maxima"],
  ["indices", "Indices", () => "of the maxima"],
  ["unpooled", "Unpooled", ({ zeros }) => `${percent(zeros[0])} zeros`],
  ["dense", "Convolved", ({ zeros }) => `${percent(zeros[1])} zeros`],
];
// How many poolings a map lies below the image, for stage 0.
const DEPTH = { image: 0, features: -1, pooled: 0, indices: 0, unpooled: -1, dense: -1 };

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function short(number) {
  if (number === null) return "–";
  if (number === 0) return "0";
  const size = Math.abs(number);
  const text = size >= 1000 || size < 0.001
    ? number.toExponential(1) : number.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
  return text.replace("-", "−");
}

function place([y, x]) {
  return `(${y},\u00a0${x})`;
}

function clamp(value, high) {
  return Math.min(high, Math.max(0, value));
}

/** Side of a map's pixel in pixels of the image. */
function cellOf(name, stage) {
  return name === "image" ? 1 : 2 ** (stage + DEPTH[name]);
}

/** The cells of a path on a map, [top, left, side] in pixels of the image, down and then up. */
function cellsOf(path, level) {
  const depth = path.steps.length;
  const down = [], up = [];
  for (let n = level; n <= depth; n += 1) {
    const side = 2 ** n;
    down.push([Math.floor(path.pixel[0] / side) * side, Math.floor(path.pixel[1] / side) * side, side]);
  }
  for (let n = depth; n >= level; n -= 1) {
    const [y, x] = n === depth ? path.steps[depth - 1].source : path.steps[n].returned;
    up.push([y * 2 ** n, x * 2 ** n, 2 ** n]);
  }
  return { down, up };
}

function mark(kind, [top, left, side], [height, width], smallest) {
  const size = (share) => smallest ? `max(${smallest}px, ${share}%)` : `${share}%`;
  return element("div", {
    class: kind,
    style: `top:${(100 * (top + side / 2)) / height}%;left:${(100 * (left + side / 2)) / width}%;`
      + `height:${size((100 * side) / height)};width:${size((100 * side) / width)}`,
  });
}

const SVG = "http://www.w3.org/2000/svg";

function trail(up, [height, width]) {
  const drawing = document.createElementNS(SVG, "svg");
  for (const kind of ["sn-trail-halo", "sn-trail"]) {
    for (let i = 1; i < up.length; i += 1) {
      const line = document.createElementNS(SVG, "line");
      line.setAttribute("class", kind);
      for (const [end, [top, left, side]] of [["1", up[i - 1]], ["2", up[i]]]) {
        line.setAttribute(`x${end}`, `${(100 * (left + side / 2)) / width}%`);
        line.setAttribute(`y${end}`, `${(100 * (top + side / 2)) / height}%`);
      }
      drawing.append(line);
    }
  }
  return drawing;
}

/** One map: canvas, markers, caption, legend; it can be clicked and walked on with the arrow keys. */
function mapPanel(scope, name, title, detail) {
  const canvas = pixelCanvas(name, 1, 1);
  const marks = element("div", { class: "sn-marks" });
  const sheet = element("div", { class: "sn-sheet" }, canvas, marks);
  const stack = element("div", {
    class: "sn-stack", tabindex: "0", role: "application", "data-map": name,
    "aria-roledescription": "map to walk on with the arrow keys",
  }, sheet);
  const note = element("span");
  const foot = element("div", { class: "sn-foot" });
  const figure = element("figure", { class: "sn-figure" },
    element("figcaption", {}, element("b", { text: title }), " ", note), stack, foot);
  const cell = () => cellOf(name, scope.get("picture").stage);

  function go(y, x) {
    const [height, width] = scope.get("frame").size;
    const to = [clamp(y, height - 1), clamp(x, width - 1)];
    const from = scope.get("pixel");
    if (to[0] !== from[0] || to[1] !== from[1]) scope.set("pixel", to);
  }

  let painted = null;
  let painting = null;
  let pointed = null;
  const follow = onceAFrame(scope, () => go(...pointed));
  function point(event) {
    const box = canvas.getBoundingClientRect();
    pointed = [
      Math.floor(((event.clientY - box.top) / box.height) * canvas.height * cell()),
      Math.floor(((event.clientX - box.left) / box.width) * canvas.width * cell()),
    ];
    follow();
  }
  stack.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stack.setPointerCapture(event.pointerId);
    stack.focus({ preventScroll: true });
    point(event);
    event.preventDefault();
  });
  stack.addEventListener("pointermove", (event) => {
    if (stack.hasPointerCapture(event.pointerId)) point(event);
  });
  // Under a pointer that drags, the sheet stays where it is, or the pixel would run away from it.
  for (const end of ["pointerup", "pointercancel"]) stack.addEventListener(end, () => recentre());
  stack.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const far = cell() * (event.shiftKey ? 8 : 1);
    const [y, x] = scope.get("pixel");
    go(y + step[0] * far, x + step[1] * far);
    event.preventDefault();
    event.stopPropagation();
  });

  /** Move the enlarged sheet so that the pixel is in the middle, as far as the edges allow. */
  function recentre() {
    const zoom = scope.get("zoom");
    sheet.style.width = `${100 * zoom}%`;
    for (const [axis, side, extent] of [["Y", 0, canvas.height], ["X", 1, canvas.width]]) {
      const share = (scope.get("pixel")[side] + 0.5) / (extent * cell());
      const shift = clamp(share - 0.5 / zoom, 1 - 1 / zoom);
      sheet.style.setProperty(`--sn-shift-${axis.toLowerCase()}`, `${-100 * shift}%`);
    }
  }

  return {
    figure,
    centre() {
      if (!stack.matches(":active")) recentre();
    },
    async draw(picture, photo) {
      const bytes = name === "image" ? photo : picture.maps[name];
      // The photograph is the largest picture and seldom another one.
      if (bytes !== painted) {
        painted = bytes;
        painting = paint(scope, canvas, bytes);
      }
      await painting;
      if (bytes !== painted) return;  // a newer one is on its way
      canvas.dataset.state = `${picture.stage}/${picture.channel}`;
      recentre();
    },
    describe(picture, zeros, frame) {
      const [height, width] = name === "image" ? frame.size : picture.sizes[name];
      note.textContent = detail({ picture, zeros });
      stack.style.aspectRatio = `${width} / ${height}`;
      foot.replaceChildren(element("span", { text: `${height} × ${width}` }), ...legendOf(name, picture, frame));
    },
    trace(path, picture, frame) {
      const level = Math.log2(cellOf(name, picture.stage));
      const shown = name === "image" ? frame.size : picture.sizes[name].map((side) => side * 2 ** level);
      const { down, up } = cellsOf(path, level);
      marks.replaceChildren(
        ...down.slice(1).reverse().map((at) => mark("sn-outer", at, shown, 0)),
        trail(up, shown),
        mark("sn-ring", up[up.length - 1], shown, 15),
        mark("sn-here", down[0], shown, 11));
      stack.setAttribute("aria-label", `${title}: pixel ${place(path.pixel)}, put back at ${place(path.steps[0].returned)}`);
    },
  };
}

function swatch(color) {
  return element("span", { class: "sn-swatch", style: `background:${color}` });
}

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
    element("span", {}, swatch(frame.zero), "exactly 0"),
  ];
}

/** One stage of the path: its window's numbers down, where the value is put up. */
function stepCard(step, chosen, frame) {
  const own = 2 * (step.pixel[0] % 2) + (step.pixel[1] % 2);
  const numbers = step.numbers.flat().map((number, offset) => {
    const won = offset === step.index;
    const title = [frame.offsets[offset][1], won && "the maximum", offset === own && "the pixel itself"];
    return element("span", {
      text: short(number), title: title.filter(Boolean).join(", "), "data-won": won, "data-own": offset === own,
      style: won ? `background:${frame.offsets[offset][0]}` : null,
    });
  });
  const rows = [
    ["down", `${place(step.pixel)} → ${place(step.window)}`, "from the pixel to its window"],
    ["index", `${step.index} ${frame.offsets[step.index][1]}`, "where in the window the maximum is"],
    ["wins", step.won ? "yes" : "no", "whether the pixel itself is the maximum"],
    ["up", `${place(step.source)} → ${place(step.returned)}`, "where the decoder takes the value and puts it"],
    ["value", short(step.value), "what the decoder puts there"],
  ];
  return element("div", { class: "sn-step", "data-step": step.stage, "data-chosen": chosen },
    element("h4", {}, element("b", { text: `Stage ${step.stage}` }), element("span", { text: `channel ${step.channel}` })),
    element("div", { class: "sn-window" }, ...numbers),
    element("dl", {}, ...rows.flatMap(([term, text, title]) =>
      [element("dt", { text: term, title }), element("dd", { text, title, "data-row": term })])));
}

export default explorer("index-microscope", "Index microscope", (scope, body) => {
  const frame = () => scope.get("frame");
  const controls = element("div", { class: "sn-controls" });
  if (frame().names.length > 1) {
    controls.append(choice(scope, "image", {
      label: "image", choices: frame().names.map((name, number) => [number, name]),
    }));
  }
  const channel = slider(scope, "channel", {
    label: "channel", min: 0, max: 0, help: "one of the feature maps of this stage",
    format: (value) => `${value}`,
  });
  controls.append(
    segments(scope, "stage", {
      label: "stage", choices: frame().stages.map((_, number) => [number + 1, `${number + 1}`]),
      help: "1 is the outermost pooling",
    }),
    channel,
    segments(scope, "zoom", {
      label: "zoom", choices: [1, 2, 4, 8].map((zoom) => [zoom, `${zoom}×`]), help: "all maps, about the pixel",
    }),
    button("loudest here", () => scope.model.send({ kind: "loudest" }), {
      "data-action": "loudest", title: "the channel with the largest maximum in this pixel's window",
    }));
  const status = element("p", { class: "sn-status", role: "status", "data-status": "" });
  const help = "Click a pixel on any map, or walk with the arrow keys (Shift: 8 at a time).";
  const panels = PANELS.map((panel) => mapPanel(scope, ...panel));
  const key = element("div", { class: "sn-legend" },
    element("span", {}, element("span", { class: "sn-key-here" }), "way down: the pixel, in ever larger windows"),
    element("span", {}, element("span", { class: "sn-key-ring" }), "way up: where the decoder puts the value"));
  const offsets = element("div", { class: "sn-legend" }, element("span", { text: "index of the maximum" }),
    ...frame().offsets.map(([color, text], offset) => element("span", {}, swatch(color), `${offset} ${text}`)));
  const strip = element("div", { class: "sn-strip", "data-strip": "" });
  body.append(controls, element("p", { class: "sn-note", text: help }), element("div", { class: "sn-maps" }, ...panels.map((panel) => panel.figure)), key, offsets, status, strip);

  const input = channel.querySelector("input");
  const readout = channel.querySelector("output");
  function showChannels() {
    const last = frame().stages[scope.get("stage") - 1].channels - 1;
    input.max = last;
    input.value = scope.get("channel");
    readout.textContent = `${scope.get("channel")} of 0–${last}`;
    input.setAttribute("aria-valuetext", readout.textContent);
  }
  function showMaps() {
    const picture = scope.get("picture");
    if (!picture.maps) return;
    for (const panel of panels) {
      panel.draw(picture, scope.get("photo"));
      panel.describe(picture, scope.get("zero_share"), frame());
    }
  }
  function showPath() {
    const path = scope.get("path"), picture = scope.get("picture");
    if (!path.steps || !picture.maps) return;
    for (const panel of panels) panel.trace(path, picture, frame());
    strip.style.setProperty("--sn-stages", path.steps.length);
    strip.replaceChildren(...path.steps.map((step) => stepCard(step, step.stage === path.stage, frame())));
    const end = path.steps[path.steps.length - 1];
    const home = path.steps[0].returned.every((at, axis) => at === path.pixel[axis]);
    status.textContent = `Pixel ${place(path.pixel)} goes down to ${place(end.window)} at the bottleneck; `
      + `the decoder puts the value back at ${place(path.steps[0].returned)}${home ? ", where it came from" : ""}.`;
  }
  scope.watch(["stage", "channel", "frame"], showChannels);
  scope.watch(["zoom", "pixel"], () => panels.forEach((panel) => panel.centre()));
  scope.watch(["picture", "photo", "zero_share"], onceAFrame(scope, showMaps));
  scope.watch(["path", "picture", "frame"], onceAFrame(scope, showPath));
  showChannels();
  showMaps();
  showPath();
});
