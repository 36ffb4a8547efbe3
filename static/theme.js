// Loaded before the page is painted, so that a chosen theme never flashes. No choice: the system's.
const chosen = localStorage.getItem("voxhouse.theme");
if (chosen) document.documentElement.dataset.theme = chosen;

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const next = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
  if (next === system) {
    delete root.dataset.theme;
    localStorage.removeItem("voxhouse.theme");
  } else {
    root.dataset.theme = next;
    localStorage.setItem("voxhouse.theme", next);
  }
  document.dispatchEvent(new Event("themechange"));
});
