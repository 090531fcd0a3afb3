// Brings a widget to life in a page without a kernel: its saved state becomes a model that the widget's own
// module can use. One copy of this runs for each widget of the page.
(async (script) => {
  const place = script.closest("[data-standalone]");
  const { state, buffers, module } = JSON.parse(place.querySelector("[data-state]").textContent);

  for (const { path, data } of buffers) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const last = path.pop();
    path.reduce((part, key) => part[key], state)[last] = new DataView(bytes.buffer);
  }

  const listeners = new Map();
  const model = {
    offline: true,
    widget_manager: null,
    get: (name) => state[name],
    set(name, value) {
      if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
      state[name] = value;
      for (const listener of [...(listeners.get(`change:${name}`) ?? []), ...(listeners.get("change") ?? [])]) {
        listener(model, value);
      }
    },
    save_changes() {},
    send() {},
    on(events, listener) {
      for (const event of events.split(" ")) {
        if (!listeners.has(event)) listeners.set(event, new Set());
        listeners.get(event).add(listener);
      }
    },
    off(events, listener) {
      for (const event of (events ?? [...listeners.keys()].join(" ")).split(" ")) {
        if (listener) listeners.get(event)?.delete(listener);
        else listeners.delete(event);
      }
    },
  };

  const source = JSON.parse(document.querySelector(`[data-module="${module}"]`).textContent);
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    const { default: widget } = await import(url);
    const made = typeof widget === "function" ? await widget() : widget;
    await made.initialize?.({ model });
    await made.render({ model, el: place.querySelector("[data-view]") });
    place.querySelector("[data-fallback]")?.remove();
  } finally {
    URL.revokeObjectURL(url);
  }
})(document.currentScript);
