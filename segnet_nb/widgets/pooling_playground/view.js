// A small map to edit, its maxima and indices, and four ways back up. All is computed here as well as in
// Python (_pooling_numbers.py), so that it works without a kernel.

const PLACES = ["top left", "top right", "bottom left", "bottom right"];
const WAYS = {
  unpooled: ["Unpooling", "unpooling", "each maximum to its place, zeros around it"],
  nearest: ["Nearest", "nearest", "each maximum four times"],
  bilinear: ["Bilinear", "bilinear", "maxima blended with their neighbours"],
  transposed: ["Transposed convolution", "transposed convolution", "each maximum times these weights, which a network learns"],
};
const PRESETS = {
  example: "Example", ties: "Ties", negative: "All negative", zeros: "Zeros", random: "Random",
};
const EXAMPLE = [
  [1, 3, 2, 2, 4, 0, 6, 1], [0, 2, 2, 2, 1, 7, 3, 5], [-4, -1, 0, 0, 8, 2, 1, 1], [-2, -3, 5, 0, 3, 6, 0, 9],
  [3, 1, 4, 1, 5, 9, 2, 6], [5, 3, 5, 8, 9, 7, 9, 3], [2, 3, 8, 4, 6, 2, 6, 4], [3, 3, 8, 3, 2, 7, 9, 5],
];
const TIES = [[5, 5, 5, 5], [1, 6, 6, 2], [0, 0, 4, 4], [3, 1, 3, 3]];
const LARGEST = 99;

const mapOf = (rows, columns, value) =>
  Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (_, x) => value(y, x)));
const bits = (index) => index.toString(2).padStart(2, "0");
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function preset(name, rows, columns, seed) {
  let state = Math.imul(2654435769, seed) >>> 0;  // seeds that are neighbours begin far apart
  const chance = () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return Math.floor((state >>> 16) * 19 / 65536) - 9;
  };
  return mapOf(rows, columns, {
    example: (y, x) => EXAMPLE[y][x],
    ties: (y, x) => TIES[((y >> 1) * 2 + (x >> 1)) % 4][(y % 2) * 2 + x % 2],
    negative: (y, x) => -1 - (3 * y + 5 * x + x * y) % 9,
    zeros: () => 0,
    random: chance,
  }[name]);
}

/** A value as it is shown: two decimals below 10, one above, none where there are none; `short`: one less. */
function number(value, short = false) {
  const factor = (Math.abs(value) < 10 ? 100 : 10) / (short ? 10 : 1);
  const rounded = Math.sign(value) * Math.floor(Math.abs(value) * factor + 0.5) / factor;
  return String(rounded === 0 ? 0 : rounded);
}

/** The places of a window that lie inside the map, in reading order: [offset, y, x]. */
function placesOf(grid, wy, wx) {
  return [0, 1, 2, 3].map((offset) => [offset, 2 * wy + (offset >> 1), 2 * wx + offset % 2])
    .filter(([, y, x]) => y < grid.length && x < grid[0].length);
}

