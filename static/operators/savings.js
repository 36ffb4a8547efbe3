// The savings page: another team, month or vendor at once, figures that follow what is typed before it is saved,
// the curve, and what the sliders stand at. Their figures are htmx's.
import { compact, draw } from "./chart.js";

const choice = document.getElementById("choice");
const cost = document.getElementById("own-cost");
const figures = document.getElementById("figures");
const PAUSE = 300; // ms after the last key

choice.querySelector("button").hidden = true;
choice.addEventListener("change", () => choice.submit());

/** Only the chosen way of counting is shown, checked and sent. */
function choose() {
  const by = new FormData(cost).get("by");
  for (const fields of cost.querySelectorAll("[data-by]")) fields.disabled = fields.dataset.by !== by;
}

let timer, asked;

async function calculate() {
  if (!cost.checkValidity()) return;
  asked?.abort();
  asked = new AbortController();
  try {
    const answer = await fetch(figures.dataset.source, { method: "POST", body: new FormData(cost), signal: asked.signal });
    if (!answer.ok) return;
    const all = figures.querySelector("details")?.open;
    figures.innerHTML = await answer.text();
    figures.querySelector("details")?.toggleAttribute("open", all);
    document.getElementById("unsaved").hidden = false;
  } catch (error) {
    if (error.name !== "AbortError") throw error; // a later one is under way
  }
}

cost.addEventListener("input", () => {
  choose();
  clearTimeout(timer);
  timer = setTimeout(calculate, PAUSE);
});
choose();

const plot = document.getElementById("curve");
if (plot) {
  const { days, chosen, cheapest, here } = JSON.parse(document.getElementById("curve-data").textContent);
  const names = [...plot.parentElement.querySelectorAll(".legend li")].map((line) => line.textContent);
  const series = [
    { label: names[0], values: chosen, color: "--series-1" },
    { label: names[1], values: cheapest, color: "--series-2" },
    ...(names.length > 2 ? [{ label: names[2], values: here, color: "--series-3" }] : []),
  ];
  draw(plot, days, series, { format: (amount) => `¥${compact(amount)}` });
}

const number = new Intl.NumberFormat(document.documentElement.lang);
document.getElementById("what-if")?.addEventListener("input", ({ target }) => {
  const told = number.format(target.value);
  target.parentElement.querySelector("output").textContent = told;
  target.setAttribute("aria-valuetext", told);
});
