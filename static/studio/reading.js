// The normalised text with its pinyin above, asked for only while the panel is open.
import { preview } from "./api.js";
import { toneMark } from "./pinyin.js";
import { number, say, seconds } from "./words.js";

const PAUSE = 350; // ms without a keystroke before the server is asked

export class Reading {
  #panel = document.getElementById("reading");
  #text = document.getElementById("reading-text");
  #note = document.getElementById("reading-note");
  #ask;
  #timer;
  #running;

  /** `ask` gives the body of the preview request: {input, voice}. */
  constructor(ask) {
    this.#ask = ask;
    this.#panel.addEventListener("toggle", () => this.refresh(0));
  }

  refresh(delay = PAUSE) {
    clearTimeout(this.#timer);
    this.#running?.abort();
    if (this.#panel.open) this.#timer = setTimeout(() => this.#show(), delay);
  }

  async #show() {
    const body = this.#ask();
    this.#note.textContent = "";
    if (!body.input.trim() || !body.voice) {
      this.#text.replaceChildren();
      return;
    }
    this.#running = new AbortController();
    try {
      const answer = await preview(body, this.#running.signal);
      this.#text.replaceChildren(...answer.characters.map(ruby));
      const figures = { count: number(answer.billable_characters), seconds: seconds(answer.estimated_seconds) };
      this.#note.textContent = say("preview", figures);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#text.replaceChildren();
      this.#note.textContent = error.message;
    }
  }
}

function ruby({ char, pinyin }) {
  if (!pinyin) return document.createTextNode(char);
  const pair = document.createElement("ruby");
  const above = document.createElement("rt");
  above.textContent = toneMark(pinyin);
  pair.append(char, above);
  return pair;
}
