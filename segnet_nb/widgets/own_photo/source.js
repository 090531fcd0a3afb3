// @ts-check
// A photo of the reader's: a file that is chosen or dropped, an image that is pasted, or the camera.

import { Announcer } from "../shared/announcer.js";
import { button, element, used } from "../shared/dom.js";
import { keepKeys } from "../shared/keyboard.js";
import { Scope } from "../shared/scope.js";
import { followTheme } from "../shared/theme.js";
import { cameraControls } from "./camera.js";
import { IMAGE_TYPES, imageOf, problemOf } from "./files.js";

/** @import { View } from "../shared/types" */
/** @import { Traits } from "./types" */

/**
 * Take files that are dropped on an element or pasted into it.
 * @param {HTMLElement} root
 * @param {(files: FileList | undefined, nothing: string) => void} take
 */
function listenToFiles(root, take) {
  /** @param {boolean} on */
  const mark = (on) => root.classList.toggle("sn-over", on);
  for (const kind of ["dragenter", "dragover"]) {
    root.addEventListener(kind, (event) => { used(event); mark(true); });
  }
  root.addEventListener("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node && root.contains(event.relatedTarget))) mark(false);
  });
  root.addEventListener("drop", (event) => {
    used(event);
    mark(false);
    take(event.dataTransfer?.files, "What was dropped is not a file: drop an image file.");
  });
  root.addEventListener("paste", (event) => {
    used(event);
    take(event.clipboardData?.files, "There is no image in the clipboard: copy one first.");
  });
}

/**
 * Send the first of some files, or say why not.
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} told
 * @param {FileList | undefined} files
 * @param {string} nothing what to say where there is none
 */
async function receive(scope, told, files, nothing) {
  const file = files?.[0];
  told.textContent = file ? problemOf(file) : nothing;
  if (!file || told.textContent) return;
  try {
    const photo = await imageOf(file);
    if (scope.alive) scope.set("photo", photo);
  } catch (failure) {
    told.textContent = failure instanceof Error ? failure.message : `${failure}`;
  }
}

/**
 * A button that opens the browser's dialog for files.
 * @param {(files: FileList) => void} take
 */
function chooserOf(take) {
  const input = element("input", {
    type: "file", accept: IMAGE_TYPES.join(","), hidden: true,
    change: () => {
      if (input.files?.length) take(input.files);
      input.value = "";
    },
  });
  return [button("Choose a photo", () => input.click(), { "data-action": "choose" }), input];
}

/** @type {View<Traits>} */
export default {
  render({ model, el }) {
    const told = element("span", { class: "sn-note", role: "status" });
    const root = element("section", { class: "sn-explorer sn-camera", "aria-label": "Your photo" });
    const scope = new Scope(model, root, told, new Announcer(root));
    /** @param {FileList | undefined} files */
    const take = (files, nothing = "") => { receive(scope, told, files, nothing); };
    const camera = cameraControls(scope, told);
    root.append(element("div", { class: "sn-camera-row" }, ...chooserOf(take), ...camera.buttons,
      element("div", {
        class: "sn-drop", tabindex: "0", role: "group", "aria-label": "Drop or paste an image here",
        text: "or drop one here, or click here and paste one (Ctrl+V)",
      })), told, camera.video);
    keepKeys(scope, root);
    followTheme(scope, root);
    listenToFiles(root, take);
    el.append(root);
    return () => { scope.close(); root.remove(); };
  },
};