/** Maxima, indices, the four maps and their scores. */
function answer(grid, kernel) {
  const rows = grid.length, columns = grid[0].length;
  const high = Math.ceil(rows / 2), wide = Math.ceil(columns / 2);
  let ties = 0;
  const indices = mapOf(high, wide, (wy, wx) => {
    let best = null, count = 0;
    for (const [offset, y, x] of placesOf(grid, wy, wx)) {
      if (best === null || grid[y][x] > best[1]) { best = [offset, grid[y][x]]; count = 0; }
      if (grid[y][x] === best[1]) count += 1;
    }
    if (count > 1) ties += 1;
    return best[0];
  });
  const pooled = mapOf(high, wide, (wy, wx) => grid[2 * wy + (indices[wy][wx] >> 1)][2 * wx + indices[wy][wx] % 2]);
  const clamp = (i, count) => Math.min(count - 1, Math.max(0, i));
  const maps = {
    unpooled: mapOf(rows, columns, (y, x) =>
      indices[y >> 1][x >> 1] === (y % 2) * 2 + x % 2 ? pooled[y >> 1][x >> 1] : 0),
    nearest: mapOf(rows, columns, (y, x) => pooled[y >> 1][x >> 1]),
    bilinear: mapOf(rows, columns, (y, x) => {
      // Half-pixel centres: a quarter of a window from the own centre, towards the neighbour on that side.
      const y2 = clamp((y >> 1) + (y % 2 ? 1 : -1), high), x2 = clamp((x >> 1) + (x % 2 ? 1 : -1), wide);
      const along = (row) => 0.75 * pooled[row][x >> 1] + 0.25 * pooled[row][x2];
      return 0.75 * along(y >> 1) + 0.25 * along(y2);
    }),
    transposed: mapOf(rows, columns, (y, x) => pooled[y >> 1][x >> 1] * kernel[y % 2][x % 2]),
  };
  const errors = {}, kept = {};
  for (const way of Object.keys(WAYS)) {
    errors[way] = 0;
    kept[way] = 0;
    maps[way].forEach((row, y) => row.forEach((value, x) => {
      errors[way] += Math.abs(value - grid[y][x]);
      kept[way] += value === grid[y][x] ? 1 : 0;
    }));
    errors[way] = Math.round(errors[way] * 1e9) / 1e9;
  }
  return { pooled, indices, ...maps, errors, kept, ties };
}

/** What there is to see in this map, in a few words. */
function explain(grid, { errors, kept, ties }) {
  const values = grid.flat(), said = [];
  if (values.every((value) => value === 0)) said.push("All values are zero: every way up gives the map back.");
  else if (values.every((value) => value < 0)) {
    said.push("All values are negative: the zeros that unpooling leaves are larger than any of them.");
  }
  if (ties === 0) said.push("No window has a tie.");
  else {
    const who = ties === 1 ? "1 window has a tie" : `${ties} windows have ties`;
    said.push(`${who}; the first maximum in reading order wins.`);
  }
  const rows = grid.length, columns = grid[0].length;
  const partial = Math.ceil(rows / 2) * Math.ceil(columns / 2) - (rows >> 1) * (columns >> 1);
  if (partial) said.push(`${partial} windows at an odd edge hold fewer than four values.`);
  if (values.some((value) => value !== 0)) {
    const names = (scores, score) =>
      Object.keys(WAYS).filter((way) => scores[way] === score).map((way) => WAYS[way][1]).join(" and ");
    const least = Math.min(...Object.values(errors)), most = Math.max(...Object.values(kept));
    said.push(`Smallest error: ${names(errors, least)} (${number(least)}).`);
    said.push(`Most values exactly right: ${names(kept, most)} (${most} of ${values.length}).`);
  }
  return said.join(" ");
}

/** A table of numbers whose cells and window can be found by place; `fill` makes a cell's content. */
function numberMap(name, title, label, rows, columns, step, fill, role = "table") {
  const inner = role === "grid" ? "gridcell" : "cell";
  const grid = element("div", { class: "sn-map", role, "aria-label": label, "data-map": name });
  grid.style.setProperty("--columns", columns);
  grid.classList.toggle("sn-dense", columns * step > 6);
  const cells = mapOf(rows, columns, (y, x) => {
    const cell = element("div", { class: "sn-cell", role: inner, "data-y": y, "data-x": x });
    cell.classList.toggle("sn-column", step === 2 || x % 2 === 0);
    cell.classList.toggle("sn-row", step === 2 || y % 2 === 0);
    fill(cell, y, x);
    return cell;
  });
  grid.append(...cells.map((row) => element("div", { class: "sn-line", role: "row" }, ...row)));
  const frame = element("div", { class: "sn-window", hidden: true });
  grid.append(frame);
  const light = (window) => {
    frame.hidden = !window;
    if (!window) return;
    const [top, left] = [window[0] * 2 / step, window[1] * 2 / step];
    const tall = Math.min(2 / step, rows - top), wide = Math.min(2 / step, columns - left);
    Object.assign(frame.style, {
      top: `${100 * top / rows}%`, left: `${100 * left / columns}%`,
      height: `${100 * tall / rows}%`, width: `${100 * wide / columns}%`,
    });
  };
  const score = element("div", { class: "sn-score sn-number", "data-score": name });
  const figure = element("figure", { class: "sn-figure" }, element("figcaption", { text: title }), grid, score);
  return { name, figure, grid, cells, score, light, step };
}

