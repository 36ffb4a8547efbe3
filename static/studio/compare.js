// The same text twice, beside each other: two voices, or one in two emotions.
import { fill } from "./buttons.js";
import { Deck } from "./deck.js";
import { Take } from "./take.js";
import { say } from "./words.js";

export class Compare {
  #panel = document.getElementById("compare");
  #problem = document.getElementById("compare-problem");
  #desk;
  #lanes;

  /** `desk` is the studio's: `request(settings)`, `settings()`, `voices()`, `made(speech)` and `use(settings)`. */
  constructor(desk) {
    this.#desk = desk;
    this.#lanes = [...this.#panel.querySelectorAll("[data-lane]")].map((root) => new Lane(root, desk, this.#tell));
    this.#panel.addEventListener("toggle", () => this.#begin(), { once: true });
    this.#panel.addEventListener("input", (event) => event.stopPropagation()); // of no setting of the form
  }

  /** Lets takes be made, or not. */
  enable(canSpeak) {
    for (const lane of this.#lanes) lane.enable(canSpeak);
  }

  /** What is chosen beside the next voice. */
  #begin() {
    const { voice, emotion = "neutral" } = this.#desk.settings();
    const voices = this.#desk.voices();
    const next = voices[(voices.findIndex(({ id }) => id === voice) + 1) % voices.length];
    this.#lanes[0].offer(voice, emotion);
    this.#lanes[1].offer(next?.id, emotion);
  }

  #tell = (message = "") => {
    this.#problem.textContent = message;
    this.#problem.hidden = !message;
  };
}

class Lane {
  #take = new Take();
  #made; // the request that the take is of
  #desk;
  #deck;
  #tell;
  #toggle;
  #voice;
  #emotion;

  constructor(root, desk, tell) {
    this.#desk = desk;
    this.#tell = tell;
    this.#deck = new Deck(root, this.#take);
    this.#toggle = root.querySelector("[data-toggle]");
    this.#voice = root.querySelector("[data-voice]");
    this.#emotion = root.querySelector("[data-emotion]");
    this.#toggle.addEventListener("click", () => this.#press());
    this.#voice.addEventListener("change", () => this.offer(this.#voice.value, this.#emotion.value));
    root.querySelector("[data-use]").addEventListener("click", () => desk.use(this.#settings));
  }

  enable(canSpeak) {
    this.#toggle.disabled = !canSpeak;
  }

  offer(voice, emotion) {
    const voices = this.#desk.voices();
    const emotions = voices.find(({ id }) => id === voice)?.emotions ?? ["neutral"];
    fill(this.#voice, voices.map(({ id, name }) => [id, name]), voice);
    fill(this.#emotion, emotions.map((each) => [each, say(each)]), emotions.includes(emotion) ? emotion : emotions[0]);
  }

  get #settings() {
    return { voice: this.#voice.value, emotion: this.#emotion.value };
  }

  async #press() {
    const asked = this.#desk.request(this.#settings);
    const isMade = this.#made === JSON.stringify(asked);
    if (this.#take.playing && isMade) this.#take.pause();
    else if (isMade) this.#take.play();
    else await this.#speak(asked);
  }

  async #speak(asked) {
    this.#made = JSON.stringify(asked);
    this.#deck.clear();
    this.#tell();
    try {
      this.#desk.made(await this.#take.speak(asked));
    } catch (error) {
      this.#made = undefined;
      this.#tell(error.message);
    }
  }
}
