// Uncertainty lens: what more samples are worth, which pixels are doubtful, and which errors they hold.
const MEASURES = [["variance", "variance"], ["entropy", "entropy"], ["mutual_information", "mutual information"]];
const UNITS = { variance: "", entropy: " nats", mutual_information: " nats" };
// As in _lens_numbers.py.
const RIGHT = [226, 226, 226], WRONG = [213, 94, 0], RIGHT_LEFT_OUT = [152, 190, 219], WRONG_LEFT_OUT = [0, 87, 148];
const VOID = [60, 60, 60], HATCH = [[236, 236, 236], [176, 176, 176]];
const KINDS = [[WRONG, "wrong"], [WRONG_LEFT_OUT, "wrong, left out: caught"], [RIGHT, "right"],
  [RIGHT_LEFT_OUT, "right, left out"], [VOID, "void"]];

const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)} %`);

export default explorer("uncertainty-lens", "Uncertainty lens", (scope, body) => {
  const names = scope.get("names"), counts = scope.get("counts"), classes = scope.get("class_names");
  const palette = scope.get("palette"), colors = scope.get("color_map"), tops = scope.get("tops");
  const pictures = scope.get("pictures"), curves = scope.get("curves");
  if (!names.length || !pictures["0"]) {
    scope.watch("pictures", () => { body.textContent = "Run the cell again to draw this view."; });
    return;
  }
  const K = classes.length;

  // --- controls
  // The slider walks over the numbers of samples that there are.
  const steps = Object.create(scope);
  steps.get = () => counts.indexOf(scope.get("samples"));
  steps.set = (_, step) => scope.set("samples", counts[step]);
  body.append(element("div", { class: "sn-controls" },
    choice(scope, "image", { label: "Image", choices: names.map((name, i) => [i, name]) }),
    slider(steps, "samples", { label: "Samples", min: 0, max: counts.length - 1, format: (step) => `${counts[step]}`,
      help: "predictions with dropout on, averaged" }),
    segments(scope, "measure", { label: "Uncertainty", choices: MEASURES }),
    slider(scope, "kept", { label: "Keep", min: 5, max: 100, step: 5, scale: 100, format: (share) => percent(share, 0),
      help: "the most certain pixels; the others are left to a person" })));

  // --- pictures
  const readout = element("div", { class: "sn-readout-line sn-number", "aria-live": "polite" });
  let now = null;
  const linked = linkedPictures(scope, readout, (at) => {
    if (!now) return "";
    if (!at) return "Point at a pixel, or use the arrow keys.";
    const i = at[0] * now.width + at[1], truth = now.truth[i], guess = now.guess[i], measure = scope.get("measure");
    const name = (id) => (id === K ? "void" : classes[id]);
    return `y ${at[0]}, x ${at[1]}: ${name(guess)}, in truth ${name(truth)}${truth === K || truth === guess ? "" : " ✗"}, `
      + `${MEASURES.find(([key]) => key === measure)[1]} ${(now.level[i] / 255 * tops[measure]).toFixed(4)}${UNITS[measure]}`
      + `${now.level[i] > now.limit ? ", left out" : ""}`;
  });
  const size = [1, 1];
  const figures = Object.fromEntries([["photo", "Image"], ["prediction", "Prediction (hatched: left out)"],
    ["errors", "Errors"], ["uncertainty", "Uncertainty"]].map(([name, caption]) => [name, linked.figure(name, caption, size)]));
  const board = element("div", { class: "sn-four", tabindex: 0, role: "group", "aria-label": "Pictures; arrow keys point at a pixel",
    keydown: linked.keydown }, ...Object.values(figures).map((figure) => figure.node));
  const kinds = element("div", { class: "sn-legend" }, ...KINDS.map(([color, text]) => {
    const mark = element("span", { class: "sn-swatch" });
    mark.style.background = `rgb(${color.join(" ")})`;
    return element("span", { class: "sn-entry" }, mark, element("span", { text }));
  }));
  const ramp = element("span", { class: "sn-ramp" });
  ramp.style.background = `linear-gradient(90deg, ${[0, 64, 128, 192, 255].map((i) => `rgb(${colors[i].join(" ")})`).join(", ")})`;
  const most = element("span", { class: "sn-number" });
  const scale = element("span", { class: "sn-entry" }, element("span", { text: "uncertainty 0" }), ramp, most);
  body.append(board, element("div", { class: "sn-under" }, kinds, scale), readout);

  // --- curves
  const kept = lineChart({ title: "Accuracy of the pixels that are kept", xLabel: "most certain pixels kept (%)", yLabel: "accuracy (%)",
    series: [["all", "all images", 1], ["own", "this image", 2]], value: (y) => `${y.toFixed(1)} %`,
    pick: (x) => scope.set("kept", Math.min(100, Math.max(5, Math.round(x / 5) * 5)) / 100) });
  const sure = lineChart({ title: "Is it as sure as it is right?", xLabel: "mean confidence (%)", yLabel: "right (%)",
    series: [["all", "all images", 1], ["own", "this image", 2], ["ideal", "as sure as right", 3]] });
  const told = element("p", { class: "sn-told", "data-told": "", "aria-live": "polite" });
  body.append(told, element("div", { class: "sn-charts" }, kept.node, sure.node));

  const fill = (canvas, height, width, color) => {
    if (canvas.height !== height) canvas.height = height;
    if (canvas.width !== width) canvas.width = width;
    const context = canvas.getContext("2d", { willReadFrequently: true }), image = context.createImageData(width, height);
    for (let i = 0; i < height * width; i++) {
      const [r, g, b] = color(i);
      image.data.set([r, g, b, 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
  };

  const showCurves = () => {
    const [i, measure, share] = [scope.get("image"), scope.get("measure"), scope.get("kept")];
    const found = curves[scope.get("samples")], step = Math.round(share * 20) - 1;
    const line = (values) => values.map((y, k) => [5 * (k + 1), y === null ? NaN : 100 * y]);
    const lines = { all: line(found[measure].all), own: line(found[measure].images[i]) };
    const seen = [...lines.all, ...lines.own].map(([, y]) => y).filter(Number.isFinite);
    const low = Math.floor(Math.min(...seen, 99) / 5) * 5;
    kept.draw({ x: [0, 100], y: [low, 100], lines, cursor: 100 * share });
    const pairs = ({ confidence, accuracy }) => confidence.flatMap((x, k) => (x === null ? [] : [[100 * x, 100 * accuracy[k]]]));
    sure.draw({ x: [0, 100], y: [0, 100],
      lines: { all: pairs(found.calibration.all), own: pairs(found.calibration.images[i]), ideal: [[0, 0], [100, 100]] } });
    told.textContent = `Of all images ${percent(found[measure].all[19])} of the pixels are right; of the ${percent(share, 0)} most certain `
      + `${percent(found[measure].all[step])}. Calibration error ${percent(found.calibration.all.error)}.`;
  };

  // A slider moves many times over the same pictures: the last few stay decoded.
  const decoded = new Map();
  const planesOf = (key, name) => {
    const place = `${key} ${name}`, found = decoded.get(place) ?? pixelsOf(pictures[key][name]);
    decoded.delete(place);
    decoded.set(place, found);
    if (decoded.size > 8) decoded.delete(decoded.keys().next().value);
    return found;
  };

  let turn = 0;
  const show = async () => {
    const mine = ++turn, measure = scope.get("measure"), i = scope.get("image"), count = scope.get("samples");
    if (!pictures[i] || !curves[count]) return;  // refused by the kernel, which sends the old value again
    showCurves();
    const parts = [[i, "photo"], [i, "truth"], [`${i}/${count}`, "guess"], [`${i}/${count}`, "levels"]];
    const [photo, truth, guess, level] = await Promise.all(parts.map(([key, name]) => planesOf(key, name)));
    if (!scope.alive || mine !== turn) return;
    const { height, width } = photo, channel = MEASURES.findIndex(([key]) => key === measure);
    const red = (image) => Uint8Array.from({ length: height * width }, (_, k) => image.data[4 * k]);
    const step = Math.round(scope.get("kept") * 20) - 1;
    now = { height, width, truth: red(truth), guess: red(guess),
      level: Uint8Array.from({ length: height * width }, (_, k) => level.data[4 * k + channel]),
      limit: curves[count][measure].limits[i][step] };
    const out = (k) => now.level[k] > now.limit;
    fill(figures.photo.canvas, height, width, (k) => photo.data.subarray(4 * k, 4 * k + 3));
    fill(figures.prediction.canvas, height, width, (k) => {
      if (!out(k)) return palette[now.guess[k]];
      return HATCH[Math.floor((Math.floor(k / width) + k % width) / 3) % 2];
    });
    fill(figures.errors.canvas, height, width, (k) => {
      if (now.truth[k] === K) return VOID;
      const wrong = now.truth[k] !== now.guess[k];
      return out(k) ? (wrong ? WRONG_LEFT_OUT : RIGHT_LEFT_OUT) : (wrong ? WRONG : RIGHT);
    });
    fill(figures.uncertainty.canvas, height, width, (k) => colors[now.level[k]]);
    most.textContent = `${tops[measure].toFixed(3)}${UNITS[measure]} and more`;
    board.dataset.state = `${i}/${count}/${measure}/${Math.round(100 * scope.get("kept"))}`;
    linked.again();
  };
  scope.watch(["image", "samples", "measure", "kept"], onceAFrame(scope, show));
  show();
});
