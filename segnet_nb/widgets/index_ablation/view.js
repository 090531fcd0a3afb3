// Index ablation: what becomes of a prediction when the pooling indices are taken away.

/** A scope whose writes wait for the kernel's answer to the last one; only the newest of each trait is kept. */
function asking(scope, show) {
  const asked = Object.create(scope);
  const drawers = new Map();
  let wanted = {}, request = null, since = 0;
  asked.waiting = () => request !== null;
  asked.get = (trait) => (trait in wanted ? wanted[trait] : scope.get(trait));
  asked.watch = (traits, draw) => {
    for (const trait of [traits].flat()) drawers.set(trait, [...(drawers.get(trait) ?? []), draw]);
    scope.watch(traits, draw);
  };
  asked.set = (trait, value) => {
    wanted[trait] = value;
    for (const draw of drawers.get(trait) ?? []) draw();
    // A kernel that was restarted never answers: ask again after a while.
    if (request === null || performance.now() - since > 15000) send();
    show();
  };
  const send = () => {
    const news = { ...wanted, _asked: Math.max(scope.get("_asked"), request ?? 0) + 1 };
    wanted = {};
    request = news._asked;
    since = performance.now();
    for (const [trait, value] of Object.entries(news)) scope.model.set(trait, value);
    scope.model.save_changes();
  };
  const answered = () => {
    if (request === null) return;
    request = null;
    if (Object.keys(wanted).length) send();
    show();
  };
  scope.watch("_answered", () => { if (scope.get("_answered") >= request) answered(); });
  // A request that was refused is answered by its error.
  scope.watch("error", () => { if (scope.get("error")) answered(); });
  return asked;
}

const percent = (value, digits = 1) => `${(100 * value).toFixed(digits)} %`;

function points(value) {
  const shown = (100 * value).toFixed(1);
  if (Number(shown) === 0) return "± 0.0";
  return value > 0 ? `▲ +${shown}` : `▼ −${(-100 * value).toFixed(1)}`;
}

function memory(bytes) {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(2)} MB`;
  return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(1)} kB` : `${bytes} B`;
}

/** A number with a bar; a line across the bar is the value with true indices. */
function meter(name, label, help) {
  const value = element("span", { class: "sn-meter-value sn-number" });
  const change = element("span", { class: "sn-meter-change sn-number" });
  const fill = element("div", { class: "sn-meter-fill" });
  const tick = element("div", { class: "sn-meter-tick" });
  const node = element("div", { class: "sn-meter", "data-meter": name, title: help },
    element("div", { class: "sn-meter-label", text: label }),
    element("div", { class: "sn-meter-line" }, value, change),
    element("div", { class: "sn-meter-bar" }, fill, tick));
  return {
    node,
    show(text, share, note, before) {
      value.textContent = text;
      change.textContent = note;
      fill.style.width = `${100 * Math.min(1, share)}%`;
      tick.hidden = before === null;
      if (before !== null) tick.style.left = `${100 * Math.min(1, before)}%`;
    },
  };
}