export default explorer("pooling-playground", "Pooling playground", (scope, body) => {
  let maps = {}, current = [0, 0], pooledAt = [0, 0], hovered = null, focused = null, fresh = true, minus = false;
  const grid = () => scope.get("grid");
  const size = () => [grid().length, grid()[0].length];
  const result = () => answer(grid(), scope.get("kernel"));

  // ---- the six maps, made anew when the size changes
  const top = element("div", { class: "sn-top" });
  const ways = element("div", { class: "sn-ways" });
  const words = element("p", { class: "sn-words", role: "status", "data-words": "" });
  const detail = element("p", { class: "sn-detail", "data-detail": "" });
  const problem = element("span", { class: "sn-problem", role: "alert", hidden: true });
  const steps = element("span", { class: "sn-steps" },
    button("−", () => stepped(-1), { "aria-label": "lower the chosen value", "data-step": -1 }),
    button("+", () => stepped(1), { "aria-label": "raise the chosen value", "data-step": 1 }));
  const legend = element("div", { class: "sn-legend" },
    element("div", { class: "sn-label", text: "index = 2·dy + dx, in two bits" }),
    element("div", { class: "sn-offsets" }, ...PLACES.map((place, index) =>
      element("div", { class: `sn-offset sn-o${index}` },
        element("b", { text: `${index} = ${bits(index)}` }), element("span", { text: place })))));
  const side = element("div", { class: "sn-side" }, legend, words);

  function build() {
    const [rows, columns] = size();
    const [high, wide] = [Math.ceil(rows / 2), Math.ceil(columns / 2)];
    current = [Math.min(current[0], rows - 1), Math.min(current[1], columns - 1)];
    pooledAt = [Math.min(pooledAt[0], high - 1), Math.min(pooledAt[1], wide - 1)];
    hovered = focused = null;
    const input = numberMap("grid", "Map: click and type", "map, editable", rows, columns, 1, (cell, y, x) => {
      cell.append(element("input", {
        type: "text", inputmode: "numeric", maxlength: 3, autocomplete: "off", tabindex: -1,
        "aria-label": `row ${y + 1}, column ${x + 1}`,
      }));
    }, "grid");
    const pooled = numberMap("pooled", "Maxima and indices", "maxima and indices", high, wide, 2, (cell) => {
      cell.tabIndex = -1;
      cell.append(element("b"), element("span"));
    }, "grid");
    // JupyterLab takes arrow keys for its own cells unless an element is a field or says this.
    pooled.grid.dataset.lmSuppressShortcuts = "true";
    input.score.append(steps, problem);
    maps = { grid: input, pooled };
    for (const [way, [title, , note]] of Object.entries(WAYS)) {
      maps[way] = numberMap(way, title, title, rows, columns, 1, () => {});
      maps[way].figure.append(element("div", { class: "sn-note", text: note }));
    }
    maps.transposed.figure.append(weights);
    top.replaceChildren(input.figure, pooled.figure, side);
    ways.replaceChildren(...Object.keys(WAYS).map((way) => maps[way].figure));
    ways.classList.toggle("sn-wide", columns > 6);
    for (const map of Object.values(maps)) listenTo(map);
    listenToKeys(input.grid, pooled.grid);
  }

  function draw() {
    const [rows, columns] = size();
    if (maps.grid?.cells.length !== rows || maps.grid.cells[0].length !== columns) build();
    const now = result();
    maps.grid.cells.forEach((row, y) => row.forEach((cell, x) => {
      const input = cell.firstChild, value = grid()[y][x];
      // What is being typed stays as it is, such as "07".
      if (fresh || Number(input.value) !== value) input.value = value;
      input.tabIndex = y === current[0] && x === current[1] ? 0 : -1;
    }));
    const won = (y, x) => now.indices[y >> 1][x >> 1] === (y % 2) * 2 + x % 2;
    const paintPlaces = (cell, y, x) => PLACES.forEach((_, index) =>
      cell.classList.toggle(`sn-o${index}`, won(y, x) && index === (y % 2) * 2 + x % 2));
    maps.grid.cells.forEach((row, y) => row.forEach((cell, x) => paintPlaces(cell, y, x)));
    maps.pooled.cells.forEach((row, y) => row.forEach((cell, x) => {
      const index = now.indices[y][x];
      cell.className = `sn-cell sn-column sn-row sn-o${index}`;
      cell.firstChild.textContent = now.pooled[y][x];
      cell.lastChild.textContent = `${index} = ${bits(index)}`;
      cell.tabIndex = y === pooledAt[0] && x === pooledAt[1] ? 0 : -1;
      cell.setAttribute("aria-label", `maximum ${now.pooled[y][x]}, index ${index}, ${PLACES[index]}`);
    }));
    for (const way of Object.keys(WAYS)) {
      maps[way].cells.forEach((row, y) => row.forEach((cell, x) => {
        const value = now[way][y][x], exact = value === grid()[y][x];
        cell.textContent = number(value, columns > 6);
        cell.classList.toggle("sn-exact", exact);
        cell.classList.toggle("sn-nil", value === 0);
        cell.setAttribute("aria-label", `${number(value)}${exact ? ", exact" : ""}`);
        if (way === "unpooled") paintPlaces(cell, y, x);
      }));
      maps[way].score.textContent =
        `error ${number(now.errors[way])} · exact ${now.kept[way]} of ${rows * columns}`;
    }
    words.textContent = explain(grid(), now);
    weightInputs.forEach((input, i) => {
      const value = scope.get("kernel")[i >> 1][i % 2];
      if (input.dataset.fresh === "true" || Number(input.value) !== value) input.value = value;
    });
    showSize();
    showPreset();
    lightUp();
  }

  // ---- the same window in all maps
  function lightUp() {
    const window = hovered ?? focused;
    for (const map of Object.values(maps)) map.light(window);
    if (!window) {
      detail.textContent = "In the map, arrow keys move, + and − change a value. Point at a window: it lights up in all maps.";
      return;
    }
    const [wy, wx] = window, now = result();
    const places = placesOf(grid(), wy, wx), index = now.indices[wy][wx], largest = now.pooled[wy][wx];
    const times = places.filter(([, y, x]) => grid()[y][x] === largest).length;
    detail.textContent = `Window ${wy + 1}, ${wx + 1} holds ${places.map(([, y, x]) => grid()[y][x]).join(", ")}. ` +
      `Its maximum ${largest} is ${times > 1 ? `there ${times} times, first at the` : "at the"} ${PLACES[index]}: ` +
      `dy = ${index >> 1}, dx = ${index % 2}, index ${index} = ${bits(index)}. It comes back as ` + Object.entries(WAYS).map(([way, [, name]]) =>
      `${places.map(([, y, x]) => number(now[way][y][x])).join(", ")} (${name})`).join("; ") + ".";
  }

  function windowOf(map, target) {
    const cell = target.closest?.("[data-y]");
    if (!cell) return null;
    const [y, x] = [Number(cell.dataset.y), Number(cell.dataset.x)];
    return map.step === 2 ? [y, x] : [y >> 1, x >> 1];
  }

  function listenTo(map) {
    // Not pointerover: a page that scrolls beneath a resting pointer says nothing about what is looked at.
    map.grid.addEventListener("pointermove", (event) => {
      const window = windowOf(map, event.target);
      if (same(window, hovered)) return;
      hovered = window;
      lightUp();
    });
    map.grid.addEventListener("pointerleave", () => { hovered = null; lightUp(); });
    map.grid.addEventListener("focusin", (event) => {
      focused = windowOf(map, event.target);
      hovered = null;
      lightUp();
    });
    map.grid.addEventListener("focusout", () => { focused = null; lightUp(); });
  }

  // ---- editing
  const inputAt = ([y, x]) => maps.grid.cells[y][x].firstChild;

  function put([y, x], value) {
    const rows = grid().map((row) => [...row]);
    rows[y][x] = Math.min(LARGEST, Math.max(-LARGEST, value));
    scope.set("grid", rows);
  }

  function stepped(change) {
    fresh = true;
    complain("");
    put(current, grid()[current[0]][current[1]] + change);
    inputAt(current).select();
  }

  function complain(text, input = null) {
    problem.textContent = text;
    problem.hidden = !text;
    steps.hidden = Boolean(text);
    for (const cell of maps.grid.cells.flat()) cell.firstChild.toggleAttribute("aria-invalid", cell.firstChild === input);
  }

  function typed(input) {
    fresh = false;
    const good = /^-?\d{1,2}$/.test(input.value.trim());
    complain(good || ["", "-"].includes(input.value.trim()) ? "" : `whole numbers from −${LARGEST} to ${LARGEST}`, good ? null : input);
    if (good) put(current, Number(input.value));
  }

  function moveIn(cells, at, key) {
    const [rows, columns] = [cells.length, cells[0].length];
    const step = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [1, 0],
      Home: [0, -columns], End: [0, columns],
    }[key];
    if (!step) return null;
    const inside = (i, count) => Math.min(count - 1, Math.max(0, i));
    return [inside(at[0] + step[0], rows), inside(at[1] + step[1], columns)];
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const to = moveIn(maps.grid.cells, current, event.key);
    const wasMinus = minus;
    minus = false;
    if (to) inputAt(to).focus();
    else if (event.key === "+") stepped(1);
    else if (event.key === "-" && event.target.value !== "") { stepped(-1); minus = true; }
    else if (wasMinus && /^\d$/.test(event.key)) {
      // "-" lowers by one, but "-" and then a digit is the beginning of a negative number.
      event.target.value = `-${event.key}`;
      typed(event.target);
    } else if (event.key === "Escape") { fresh = true; complain(""); draw(); event.target.select(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function listenToKeys(inputs, pooled) {
    inputs.addEventListener("keydown", onKey);
    inputs.addEventListener("input", (event) => typed(event.target));
    inputs.addEventListener("click", (event) => { if (fresh) event.target.select?.(); });
    inputs.addEventListener("focusin", (event) => {
      const cell = event.target.closest("[data-y]");
      inputAt(current).tabIndex = -1;
      current = [Number(cell.dataset.y), Number(cell.dataset.x)];
      fresh = true;
      minus = false;
      inputAt(current).tabIndex = 0;
      event.target.select();
    });
    inputs.addEventListener("focusout", (event) => {
      fresh = true;
      complain("");
      const cell = event.target.closest("[data-y]");
      event.target.value = grid()[cell.dataset.y][cell.dataset.x];
    });
    pooled.addEventListener("keydown", (event) => {
      const to = moveIn(maps.pooled.cells, pooledAt, event.key);
      if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
      maps.pooled.cells[to[0]][to[1]].focus();
      event.preventDefault();
      event.stopPropagation();
    });
    pooled.addEventListener("focusin", (event) => {
      const cell = event.target.closest("[data-y]");
      maps.pooled.cells[pooledAt[0]][pooledAt[1]].tabIndex = -1;
      pooledAt = [Number(cell.dataset.y), Number(cell.dataset.x)];
      cell.tabIndex = 0;
    });
  }

  // ---- the kernel of the transposed convolution
  const weightInputs = PLACES.map((place, i) => element("input", {
    type: "text", inputmode: "decimal", maxlength: 5, autocomplete: "off", "aria-label": `weight ${place}`,
    "data-weight": i, "data-fresh": "true",
    input: (event) => {
      const input = event.target, value = Number(input.value.trim().replace(",", ".") || NaN);
      const good = Number.isFinite(value) && Math.abs(value) <= 10;
      input.dataset.fresh = "false";
      input.toggleAttribute("aria-invalid", !good);
      if (!good) return;
      const rows = scope.get("kernel").map((row) => [...row]);
      rows[i >> 1][i % 2] = value;
      scope.set("kernel", rows);
    },
    blur: (event) => {
      event.target.dataset.fresh = "true";
      event.target.removeAttribute("aria-invalid");
      draw();
    },
  }));
  const weights = element("div", { class: "sn-weights", role: "group", "aria-label": "kernel of 2 x 2 weights" },
    ...weightInputs);

  // ---- presets and sizes
  const matching = () => Object.keys(PRESETS).find((name) => same(grid(), preset(name, ...size(), scope.get("seed"))));
  const fill = (name, rows, columns) => scope.set("grid", preset(name, rows, columns, scope.get("seed")));
  const presetButtons = Object.entries(PRESETS).map(([name, text]) =>
    button(text, () => fill(name, ...size()), { "data-preset": name, "aria-pressed": "false" }));
  const showPreset = () => {
    const name = matching();
    for (const one of presetButtons) one.setAttribute("aria-pressed", String(one.dataset.preset === name));
  };
  const seed = element("input", {
    type: "number", min: 0, max: 9999, step: 1, "data-trait": "seed", class: "sn-seed",
    change: () => {
      const value = Math.floor(Number(seed.value));
      if (seed.value === "" || !(value >= 0 && value < 2 ** 31)) { seed.value = scope.get("seed"); return; }
      scope.set("seed", value);
      fill("random", ...size());
    },
  });
  const showSeed = () => { seed.value = scope.get("seed"); showPreset(); };

  function resize(rows, columns) {
    const name = matching(), old = grid();
    // A preset stays that preset; a map of the reader's own keeps its values and gets zeros.
    if (name) fill(name, rows, columns);
    else scope.set("grid", mapOf(rows, columns, (y, x) => old[y]?.[x] ?? 0));
  }
  const sides = ["rows", "columns"].map((which, axis) => {
    const input = element("select", {
      "data-size": which,
      change: () => {
        const wanted = size();
        wanted[axis] = Number(input.value);
        resize(...wanted);
      },
    });
    for (let count = 4; count <= 8; count += 1) input.append(element("option", { text: count, value: count }));
    return input;
  });
  const showSize = () => sides.forEach((input, axis) => { input.value = size()[axis]; });

  body.append(
    element("div", { class: "sn-controls" },
      element("div", { class: "sn-presets", role: "group", "aria-label": "presets" }, ...presetButtons),
      labelled("seed", seed), labelled("rows", sides[0]), labelled("columns", sides[1])),
    top, detail,
    element("div", { class: "sn-heading", text: "The same maxima, four ways back up" }),
    ways,
    element("div", { class: "sn-note sn-key" }, element("span", { class: "sn-corner" }),
      "exactly as in the map; error: sum of the absolute differences to the map; numbers are shown rounded"));
  scope.watch("seed", showSeed);
  scope.watch(["grid", "kernel"], draw);
  draw();
  showSeed();
});
