// The dictionary's page: a sentence is read again while it is typed, and is still there when a word was saved.
const form = document.getElementById("trial");
const result = document.getElementById("trial-result");
const KEPT = "voxhouse.dictionary.sentence";
const PAUSE = 350; // ms after the last key

let timer, asked;

async function read() {
  asked?.abort();
  asked = new AbortController();
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), signal: asked.signal });
    if (answer.ok) result.innerHTML = await answer.text();
  } catch (error) {
    if (error.name !== "AbortError") throw error; // a later one is under way
  }
}

form.sentence.value = sessionStorage.getItem(KEPT) ?? "";
if (form.sentence.value) read();
form.addEventListener("submit", (event) => {
  event.preventDefault();
  read();
});
form.addEventListener("input", () => {
  sessionStorage.setItem(KEPT, form.sentence.value);
  clearTimeout(timer);
  timer = setTimeout(read, PAUSE);
});
