// The history: one player for all of its recordings, what is chosen, and a text taken back to the studio.
import { file, request } from "./studio/api.js";
import { face } from "./studio/buttons.js";
import { Deck } from "./studio/deck.js";
import { keep } from "./studio/kept.js";
import { Player, RATE } from "./studio/player.js";
import { number, say } from "./studio/words.js";

const byId = (id) => document.getElementById(id);

/** A recording that is all there before it is heard. Fires "change" as a Player does, "heard" with its samples. */
class Recording extends Player {
  id;
  running = false; // being fetched

  /** Plays another one. Call it from a click; resolves to false where yet another one was asked for meanwhile. */
  async open(id) {
    this.id = id;
    this.running = true;
    this.begin();
    try {
      const samples = await fetched(id);
      if (this.id !== id) return false;
      this.append(samples);
      this.dispatchEvent(new CustomEvent("heard", { detail: { samples } }));
    } finally {
      if (this.id === id) {
        this.running = false;
        this.complete();
      }
    }
    return true;
  }
}

async function fetched(id) {
  const answer = await request(file(id, "wav"));
  // Browsers decode to the rate of the context they decode for.
  const decoded = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await answer.arrayBuffer());
  return decoded.getChannelData(0);
}

// --- The player, at the foot of the list ---

const recording = new Recording();
const player = byId("player");
const deck = player && new Deck(player, recording);

async function play(button) {
  if (recording.id === button.dataset.play) {
    toggle();
    return;
  }
  tell();
  player.hidden = false;
  byId("player-title").textContent = button.closest("[data-id]").querySelector(".entry-text").textContent;
  const opening = recording.open(button.dataset.play);
  deck.clear();
  try {
    await opening;
  } catch (error) {
    tell(error.message);
  }
  deck.show();
}

function toggle() {
  if (recording.playing) recording.pause();
  else recording.play();
}

function close() {
  recording.pause();
  recording.id = undefined;
  player.hidden = true;
  showButtons();
}

function tell(problem = "") {
  byId("player-problem").textContent = problem;
  byId("player-problem").hidden = !problem;
}

/** The button of what is heard pauses it; that of all others plays. */
function showButtons() {
  for (const button of document.querySelectorAll("[data-play]:enabled")) {
    const heard = button.dataset.play === recording.id;
    face(button, heard && recording.playing ? "pause" : "play");
    button.closest("[data-id]").classList.toggle("is-heard", heard);
  }
}

if (player) {
  recording.addEventListener("change", showButtons);
  player.querySelector("[data-toggle]").addEventListener("click", toggle);
  byId("player-close").addEventListener("click", close);
}

// --- What is chosen ---

const boxes = () => [...document.querySelectorAll("#chosen [name=id]")];

function showChosen() {
  const chosen = boxes().filter((box) => box.checked).length;
  const all = byId("all");
  if (!all) return;
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
  byId("chosen-count").textContent = chosen ? say("chosen", { count: number(chosen) }) : "";
}

document.addEventListener("change", ({ target }) => {
  if (target.id === "all") for (const box of boxes()) box.checked = target.checked;
  if (target.closest("#chosen")) showChosen();
});

// --- One press anywhere, for rows come and go ---

document.addEventListener("click", ({ target }) => {
  const pressed = target.closest("[data-play], [data-again]");
  if (pressed?.dataset.play) play(pressed);
  if (pressed?.dataset.again) keep(JSON.parse(byId(`again-${pressed.dataset.again}`).textContent));
});

document.addEventListener("htmx:afterSettle", () => {
  showChosen();
  showButtons();
});
showChosen();
