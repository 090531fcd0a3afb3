// Loads an explorer when it comes near the visible part of the page, or at once if it is printed.
(() => {
  const prefix = new URL("../explorers/", document.currentScript.src).href;
  const load = (place) => {
    const script = document.createElement("script");
    script.src = `${prefix}${place.dataset.explorer}.js`;
    document.head.append(script);
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
    for (const place of document.querySelectorAll("[data-explorer]")) watch.observe(place);
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
