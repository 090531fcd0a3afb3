// Line charts drawn by hand as SVG: axes, ticks, a legend with names and dash patterns, a cursor, marks.

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Round numbers between two ends, about `count` of them, no closer than `least`. */
function ticksOf([low, high], count, least = 0) {
  const rough = Math.max((high - low) / count, least, 1e-12);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(least, power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999));
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

/** How large an axis must be for a value: the next of 1, 1.5, 2, 3, 5, 7 times a power of ten. */
function roomFor(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.5, 2, 3, 4, 5, 7, 10].find((factor) => factor * power >= value * 0.9999);
}

const CHART = { width: 460, height: 216, left: 46, right: 14, top: 10, bottom: 36 };

/**
 * A chart of a few lines.
 * options: title, xLabel, yLabel, series [[key, name, number of its style]], wholeX, tick (text of a tick on y),
 * value (text of a value in the legend), pick (called with x where the reader points and drags).
 * draw({x, y, lines: {key: [[x, y], ...]}, cursor, marks: [{x, text}]})
 */
function lineChart(options) {
  const { width, height, left, right, top, bottom } = CHART;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "sn-chart", role: "img" });
  const values = {};
  const legend = element("div", { class: "sn-legend" }, ...options.series.map(([key, name, style]) => {
    values[key] = element("output", { class: "sn-number", "data-value": key });
    const sample = svg("svg", { viewBox: "0 0 28 8", class: "sn-sample" },
      svg("line", { x1: 1, x2: 27, y1: 4, y2: 4, class: `sn-line sn-line-${style}` }));
    return element("span", { class: "sn-entry" }, sample, element("span", { text: name }), values[key]);
  }));
  const node = element("figure", { class: "sn-figure sn-chart-figure" },
    element("figcaption", { text: options.title }), legend, picture);
  let state = { x: [0, 1], y: [0, 1], lines: {}, cursor: null, marks: [] };

  const across = (x) => left + (x - state.x[0]) / (state.x[1] - state.x[0]) * (width - left - right);
  const down = (y) => height - bottom - (y - state.y[0]) / (state.y[1] - state.y[0]) * (height - top - bottom);

  if (options.pick) {
    const pick = (event) => {
      const box = picture.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width * width;
      const share = Math.min(1, Math.max(0, (at - left) / (width - left - right)));
      options.pick(state.x[0] + share * (state.x[1] - state.x[0]));
    };
    picture.classList.add("sn-pickable");
    picture.addEventListener("pointerdown", (event) => { picture.setPointerCapture(event.pointerId); pick(event); });
    picture.addEventListener("pointermove", (event) => { if (picture.hasPointerCapture(event.pointerId)) pick(event); });
  }

  function draw(next) {
    state = { ...state, ...next };
    const parts = [];
    for (const tick of ticksOf(state.y, 4)) {
      const y = down(tick);
      parts.push(svg("line", { x1: left, x2: width - right, y1: y, y2: y, class: "sn-grid" }),
        svg("text", { x: left - 6, y: y + 4, "text-anchor": "end", text: (options.tick ?? String)(tick) }));
    }
    for (const tick of ticksOf(state.x, 8, options.wholeX ? 1 : 0)) {
      const x = across(tick);
      parts.push(svg("line", { x1: x, x2: x, y1: height - bottom, y2: height - bottom + 4, class: "sn-axis" }),
        svg("text", { x, y: height - bottom + 16, "text-anchor": "middle", text: (options.xTick ?? String)(tick) }));
    }
    parts.push(
      svg("line", { x1: left, x2: width - right, y1: height - bottom, y2: height - bottom, class: "sn-axis" }),
      svg("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle", text: state.xLabel ?? options.xLabel }),
      svg("text", { x: 11, y: (top + height - bottom) / 2, "text-anchor": "middle", text: options.yLabel,
        transform: `rotate(-90 11 ${(top + height - bottom) / 2})` }));
    for (const { x, text } of state.marks) {
      const place = across(x), end = place > width * 0.7;
      parts.push(svg("line", { x1: place, x2: place, y1: top, y2: height - bottom, class: "sn-mark" }),
        svg("text", { x: place + (end ? -5 : 5), y: top + 8, "text-anchor": end ? "end" : "start", class: "sn-mark-text", text }));
    }
    if (state.cursor !== null) {
      const place = across(state.cursor);
      parts.push(svg("line", { x1: place, x2: place, y1: top, y2: height - bottom, class: "sn-cursor" }));
    }
    for (const [key, , style] of options.series) {
      const points = (state.lines[key] ?? []).filter(([, y]) => Number.isFinite(y));
      const path = points.map(([x, y]) => `${across(x).toFixed(1)},${down(y).toFixed(1)}`).join(" ");
      parts.push(svg("polyline", { points: path, class: `sn-line sn-line-${style}`, "data-line": key }));
      const at = points.find(([x]) => x === state.cursor)
        ?? (points.length && state.cursor !== null ? points.reduce((a, b) => Math.abs(b[0] - state.cursor) < Math.abs(a[0] - state.cursor) ? b : a) : null);
      const dots = points.length === 1 ? [points[0]] : at ? [at] : [];
      for (const [x, y] of dots) parts.push(svg("circle", { cx: across(x), cy: down(y), r: 3.5, class: `sn-dot sn-line-${style}` }));
      values[key].textContent = at ? (options.value ?? String)(at[1]) : "";
    }
    picture.replaceChildren(...parts);
    const told = options.series.map(([key, name]) => values[key].textContent && `${name} ${values[key].textContent}`).filter(Boolean);
    picture.setAttribute("aria-label", `${options.title}. ${told.join(", ")}`);
  }
  return { node, draw };
}
