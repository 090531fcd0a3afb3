// Curves that grow while a network trains, and the picture of what it sees.

const WORDS = {
  idle: "not started", running: "training", stopping: "stopping after this step …",
  finished: "finished", stopped: "stopped", failed: "failed",
};

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  return minutes ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s` : `${whole} s`;
}

export default explorer("training-monitor", "Training", (scope, body) => {
  // Trait changes wait for the kernel to say that it is idle, which it does not for what it handles while a cell
  // awaits: the first change in a training would hold up all that follow. Messages do not wait.
  scope.set = (trait, value) => {
    scope.model.set(trait, value);
    scope.model.send({ kind: "set", trait, value });
  };
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const atWork = () => ["running", "stopping"].includes(scope.get("status"));

  // --- how far it is ---
  const badge = element("span", { class: "sn-badge", role: "status", "data-value": "status" });
  const place = element("span", { class: "sn-number", "data-value": "place" });
  const times = element("span", { class: "sn-number sn-note", "data-value": "times" });
  const bar = element("div", { class: "sn-bar", role: "progressbar", "aria-label": "whole training", "aria-valuemin": 0, "aria-valuemax": 100 },
    element("div", { class: "sn-done" }));
  const stop = button("Stop", () => { stop.disabled = true; scope.set("stop_requested", true); },
    { "data-trait": "stop_requested", title: "End after the step at work; the best weights are kept" });
  body.append(element("div", { class: "sn-progress" },
    element("div", { class: "sn-place" }, badge, place, times, stop), bar));

  const showProgress = () => {
    const status = scope.get("status"), epochs = scope.get("epochs"), epoch = scope.get("epoch");
    const step = scope.get("step"), steps = scope.get("steps");
    badge.textContent = WORDS[status];
    badge.dataset.status = status;
    const working = atWork() && epoch < epochs;
    place.textContent = !epochs ? "" : working
      ? `epoch ${epoch + 1} of ${epochs}` + (steps ? ` · step ${step} of ${steps}` : " · getting ready")
        + (step ? ` · loss ${scope.get("step_loss").toFixed(3)}` : "")
      : `${epoch} of ${epochs} epochs`;
    times.textContent = !epochs ? "Train in the next cell: await monitor.watch(…)"
      : `${duration(scope.get("seconds"))} so far` + (working ? `, ${scope.get("seconds_left") === null ? "time left not known yet" : `about ${duration(scope.get("seconds_left"))} left`}` : "");
    const share = epochs ? Math.min(1, (epoch + (working && steps ? step / steps : 0)) / epochs) : 0;
    bar.firstChild.style.width = `${100 * share}%`;
    bar.setAttribute("aria-valuenow", Math.round(100 * share));
    stop.disabled = status !== "running";
  };
  scope.watch(["status", "epoch", "epochs", "step", "steps", "step_loss", "seconds", "seconds_left"], onceAFrame(scope, showProgress));

  // --- curves ---
  const pick = (x) => {
    const last = scope.get("history").length;
    if (!last) return;
    const epoch = Math.min(last, Math.max(1, Math.round(x)));
    choose(epoch === last ? 0 : epoch);
  };
  const common = { xLabel: "epoch", wholeX: true, pick };
  const loss = lineChart({ ...common, title: "Training loss", yLabel: "loss", series: [["loss", "loss", 1]],
    value: (y) => y.toFixed(3) });
  const scores = lineChart({ ...common, title: "Validation", yLabel: "score (%)", value: percent,
    tick: (y) => `${Math.round(100 * y)}`,
    series: [["mean_iou", "mean IoU", 1], ["class_average", "class average", 2], ["global_accuracy", "global accuracy", 3]] });
  body.append(element("div", { class: "sn-charts" }, loss.node, scores.node));

  const showCurves = () => {
    const history = scope.get("history"), best = scope.get("best_epoch");
    const ends = [1, Math.max(2, scope.get("epochs"), history.length)];
    const lines = {};
    for (const name of ["loss", "mean_iou", "class_average", "global_accuracy"])
      lines[name] = history.map((entry) => [entry.epoch, entry[name]]);
    const cursor = history.length ? scope.get("shown") || history.length : null;
    const top = roomFor(Math.max(...history.map((entry) => entry.loss)));
    loss.draw({ x: ends, y: [0, history.length ? top : 1], lines, cursor, marks: [] });
    scores.draw({ x: ends, y: [0, 1], lines, cursor, marks: best ? [{ x: best, text: `best: epoch ${best}` }] : [] });
  };
  scope.watch(["history", "best_epoch", "epochs", "shown"], onceAFrame(scope, showCurves));

  // --- which epoch, how strong the colours ---
  const epochRange = element("input", { type: "range", min: 1, max: 1, step: 1, "data-trait": "shown",
    input: () => { const at = Number(epochRange.value); choose(at === Number(epochRange.max) ? 0 : at); } });
  const epochText = element("output", { class: "sn-readout" });
  const epochControl = labelled("Epoch shown", epochRange, epochText, { help: "Look back at an earlier epoch; at the right end the newest is shown" });
  function choose(epoch) { if (epoch !== scope.get("shown")) scope.set("shown", epoch); }
  const showEpoch = () => {
    const last = scope.get("history").length, at = scope.get("shown") || last;
    epochRange.max = Math.max(1, last);
    epochRange.value = at;
    epochRange.disabled = last < 2;
    epochText.textContent = !last ? "–" : `${at}${at === last ? ", newest" : ""}${at === scope.get("best_epoch") ? ", best" : ""}`;
    epochRange.setAttribute("aria-valuetext", epochText.textContent);
  };
  scope.watch(["history", "shown", "best_epoch"], showEpoch);
  const opacity = slider(scope, "opacity", { label: "Colours", min: 0, max: 100, scale: 100, format: (v) => `${Math.round(100 * v)} %` });
  const hasPhoto = () => (scope.get("photo")?.byteLength ?? 0) > 0;
  body.append(element("div", { class: "sn-controls" }, epochControl, hasPhoto() ? opacity : null));

  // --- pictures ---
  if (hasPhoto()) {
    const views = {};
    const panels = [["photo", "Image"], ["picture", "Prediction"], ["truth", "Ground truth"]].map(([name, title]) => {
      const canvas = pixelCanvas(name, 3, 4, { role: "img", "aria-label": title });
      const caption = element("figcaption", { text: title });
      views[name] = { canvas, caption };
      return element("figure", { class: "sn-figure", "data-panel": name }, caption, canvas);
    });
    const legend = element("div", { class: "sn-classes" });
    body.append(element("div", { class: "sn-pictures" }, ...panels), legend);

    let photo = null, turn = 0;
    const masks = { picture: null, truth: null };
    scope.ending(() => { photo?.close(); for (const mask of Object.values(masks)) mask?.close(); });
    const lay = (name) => {
      const { canvas } = views[name];
      if (!photo) return;
      if (canvas.width !== photo.width) canvas.width = photo.width;
      if (canvas.height !== photo.height) canvas.height = photo.height;
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.globalAlpha = 1;
      context.drawImage(photo, 0, 0);
      if (name === "photo" || !masks[name]) return;
      context.globalAlpha = scope.get("opacity");
      context.drawImage(masks[name], 0, 0);
    };
    const layAll = onceAFrame(scope, () => { for (const name of Object.keys(views)) lay(name); });
    const load = async (name) => {
      const mine = ++turn, bytes = scope.get(name);
      const bitmap = bytes?.byteLength ? await bitmapOf(bytes, name === "photo" ? "image/jpeg" : "image/png") : null;
      if (!scope.alive || (name === "picture" && mine < (views.picture.turn ?? 0))) { bitmap?.close(); return; }
      views[name].turn = mine;
      if (name === "photo") { photo?.close(); photo = bitmap; } else { masks[name]?.close(); masks[name] = bitmap; }
      layAll();
    };
    const showCaption = () => {
      const epoch = scope.get("picture_epoch"), share = scope.get("image_accuracy");
      const text = !epoch ? "Prediction: after the first epoch"
        : `Prediction, epoch ${epoch}${share === null ? "" : `: ${percent(share)} right`}`;
      views.picture.caption.textContent = text;
      views.picture.caption.title = text;
      views.picture.canvas.setAttribute("aria-label", text);
    };
    const showLegend = () => legend.replaceChildren(...scope.get("legend").map(([name, color]) =>
      element("span", { class: "sn-entry" },
        element("span", { class: "sn-swatch", style: `background:${color}` }), element("span", { text: name }))));
    for (const name of ["photo", "picture", "truth"]) scope.watch(name, () => load(name));
    scope.watch("opacity", layAll);
    scope.watch(["picture_epoch", "image_accuracy"], showCaption);
    scope.watch("legend", showLegend);
    for (const name of ["photo", "picture", "truth"]) load(name);
    showCaption();
    showLegend();
  }
  showProgress();
  showCurves();
  showEpoch();
});
