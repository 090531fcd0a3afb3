// @ts-check
// Elements of the page.

/** @import { Attributes, Child } from "./types" */

/**
 * An element with attributes (functions listen to events, booleans toggle) and children.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} attributes
 * @param {Child[]} children
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  for (const child of children) if (child !== null && child !== undefined) node.append(child);
  return node;
}

/**
 * @param {HTMLElement} node
 * @param {string} name
 * @param {Attributes[string]} value
 */
function setAttribute(node, name, value) {
  if (value === false || value === null || value === undefined) return;
  if (typeof value === "function") node.addEventListener(name, value);
  else if (name === "text") node.textContent = `${value}`;
  else if (name === "class") node.className = `${value}`;
  else node.setAttribute(name, value === true ? "" : `${value}`);
}

/**
 * The same for a drawing.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | null | undefined>} attributes
 * @param {Node[]} children
 */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = `${value}`;
    else if (value !== null && value !== undefined) node.setAttribute(name, `${value}`);
  }
  node.append(...children);
  return node;
}

/**
 * A push button.
 * @param {string} label
 * @param {() => void} action
 * @param {Attributes} attributes
 */
export function button(label, action, attributes = {}) {
  const made = element("button", { type: "button", class: "sn-button", text: label, ...attributes });
  made.addEventListener("click", () => { if (made.ariaDisabled !== "true") action(); });
  return made;
}

/**
 * Switch a button off or on. It keeps the focus: a browser takes it from one that is disabled.
 * @param {HTMLButtonElement} node
 * @param {boolean} off
 */
export function switchOff(node, off) {
  node.ariaDisabled = `${off}`;
}

/**
 * Whether an element or something in it has the focus. In a shadow tree, as in marimo, the document does not know.
 * @param {HTMLElement} node
 */
export function hasFocus(node) {
  const tree = node.getRootNode();
  return (tree instanceof Document || tree instanceof ShadowRoot) && node.contains(tree.activeElement);
}

/**
 * A small square of a colour.
 * @param {string} color
 */
export function swatch(color) {
  const mark = element("span", { class: "sn-swatch" });
  mark.style.background = color;
  return mark;
}

/**
 * A colour as CSS.
 * @param {number[]} color red, green and blue, 0..255
 */
export function rgb(color) {
  return `rgb(${color.join(" ")})`;
}

/**
 * A key that the view has used: JupyterLab has shortcuts of its own for many of them.
 * @param {Event} event
 */
export function used(event) {
  event.preventDefault();
  event.stopPropagation();
}

let idCount = 0;

/**
 * A name no other element of the page has, to tie labels to controls.
 * @param {string} prefix
 */
export function uniqueId(prefix) {
  idCount += 1;
  return `${prefix}-${idCount}-${Math.random().toString(36).slice(2, 8)}`;
}
