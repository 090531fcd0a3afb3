// Paint an object, spoil its prediction, see four losses and where they pull.

const ROWS = 24, COLUMNS = 32;
const LOSSES = [
  ["cross_entropy", "cross-entropy", 1], ["weighted", "weighted cross-entropy", 2],
  ["dice", "Dice", 3], ["cross_entropy_dice", "cross-entropy + Dice", 4],
];
const AGAINST = {
  confidence: ["confidence", "confidence", 0.5, 1], blur: ["blur", "blur (pixels)", 0, 4], shift: ["shift", "shift (pixels)", -8, 8],
  missed: ["missed share", "share of the object missed", 0, 1], share: ["object's share", "share of the object in the image", 0, 0.5],
};
const PALE = [232, 232, 236], STRONG = [230, 159, 0];

export default explorer("loss-lab", "Loss lab", (scope, body) => {
  const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}\u00a0%`;
  const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
  let cells = [];
  const takeMask = () => { cells = scope.get("mask").split("\n").map((line) => [...line].map((sign) => (sign === "#" ? 1 : 0))); };
  takeMask();

  // --- controls ---
  const clear = button("Clear", () => { cells.forEach((row) => row.fill(0)); changed(); }, { "data-action": "clear" });
  const range = (trait, label, min, max, scale, format, help) => slider(scope, trait, { label, min, max, scale, format, help });
  body.append(
    element("div", { class: "sn-controls" },
      segments(scope, "preset", { label: "Object", choices: [["disc", "disc"], ["pole", "pole"], ["blobs", "blobs"]] }),
      range("share", "Share", 1, 50, 100, (v) => percent(v), "The object grows or shrinks to this share of all pixels"),
      segments(scope, "erase", { label: "Brush", choices: [[false, "paint"], [true, "erase"]] }),
      range("brush", "Width", 1, 7, 1, (v) => `${v} px`), clear),
    element("div", { class: "sn-controls sn-spoil" },
      range("confidence", "Confidence", 50, 99.9, 100, (v) => percent(v), "Probability of the pixels that the prediction is surest of"),
      range("blur", "Blur", 0, 40, 10, (v) => `${v.toFixed(1)} px`, "Softens the outline"),
      range("shift", "Shift", -8, 8, 1, (v) => `${v} px`, "To the right"),
      range("missed", "Missed", 0, 100, 100, (v) => percent(v, 0), "Share of the object, from below, that is taken for background")));
  body.querySelector('input[data-trait="confidence"]').step = 0.1;

  // --- pictures with the object's outline and the cursor laid over them ---
  const overlays = [];
  const framed = (canvas) => {
    const outline = svg("path", { class: "sn-outline" }), cursor = svg("rect", { class: "sn-at", width: 1, height: 1 });
    overlays.push({ outline, cursor });
    return element("div", { class: "sn-frame" }, canvas,
      svg("svg", { viewBox: `0 0 ${COLUMNS} ${ROWS}`, class: "sn-over", "aria-hidden": "true" }, outline, cursor));
  };
  const painter = pixelCanvas("mask", ROWS, COLUMNS, {
    tabindex: 0, role: "application",
    "aria-label": "The object, 24 rows of 32 pixels. Arrow keys move the cursor, space paints, E changes between painting and erasing.",
  });
  const predicted = pixelCanvas("prediction", ROWS, COLUMNS, { role: "img", "aria-label": "Prediction: probability of the object" });
  const shareText = element("span", { class: "sn-number", "data-value": "share" });
  const live = element("span", { class: "sn-hidden", role: "status" });
  const table = element("table", { class: "sn-table" });
  const measured = element("p", { class: "sn-measured" });
  body.append(element("div", { class: "sn-top" },
    element("figure", { class: "sn-figure" }, element("figcaption", {}, "Paint the object · ", shareText), framed(painter), live),
    element("figure", { class: "sn-figure" },
      element("figcaption", {}, "Prediction ", element("span", { class: "sn-ramp" }), " 0–1"), framed(predicted)),
    element("div", { class: "sn-answers" }, table, measured)));

  const maps = {};
  body.append(element("div", { class: "sn-controls sn-maps-head" },
    element("strong", { text: "Where each loss pulls" }),
    check(scope, "same_scale", { label: "same scale", help: "One scale for the four maps, or each its own" }),
    element("span", { class: "sn-note", text: "gradient × pixels: blue, a step makes the object more probable there; red, less" })));
  body.append(element("div", { class: "sn-maps" }, ...LOSSES.map(([name, title]) => {
    const canvas = pixelCanvas(name, ROWS, COLUMNS, { role: "img", "aria-label": `Gradient of ${title}` });
    const low = element("span", { class: "sn-number" }), high = element("span", { class: "sn-number" });
    const here = element("output", { class: "sn-number", "data-at": name });
    maps[name] = { canvas, low, high, here };
    return element("figure", { class: "sn-figure" }, element("figcaption", { text: title, title }), framed(canvas),
      element("div", { class: "sn-bar-row" }, low, element("span", { class: "sn-diverging" }), high),
      element("div", { class: "sn-here" }, element("span", { class: "sn-note", text: "at the cursor" }), here));
  })));

  const chart = lineChart({ title: "The losses along one setting", yLabel: "loss", xLabel: "", series: LOSSES,
    value: (y) => y.toFixed(3), xTick: (x) => `${Number(x.toFixed(3))}`,
    pick: (x) => {
      const trait = scope.get("against"), [, , low, high] = AGAINST[trait];
      const kept = Math.min(trait === "confidence" ? 0.999 : high, Math.max(trait === "share" ? 0.01 : low, x));
      scope.set(trait, trait === "shift" ? Math.round(kept) : Math.round(kept * 1000) / 1000);
    } });
  const here = element("p", { class: "sn-cursor-text", "data-value": "at" });
  body.append(element("div", { class: "sn-bottom" }, chart.node, element("div", {},
    choice(scope, "against", { label: "Along", choices: Object.entries(AGAINST).map(([key, [text]]) => [key, text]) }), here)));

  // --- drawing ---
  const drawMask = () => {
    const context = painter.getContext("2d", { willReadFrequently: true });
    const image = context.createImageData(COLUMNS, ROWS);
    let path = "", count = 0;
    for (let y = 0; y < ROWS; y++) for (let x = 0; x < COLUMNS; x++) {
      const on = cells[y][x];
      count += on;
      image.data.set([...(on ? STRONG : PALE), 255], 4 * (y * COLUMNS + x));
      if (x && on !== cells[y][x - 1]) path += `M${x} ${y}v1`;
      if (y && on !== cells[y - 1][x]) path += `M${x} ${y}h1`;
    }
    context.putImageData(image, 0, 0);
    for (const { outline } of overlays) outline.setAttribute("d", path);
    shareText.textContent = percent(count / ROWS / COLUMNS);
    shareText.title = `${count} of ${ROWS * COLUMNS} pixels`;
  };
  const drawCursor = () => {
    const [y, x] = scope.get("cursor");
    for (const { cursor } of overlays) { cursor.setAttribute("x", x); cursor.setAttribute("y", y); }
  };
  const drawAt = () => {
    const at = scope.get("at"), [y, x] = scope.get("cursor");
    if (at.probability === undefined) return;
    here.textContent = `Row ${y}, column ${x}: ${at.object ? "object" : "background"}, predicted to be the object with probability ${at.probability.toFixed(3)}.`;
    for (const [name] of LOSSES) maps[name].here.textContent = signed(at[name]);
  };
  const drawNumbers = () => {
    const losses = scope.get("losses"), pull = scope.get("pull"), scores = scope.get("scores"), weights = scope.get("weights");
    if (losses.dice === undefined) return;
    const row = (kind, ...texts) => element("tr", {}, ...texts.map((text, i) => element(kind === "td" && i ? "td" : "th", { text, scope: i ? "col" : "row" })));
    table.replaceChildren(element("thead", {}, row("th", "Loss", "value", "object's pull")),
      element("tbody", {}, ...LOSSES.map(([name, title]) => {
        const line = row("td", title, losses[name].toFixed(4), percent(pull[name]));
        line.children[1].dataset.loss = name;
        return line;
      })));
    measured.textContent = `Class weights: background ${weights[0].toFixed(3)}, object ${weights[1].toFixed(3)}. `
      + `Measured on the likelier class: global accuracy ${percent(scores.global_accuracy)}, mean IoU ${percent(scores.mean_iou)}, IoU of the object ${percent(scores.object_iou)}.`;
  };
  const drawChart = () => {
    const trait = scope.get("against"), [, label, low, high] = AGAINST[trait], lines = scope.get("lines");
    const top = Math.max(0.01, ...Object.values(lines).flatMap((line) => line.map(([, y]) => y)));
    const now = scope.get(trait), shown = {};
    for (const [name] of LOSSES) {
      const line = lines[name] ?? [];
      // The point itself, exact, among the samples of the curve.
      shown[name] = line.length && now >= low && now <= high && scope.get("losses")[name] !== undefined
        ? [...line.filter(([x]) => x !== now), [now, scope.get("losses")[name]]].sort((a, b) => a[0] - b[0]) : line;
    }
    chart.draw({ x: [low, high], y: [0, roomFor(top)], xLabel: label, lines: shown, cursor: now >= low && now <= high ? now : null });
  };
  const drawMaps = () => {
    const pictures = scope.get("maps"), largest = scope.get("largest");
    for (const [name] of LOSSES) {
      paint(scope, maps[name].canvas, pictures[name]);
      const end = largest[name] ?? 0, text = end.toFixed(end < 10 ? 2 : 1);
      maps[name].low.textContent = `−${text}`;
      maps[name].high.textContent = `+${text}`;
    }
  };
  const drawPrediction = () => paint(scope, predicted, scope.get("prediction"));

  // --- painting ---
  let painting = false, last = null;
  const send = onceAFrame(scope, () => scope.set("mask", cells.map((row) => row.map((on) => ".#"[on]).join("")).join("\n")));
  function changed() { drawMask(); send(); }
  const dab = (row, column) => {
    const width = scope.get("brush"), value = scope.get("erase") ? 0 : 1, from = Math.floor((width - 1) / 2);
    for (let y = row - from; y < row - from + width; y++)
      for (let x = column - from; x < column - from + width; x++)
        if (cells[y]?.[x] !== undefined) cells[y][x] = value;
  };
  const stroke = (to) => {
    const [y, x] = last ?? to, steps = Math.max(1, Math.abs(to[0] - y), Math.abs(to[1] - x));
    for (let i = 0; i <= steps; i++) dab(Math.round(y + (to[0] - y) * i / steps), Math.round(x + (to[1] - x) * i / steps));
    last = to;
    changed();
  };
  let pointed = null;
  const sendCursor = onceAFrame(scope, () => { if (pointed) { scope.set("cursor", pointed); drawCursor(); } });
  const point = (place) => {
    const [y, x] = scope.get("cursor");
    if (place[0] !== y || place[1] !== x) { pointed = place; sendCursor(); }
  };
  for (const canvas of [painter, predicted, ...Object.values(maps).map((map) => map.canvas)])
    canvas.addEventListener("pointermove", (event) => point(placeOn(canvas, event)));
  painter.addEventListener("pointerdown", (event) => {
    painter.setPointerCapture(event.pointerId);
    painting = true;
    last = null;
    point(placeOn(painter, event));
    stroke(placeOn(painter, event));
  });
  painter.addEventListener("pointermove", (event) => { if (painting) stroke(placeOn(painter, event)); });
  for (const name of ["pointerup", "pointercancel"]) painter.addEventListener(name, () => { painting = false; });
  painter.addEventListener("keydown", (event) => {
    const [y, x] = scope.get("cursor");
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (step) {
      const to = [Math.min(ROWS - 1, Math.max(0, y + step[0])), Math.min(COLUMNS - 1, Math.max(0, x + step[1]))];
      scope.set("cursor", to);
      drawCursor();
    } else if (event.key === " ") {
      dab(y, x);
      changed();
    } else if (event.key === "e" || event.key === "E") scope.set("erase", !scope.get("erase"));
    else return;
    const now = scope.get("cursor");
    live.textContent = `Row ${now[0]}, column ${now[1]}: ${cells[now[0]][now[1]] ? "object" : "background"}`;
    event.preventDefault();
    event.stopPropagation();
  });

  scope.watch("mask", () => { if (!painting) { takeMask(); drawMask(); } });
  scope.watch("cursor", drawCursor);
  scope.watch(["at", "cursor"], onceAFrame(scope, drawAt));
  scope.watch(["losses", "pull", "scores", "weights"], onceAFrame(scope, drawNumbers));
  scope.watch(["lines", "against", "losses"], onceAFrame(scope, drawChart));
  scope.watch(["maps", "largest"], onceAFrame(scope, drawMaps));
  scope.watch("prediction", drawPrediction);
  for (const draw of [drawMask, drawCursor, drawAt, drawNumbers, drawChart, drawMaps, drawPrediction]) draw();
});
