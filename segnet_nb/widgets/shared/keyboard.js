// @ts-check
// Which keys belong to an explorer while one of its controls has the focus, and which to the notebook.

/** @import { Scope } from "./scope.js" */

// JupyterLab and Notebook look for this attribute on the element with the focus, then on its parents, until the
// selector of a shortcut fits. Those of the command mode fit the element with the focus, so it must be there.
const KEPT = "data-lm-suppress-shortcuts";

// With Ctrl, Alt or Cmd, too, these would move cells, merge them, select all or undo the last change of a cell.
const EDITING = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown",
  "Backspace", "Delete", "a", "z"]);

/**
 * Whether a key is the notebook's all the same, such as Ctrl+S, which saves, or Shift+Enter, which runs the cell.
 * @param {KeyboardEvent} event
 */
function isForNotebook(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey || event.altKey) return !EDITING.has(key);
  return event.shiftKey && key === "Enter";
}

/**
 * Whether a browser would take back the last typing anywhere in the page, and move the focus there.
 * @param {KeyboardEvent} event
 */
function undoesElsewhere({ key, ctrlKey, metaKey, target }) {
  return (ctrlKey || metaKey) && key.toLowerCase() === "z"
    && target instanceof Element && !target.matches(":read-write");
}

/**
 * Keep the keys that are pressed in an explorer from the shortcuts of the page around it.
 * @param {Scope<any>} scope
 * @param {HTMLElement} root
 */
export function keepKeys(scope, root) {
  // Notebook listens on the document before the element with the focus is told, so the window must mark it.
  /** @param {KeyboardEvent} event */
  const mark = (event) => {
    const [target] = event.composedPath();  // the target of the event is the host where there is a shadow tree
    if (target instanceof HTMLElement && root.contains(target)) target.toggleAttribute(KEPT, !isForNotebook(event));
  };
  window.addEventListener("keydown", mark, true);
  scope.ending(() => window.removeEventListener("keydown", mark, true));
  root.addEventListener("keydown", (event) => {
    // Slides and other pages listen too, and know no such attribute.
    if (!isForNotebook(event)) event.stopPropagation();
    if (undoesElsewhere(event)) event.preventDefault();
  });
}
