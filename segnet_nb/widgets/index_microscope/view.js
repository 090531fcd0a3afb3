// @ts-check
// The index microscope: six maps of one channel, and the path of a pixel down and back up.

import { choice, segments, slider } from "../shared/controls.js";
import { button, element, swatch } from "../shared/dom.js";
import { explorer } from "../shared/explorer.js";
import { onceAFrame } from "../shared/scope.js";
import { percent } from "../shared/values.js";
import { Ahead } from "./ahead.js";
import { MapPanel } from "./panel.js";
import { placeText, stepCard } from "./path.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { MapName, Path, Picture, Traits } from "./types" */

/** @type {[MapName, string, (picture: Picture, zeros: number[]) => string][]} */
const PANELS = [
  ["image", "Image", () => ""],
  ["features", "Features", ({ channel }) => `channel ${channel}`],
  ["pooled", "Pooled", () => "maxima"],
  ["indices", "Indices", () => "of the maxima"],
  ["unpooled", "Unpooled", (_, zeros) => `${percent(zeros[0])} zeros`],
  ["dense", "Convolved", (_, zeros) => `${percent(zeros[1])} zeros`],
];
const HELP = "Click a pixel on any map, or walk with the arrow keys (Shift: 8 at a time; Home, End, Page Up and Down).";

/**
 * A slider whose range is the channels of the stage.
 * @param {Scope<Traits>} scope
 */
function channelSlider(scope) {
  const control = slider(scope, "channel", {
    label: "channel", min: 0, max: 0, help: "one of the feature maps of this stage",
  });
  const readout = control.querySelector("output"), { field } = control;
  const show = () => {
    const last = scope.get("frame").stages[scope.get("stage") - 1].channels - 1;
    const text = `${scope.get("channel")} of 0–${last}`;
    field.max = `${last}`;
    field.value = `${scope.get("channel")}`;
    if (readout) readout.textContent = text;
    field.setAttribute("aria-valuetext", text);
  };
  return { control, show };
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} channel
 */
function controlRow(scope, channel) {
  const { names, stages } = scope.get("frame");
  return element("div", { class: "sn-controls" },
    names.length > 1
      ? choice(scope, "image", { label: "image", choices: names.map((name, number) => [number, name]) }) : null,
    segments(scope, "stage", {
      label: "stage", choices: stages.map((_, number) => [number + 1, `${number + 1}`]),
      help: "1 is the outermost pooling",
    }),
    channel,
    segments(scope, "zoom", {
      label: "zoom", choices: [1, 2, 4, 8].map((zoom) => [zoom, `${zoom}×`]), help: "all maps, about the pixel",
    }),
    button("loudest here", () => scope.model.send({ kind: "loudest" }), {
      "data-action": "loudest", title: "the channel with the largest maximum in this pixel's window",
    }));
}

/**
 * What the markers and the colours of the indices mean.
 * @param {Scope<Traits>} scope
 */
function keys(scope) {
  return [
    element("div", { class: "sn-legend" },
      element("span", {}, element("span", { class: "sn-key-here" }), "way down: the pixel, in ever larger windows"),
      element("span", {}, element("span", { class: "sn-key-ring" }), "way up: where the decoder puts the value"),
      element("span", {}, swatch(scope.get("frame").zero), "exactly 0")),
    element("div", { class: "sn-legend" }, element("span", { text: "index of the maximum" }),
      ...scope.get("frame").offsets.map(([color, text], offset) =>
        element("span", {}, swatch(color), `${offset} ${text}`))),
  ];
}

/**
 * Draws the path on all maps, in words and in numbers.
 * @param {Scope<Traits>} scope
 * @param {{ path: Path, shown: { picture: Picture } }} ahead
 * @param {MapPanel[]} panels
 * @param {HTMLElement} status
 * @param {HTMLElement} strip
 */
function showPath(scope, { path, shown: { picture } }, panels, status, strip) {
  const frame = scope.get("frame");
  if (!path.steps || !picture.maps) return;
  for (const panel of panels) panel.trace(path, picture, frame);
  strip.style.setProperty("--sn-stages", `${path.steps.length}`);
  strip.replaceChildren(...path.steps.map((step) => stepCard(step, step.stage === path.stage, frame)));
  const { window } = path.steps[path.steps.length - 1], { returned } = path.steps[0];
  const home = returned.every((at, axis) => at === path.pixel[axis]);
  status.textContent = `Pixel ${placeText(path.pixel)} goes down to ${placeText(window)} at the bottleneck; `
    + `the decoder puts the value back at ${placeText(returned)}${home ? ", where it came from" : ""}.`;
  scope.say("path", status.textContent);
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} body
 */
function build(scope, body) {
  const channel = channelSlider(scope);
  const panels = PANELS.map(([name, title, detail]) => new MapPanel(scope, name, title, detail));
  const status = element("p", { class: "sn-status", "data-status": "" });
  const strip = element("div", { class: "sn-strip", "data-strip": "" });
  body.append(controlRow(scope, channel.control),
    element("div", { class: "sn-main" },
      element("div", { class: "sn-maps" }, ...panels.map((panel) => panel.figure)),
      element("div", { class: "sn-side" }, element("p", { class: "sn-note", text: HELP }), ...keys(scope), status)),
    strip);
  const showMaps = () => {
    const { picture, zeros } = ahead.shown;
    if (!picture.maps) return;
    for (const panel of panels) {
      panel.draw(picture, scope.get("photo"));
      panel.describe(picture, zeros, scope.get("frame"));
    }
  };
  const drawPath = () => showPath(scope, ahead, panels, status, strip);
  const maps = onceAFrame(scope, showMaps), path = onceAFrame(scope, drawPath);
  const ahead = new Ahead(scope, () => { maps(); path(); }, path);
  scope.watch(["stage", "channel", "frame"], channel.show);
  scope.watch(["zoom", "pixel"], () => panels.forEach((panel) => panel.centre()));
  scope.watch("photo", maps);
  scope.watch("frame", path);
  channel.show();
  showMaps();
  drawPath();
}

export default explorer("index-microscope", "Index microscope", build);
