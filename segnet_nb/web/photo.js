// @ts-check
// A page of its own: your photo or your camera, and the classes that a network gives its pixels.

import { button, element, rgb, swatch, used } from "../widgets/shared/dom.js";
import { IMAGE_TYPES, problemOf } from "../widgets/own_photo/files.js";
import { Engine, textOf } from "./engine.js";

const LONGEST_SIDE = 480;
const FRAMES = 10;  // of which the shown rate is the mean

const page = JSON.parse(textOf("[data-photo-page]"));
const ask = new Engine().network(page);
const picture = element("canvas", { class: "sn-photo", hidden: true, role: "img", "aria-label": "Your picture" });
const mask = element("canvas", { class: "sn-mask", hidden: true, "aria-hidden": "true" });
const sheet = element("div", { class: "sn-sheet" }, picture, mask);
const told = element("p", { class: "sn-told", role: "status" });
const rate = element("p", { class: "sn-rate" });
const legend = element("div", { class: "sn-legend", role: "group", "aria-label": "Classes in the picture" });
const video = element("video", { playsinline: true });
video.muted = true;
/** @type {MediaStream | null} */
let stream = null;
/** @type {number[]} */
let times = [];
let where = "";
let loaded = false;  // the engine and the network, by the first picture

/**
 * The pixels of a picture at the size that the network gets.
 * @param {CanvasImageSource} source
 * @param {number} width
 * @param {number} height
 */
function pixelsFrom(source, width, height) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(16, Math.round(width * scale)), Math.max(16, Math.round(height * scale)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("The browser gives no canvas to read a picture with.");
  context.fillStyle = "#ffffff";  // behind what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/**
 * @param {ImageData} image
 * @param {ImageData} classes in their colours
 * @param {Uint32Array} counts pixels of each class
 */
function show(image, classes, counts) {
  const { height, width } = classes;
  for (const canvas of [picture, mask]) {
    canvas.hidden = false;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
  }
  picture.getContext("2d")?.putImageData(image, 0, 0);
  mask.getContext("2d")?.putImageData(classes, 0, 0);
  legend.replaceChildren(...page.names.flatMap((/** @type {string} */ name, /** @type {number} */ id) => {
    const share = counts[id] / (height * width);
    return share < 0.005 ? [] : [element("span", { class: "sn-entry", "data-class": name },
      swatch(rgb(page.palette[id])), `${name} ${Math.round(100 * share)} %`)];
  }));
}

/**
 * Ask the network about a picture and show its answer.
 * @param {ImageData} image
 */
async function look(image) {
  const began = performance.now(), found = await ask({ image });
  loaded = true;
  where = found.gpu ? ", on the graphics processor" : "";
  show(image, found.mask, found.counts);
  times = [...times.slice(1 - FRAMES), performance.now() - began];
}

/** @param {unknown} failure */
function complain(failure) {
  const name = failure instanceof Error ? failure.name : "";
  if (name === "NotAllowedError") told.textContent = "The browser was not allowed to use the camera.";
  else if (name === "NotFoundError") told.textContent = "No camera was found.";
  else told.textContent = failure instanceof Error ? failure.message : `${failure}`;
}

/** @param {FileList | null | undefined} files */
async function take(files) {
  const file = files?.[0];
  if (!file) return;
  stop();
  told.textContent = problemOf(file) || (loaded ? "computing …" : "loading the network …");
  if (problemOf(file)) return;
  try {
    const bitmap = await createImageBitmap(file), first = loaded ? "" : "first picture, with loading: ";
    await look(pixelsFrom(bitmap, bitmap.width, bitmap.height));
    bitmap.close();
    told.textContent = "";
    rate.textContent = `${first}${Math.round(times[times.length - 1])} ms${where}`;
  } catch (failure) {
    complain(failure);
  }
}

/** Frames as they come: one at a time, and those that come meanwhile are dropped. */
async function follow() {
  const mine = stream;
  while (stream && stream === mine) {
    await look(pixelsFrom(video, video.videoWidth, video.videoHeight));
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    told.textContent = "";
    rate.textContent = `${(1000 / mean).toFixed(1)} frames a second${where}`;
    // A hidden page draws no frames, so it stops looking too.
    await new Promise((done) => { requestAnimationFrame(done); });
  }
}

async function start() {
  told.textContent = loaded ? "computing …" : "loading the network …";
  times = [];
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: LONGEST_SIDE } } });
    video.srcObject = stream;
    await video.play();
    showButtons();
    close.focus({ preventScroll: true });
    await follow();
  } catch (failure) {
    stop();
    complain(failure);
  }
}

function stop() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
  times = [];
  showButtons();
}

const input = element("input", {
  type: "file", accept: IMAGE_TYPES.join(","), hidden: true,
  change: () => { take(input.files).then(() => { input.value = ""; }); },
});
const choose = button("Choose a photo", () => input.click(), { "data-action": "choose" });
const open = button("Use the camera", start, { "data-action": "open" });
const close = button("Close the camera", () => { stop(); open.focus(); }, { "data-action": "close", hidden: true });
const opacity = element("input", {
  type: "range", min: 0, max: 100, value: 55, title: "Opacity of the classes",
  input: () => { mask.style.opacity = `${Number(opacity.value) / 100}`; },
});
mask.style.opacity = "0.55";

function showButtons() {
  open.hidden = stream !== null;
  close.hidden = stream === null;
}

for (const kind of ["dragenter", "dragover"]) document.addEventListener(kind, used);
document.addEventListener("drop", (event) => { used(event); take(event.dataTransfer?.files); });
document.addEventListener("paste", (event) => { take(event.clipboardData?.files); });
document.querySelector("main")?.append(
  element("div", { class: "sn-controls" }, choose, input, open, close,
    element("label", { class: "sn-opacity" }, "Classes ", opacity)),
  element("p", { class: "sn-note", text: "Or drop a photo anywhere on the page, or paste one. "
    + `Nothing leaves this machine: the network runs in this page, which can send nothing. ${page.notice}` }),
  told, sheet, rate, legend);
