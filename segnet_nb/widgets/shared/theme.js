// @ts-check
// Whether the page around an explorer is dark. Every home tells it in another way, and some not at all.

/** @import { Scope } from "./scope.js" */

const DARK_KINDS = new Set(["vscode-dark", "vscode-high-contrast"]);
// Some homes, such as Voila, have JupyterLab's colors but not its attributes.
const GROUNDS = ["--jp-layout-color1", "--vscode-editor-background"];

/** @type {OffscreenCanvasRenderingContext2D | null} */
let pixel = null;

/**
 * How light a color is, 0..255; null where it is see-through or no color. A canvas reads every notation.
 * @param {string} color
 */
function lightnessOf(color) {
  if (!color.trim()) return null;
  pixel ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  if (!pixel) return null;
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = "#0000";  // what is no color is not taken
  pixel.fillStyle = color;
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
  return alpha < 128 ? null : 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * The element around another one, also around a shadow tree.
 * @param {Element} node
 * @returns {Element | null}
 */
function around(node) {
  const top = node.getRootNode();
  return node.parentElement ?? (top instanceof ShadowRoot ? top.host : null);
}

/** @param {HTMLElement} root */
function isDark(root) {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "false";
  if (vscodeThemeKind) return DARK_KINDS.has(vscodeThemeKind);
  const style = getComputedStyle(root);
  const colors = GROUNDS.map((name) => style.getPropertyValue(name));
  for (let node = around(root); node; node = around(node)) colors.push(getComputedStyle(node).backgroundColor);
  const ground = colors.map(lightnessOf).find((lightness) => lightness !== null);
  // Where all is see-through, as in a frame, a dark page has light words.
  return (ground ?? 255 - (lightnessOf(getComputedStyle(document.body).color) ?? 0)) < 128;
}

/**
 * Mark an explorer in a dark page with a class, and follow the page when its theme changes.
 * @param {Scope<any>} scope
 * @param {HTMLElement} root
 */
export function followTheme(scope, root) {
  const look = () => { root.classList.toggle("sn-dark", isDark(root)); };
  const placed = new ResizeObserver(look);  // also called once, when the page has the element, before it is drawn
  placed.observe(root);
  const changed = new MutationObserver(look);
  for (const node of [document.documentElement, document.body]) changed.observe(node, { attributes: true });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", look);
  scope.ending(() => {
    placed.disconnect();
    changed.disconnect();
    system.removeEventListener("change", look);
  });
}
