// Loads an explorer when it comes near the visible part of the page, or at once if it is printed.
(() => {
  const prefix = new URL("../explorers/", document.currentScript.src).href;
  const add = (name) => {
    const script = document.createElement("script");
    script.src = `${prefix}${name}.js`;
    script.async = false; // they run in this order
    document.head.append(script);
    return script;
  };
  const load = (place) => {
    place.dataset.wanted = "";
    add(place.dataset.explorer);
  };
  // One that needs the engine for one of its buttons alone asks for it.
  document.addEventListener("segnet-nb:engine", () => {
    const place = document.querySelector("[data-later]");
    if (!place) return;
    add(place.dataset.later).addEventListener("error", () => {
      document.dispatchEvent(new Event("segnet-nb:no-engine"));
    });
  });
  // One that runs a network needs the engine, so it starts on request.
  const offer = (place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "start-explorer";
    button.textContent = `Start this explorer (${place.dataset.megabytes} MB, runs in this page)`;
    button.addEventListener("click", () => {
      button.disabled = true;
      button.textContent = "Loading…";
      add(place.dataset.needs);
      load(place);
      new MutationObserver((_, watcher) => {
        if (!place.querySelector(".sn-explorer")) return;
        watcher.disconnect();
        button.remove();
      }).observe(place, { childList: true, subtree: true });
    });
    place.before(button);
  };
  const watch = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((each) => each.isIntersecting)) {
        watch.unobserve(entry.target);
        load(entry.target);
      }
    },
    { rootMargin: "600px" },
  );
  addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll("[data-explorer]")) {
      if (place.dataset.needs) offer(place);
      else watch.observe(place);
    }
  });
})();

// Explorers know the colors of JupyterLab: tell them when the page is dark.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const tell = () => {
    const chosen = document.body.dataset.theme;
    const light = chosen === "light" || (chosen !== "dark" && !dark.matches);
    document.body.dataset.jpThemeLight = String(light);
  };
  addEventListener("DOMContentLoaded", () => {
    tell();
    dark.addEventListener("change", tell);
    new MutationObserver(tell).observe(document.body, { attributeFilter: ["data-theme"] });
  });
})();