export default explorer("index-ablation", "Index ablation", (scope, body) => {
  const setup = scope.get("_setup");
  if (!setup.names) {
    scope.watch("_setup", () => { body.textContent = "Run the cell again to draw this view."; });
    return;
  }
  const stages = setup.sizes.length;
  const sign = scope.root.querySelector(".sn-busy");
  let painting = 0;
  const results = element("div", { class: "sn-results" });
  const showBusy = () => {
    const busy = asked.waiting() || painting > 0 || scope.get("busy");
    sign.hidden = !busy;
    results.classList.toggle("sn-stale", busy);
    results.setAttribute("aria-busy", busy);
  };
  const asked = asking(scope, () => showBusy());
  scope.watch("busy", showBusy);

  // --- controls
  const stageControls = setup.sizes.map(([height, width], i) => {
    // One list holds all stages, so a select of its own writes one item of it.
    const part = Object.create(asked);
    part.get = () => asked.get("modes")[i];
    part.set = (_, mode) => asked.set("modes", asked.get("modes").map((old, k) => (k === i ? mode : old)));
    const control = choice(part, "modes", {
      class: "sn-stage", label: `Stage ${i + 1}`, choices: setup.modes,
      help: `Indices with which stage ${i + 1} unpools to ${height} × ${width}: ${memory(setup.bytes[i])}`,
    });
    control.querySelector("select").dataset.stage = i + 1;
    control.append(element("span", { class: "sn-size sn-number", text: `to ${height} × ${width}` }));
    return control;
  });
  const words = {
    true: "true", zeros: "zero", shuffled: "shuffled", random: "random", other: "other image",
    nearest: "nearest", bilinear: "bilinear",
  };
  const presets = setup.modes.map(([mode, text]) => button(words[mode],
    () => asked.set("modes", Array(stages).fill(mode)),
    { "data-preset": mode, title: `All stages: ${text}`, "aria-label": `All stages: ${text}` }));
  const share = slider(asked, "share", {
    class: "sn-detail", label: "Random share", min: 0, max: 100, scale: 100, format: (value) => percent(value, 0),
    help: "Share of the indices that chance replaces, for stages that are partly random",
  });
  const other = choice(asked, "other", {
    class: "sn-detail", label: "Other image", choices: [[null, "the next one"], ...setup.names.map((name, i) => [i, name])],
    help: "Image whose indices are taken, for stages of another image",
  });
  const draw = button("Shuffle again", () => asked.set("seed", asked.get("seed") + 1), { "data-action": "again" });
  const seed = element("span", { class: "sn-note sn-number" });
  const chance = element("div", { class: "sn-control sn-chance" }, draw, seed);
  const showControls = () => {
    const modes = asked.get("modes");
    const uses = (...names) => modes.some((mode) => names.includes(mode));
    for (const [node, used] of [[share, uses("random")], [other, uses("other")], [chance, uses("random", "shuffled")]]) {
      node.classList.toggle("sn-idle", !used);
      node.querySelector("input, select, button").disabled = !used;
    }
    for (const preset of presets) {
      const chosen = modes.every((mode) => mode === preset.dataset.preset);
      preset.setAttribute("aria-pressed", chosen);
    }
    seed.textContent = `draw ${asked.get("seed")}`;
  };
  asked.watch(["modes", "seed"], showControls);
  showControls();
  const controls = element("div", { class: "sn-side" },
    choice(asked, "image", { class: "sn-which", label: "Image", choices: setup.names.map((name, i) => [i, name]) }),
    element("div", { class: "sn-group", role: "group", "aria-label": "Indices of each stage" },
      element("div", { class: "sn-note", text: "Indices that the decoder gets" }), ...stageControls),
    element("div", { class: "sn-group", role: "group", "aria-label": "All stages at once" },
      element("div", { class: "sn-note", text: "All stages at once" }),
      element("div", { class: "sn-presets" }, ...presets)),
    element("div", { class: "sn-group", role: "group", "aria-label": "Details" },
      share, chance, setup.names.length > 1 ? other : null));

  // --- pictures
  const names = new Map(setup.palette.map((color, i) => [color.join(), setup.classes[i]]).reverse());
  const data = {};
  const classAt = (picture, [y, x]) => {
    const found = data[picture];
    if (!found) return "";
    const k = 4 * (y * found.width + x);
    return names.get([...found.data.slice(k, k + 3)].join()) ?? "";
  };
  const judgement = (truth, before, now) => {
    if (before === now) return "unchanged";
    if (truth === "void") return "changed, not judged";
    if (before === truth) return "now wrong";
    return now === truth ? "now right" : "wrong before and now";
  };
  const hint = "Point at a picture, or focus the pictures and use the arrow keys, to read a pixel.";
  const readout = element("div", { class: "sn-place sn-number", role: "status", text: hint });
  const linked = linkedPictures(scope, readout, (at) => {
    if (!at) return hint;
    const [truth, before, now] = ["truth", "reference", "prediction"].map((name) => classAt(name, at));
    return `row ${at[0]}, column ${at[1]}:  truth ${truth}  ·  true indices ${before}  ·  now ${now}  –  ` +
      judgement(truth, before, now);
  });
  const size = setup.sizes[0];
  const pictures = {
    image: linked.figure("image", "Image", size),
    truth: linked.figure("truth", "Ground truth", size),
    reference: linked.figure("reference", "True indices", size),
    prediction: linked.figure("prediction", "Now", size),
    changes: linked.figure("changes", "Changed pixels", size),
  };
  const views = segments(asked, "view", {
    label: "Show", choices: [["all", "all"], ["wrong", "now wrong"], ["right", "now right"]],
  });
  const legend = element("div", { class: "sn-legend", "aria-label": "Classes in the pictures" });
  const showLegend = () => {
    const present = new Set();
    for (const picture of Object.values(data)) {
      for (let k = 0; k < picture.data.length; k += 4) {
        present.add((picture.data[k] << 16) | (picture.data[k + 1] << 8) | picture.data[k + 2]);
      }
    }
    legend.replaceChildren(...setup.palette.flatMap(([r, g, b], i) => {
      if (!present.has((r << 16) | (g << 8) | b)) return [];
      const swatch = element("span", { class: "sn-swatch" });
      swatch.style.background = `rgb(${r} ${g} ${b})`;
      return [element("span", { class: "sn-entry" }, swatch, setup.classes[i])];
    }));
  };
  const load = async (bytes, kept) => {
    painting += 1;
    try {
      await Promise.all(Object.entries(bytes).map(async ([name, content]) => {
        await paint(scope, pictures[name].canvas, content, name === "image" ? "image/jpeg" : "image/png");
        if (kept.includes(name)) data[name] = await pixelsOf(content);
      }));
    } finally {
      painting -= 1;
      if (scope.alive) { showLegend(); linked.again(); showBusy(); }
    }
  };
  const loadScene = () => load(scope.get("_scene"), ["truth"]);
  const loadPictures = () => load(scope.get("_pictures"), ["reference", "prediction"]);
  scope.watch("_scene", loadScene);
  scope.watch("_pictures", loadPictures);

  // --- numbers
  const meters = {
    iou: meter("mean_iou", "Mean IoU", "Of this image; classes that it does not show are ignored"),
    outline: meter("boundary_f1", "Boundary F1", "Of this image: how well the outlines of the classes lie"),
    changed: meter("changed", "Changed pixels", "Pixels with another class than with true indices: right before and wrong now, and the other way round"),
    bytes: meter("bytes_indices", "Index memory", "Two bits per index; zeros and upsampling need none"),
  };
  const compared = element("div", { class: "sn-note" });
  const showNumbers = () => {
    const found = scope.get("result");
    if (!("mean_iou" in found)) return;
    const score = (key) => [
      percent(found[key]), found[key], points(found[`${key}_change`]), found[key] - found[`${key}_change`],
    ];
    meters.iou.show(...score("mean_iou"));
    meters.outline.show(...score("boundary_f1"));
    meters.changed.show(percent(found.changed), found.changed,
      `wrong ${percent(found.now_wrong)}, right ${percent(found.now_right)}`, null);
    const all = found.bytes_indices_true, saved = all - found.bytes_indices;
    meters.bytes.show(memory(found.bytes_indices), found.bytes_indices / all,
      saved ? `▼ −${memory(saved)}` : "all stages", 1);
    compared.textContent = `Lines across the bars: with true indices. These take ${memory(all)}; keeping the ` +
      `float32 feature maps, as U-Net does, would take ${memory(found.bytes_features)}, ` +
      `${Math.round(found.bytes_features / all)} times as much.`;
  };
  scope.watch("result", showNumbers);
  showNumbers();

  // --- all together
  results.append(
    element("div", { class: "sn-meters" }, ...Object.values(meters).map(({ node }) => node)),
    compared,
    element("div", {
      class: "sn-pictures", tabindex: 0, role: "group", keydown: linked.keydown,
      "aria-label": "Pictures; arrow keys move the cross, with shift by ten pixels",
    },
      element("div", { class: "sn-row sn-three" }, pictures.image.node, pictures.truth.node, pictures.reference.node),
      element("div", { class: "sn-row sn-two" }, pictures.prediction.node, pictures.changes.node)),
    element("div", { class: "sn-below" }, readout, views));
  const mark = (kind, text) => element("span", { class: "sn-entry" },
    element("span", { class: `sn-mark ${kind}` }), text);
  const foot = element("div", { class: "sn-foot" },
    element("div", { class: "sn-group" },
      element("div", { class: "sn-note", text: "Changed pixels, in their new colour" }),
      mark("sn-mark-wrong", "striped: right with true indices, now wrong"),
      mark("sn-mark-right", "dotted: wrong with true indices, now right"),
      mark("", "plain: wrong both times, or truth unknown")),
    element("div", { class: "sn-group" }, element("div", { class: "sn-note", text: "Classes" }), legend));
  body.append(element("div", { class: "sn-columns" }, controls, results, foot));
  loadScene();
  loadPictures();
});
