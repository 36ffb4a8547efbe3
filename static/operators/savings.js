// The savings page: another team or month at once, and figures that follow what is typed before it is saved.
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
