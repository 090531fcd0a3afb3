// @ts-check
// Starts a widget in a page without a kernel: its saved state becomes a model that the widget's own module can
// use. One copy of this runs for each widget of the page.

(async (script) => {
  /**
   * What a page holds of one widget.
   * @typedef {{ path: (string | number)[], data: string }} SavedBuffer
   * @typedef {{ state: Record<string, any>, buffers: SavedBuffer[], module: string, live: boolean }} Saved
   * @typedef {(...values: any[]) => void} Listener
   * @typedef {import("../widgets/shared/types").Model<Record<string, any>>} Model
   */

  /**
   * @param {ParentNode | null | undefined} parent
   * @param {string} selector
   * @returns {HTMLElement}
   */
  function find(parent, selector) {
    const found = parent?.querySelector(selector);
    if (!(found instanceof HTMLElement)) throw new Error(`This page has no ${selector}.`);
    return found;
  }

  /**
   * Put the bytes into the state, each at its path.
   * @param {Saved} saved
   */
  function restore({ state, buffers }) {
    for (const { path, data } of buffers) {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      const parent = path.slice(0, -1).reduce((part, key) => part[key], state);
      parent[path[path.length - 1]] = new DataView(bytes.buffer);
    }
    return state;
  }

  let binaries = 0;
  /**
   * For comparisons: bytes and pixels are equal to nothing.
   * @param {string} _
   * @param {any} value
   */
  function told(_, value) {
    const binary = ArrayBuffer.isView(value) || value instanceof ImageData;
    return binary ? `binary ${binaries += 1}` : value;
  }

  /**
   * The part of anywidget's model that views use.
   * @param {Record<string, any>} state
   * @returns {Model & { widget_manager: null }}
   */
  function modelOf(state) {
    /** @type {Map<string, Set<Listener>>} */
    const listeners = new Map();
    const model = {
      offline: true,
      widget_manager: null,
      /** @param {string} name */
      get: (name) => state[name],
      /** @param {string} name @param {unknown} value */
      set(name, value) {
        if (JSON.stringify(state[name], told) === JSON.stringify(value, told)) return;
        state[name] = value;
        for (const event of [`change:${name}`, "change"]) {
          for (const listener of [...(listeners.get(event) ?? [])]) listener(model, value);
        }
      },
      save_changes() {},
      /** @param {object} content */
      send(content) {
        for (const listener of [...(listeners.get("sent") ?? [])]) listener(content);
      },
      /** @param {string} events @param {Listener} listener */
      on(events, listener) {
        for (const event of events.split(" ")) {
          listeners.set(event, (listeners.get(event) ?? new Set()).add(listener));
        }
      },
      /** @param {string | null} [events] @param {Listener | null} [listener] */
      off(events, listener) {
        for (const event of events?.split(" ") ?? [...listeners.keys()]) {
          if (listener) listeners.get(event)?.delete(listener);
          else listeners.delete(event);
        }
      },
    };
    return model;
  }

  /**
   * What a module exports, whose source the page holds as JSON.
   * @param {string} selector
   */
  async function moduleOf(selector) {
    const source = JSON.parse(find(document, selector).textContent ?? "");
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    try {
      return (await import(url)).default;
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  /**
   * Draw the widget with its own module.
   * @param {any} widget
   * @param {Model} model
   * @param {HTMLElement} el
   */
  async function draw(widget, model, el) {
    const made = typeof widget === "function" ? await widget() : widget;
    await made.initialize?.({ model });
    await made.render({ model, el });
  }

  const place = script?.closest("[data-standalone]");
  /** @type {Saved} */
  const saved = JSON.parse(find(place, "[data-state]").textContent ?? "");
  const model = modelOf(restore(saved));
  // One host answers for all widgets of the page whose network it holds.
  const shared = /** @type {any} */ (window);
  if (saved.live) (await (shared.segnetHost ??= moduleOf("[data-page-host]")))(model);
  await draw(await moduleOf(`[data-module="${saved.module}"]`), model, find(place, "[data-view]"));
  place?.querySelector("[data-fallback]")?.remove();
})(document.currentScript);
