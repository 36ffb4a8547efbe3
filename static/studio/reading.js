// The text as it will be read, sentence by sentence: pinyin above, each sentence heard alone, read and spoken otherwise.
import { preview } from "./api.js";
import { face, stamp } from "./buttons.js";
import { fixing } from "./fixing.js";
import { manner, mannerWords } from "./manner.js";
import { held, markAfter, tagsOf } from "./markup.js";
import { toneMark } from "./pinyin.js";
import { sentencesOf } from "./script.js";
import { number, say, seconds } from "./words.js";

const PAUSE = 350; // ms without a keystroke before the server is asked

export class Reading {
  #panel = document.getElementById("reading");
  #list = document.getElementById("reading-text");
  #note = document.getElementById("reading-note");
  #told = document.getElementById("reading-told");
  #desk;
  #take;
  #timer;
  #running;
  #sounding; // the key of the button whose sentence is heard
  #source = ""; // the text that is shown
  #written; // the text as it was last changed from here
  #sentences = [];
  #open; // {index, character} of the drawer that is open; without a character the manner of the sentence

  /**
   * `desk` is the studio's: `ask()` the body of the preview, `write(source)`, `hear(source)` and `voices()`.
   * `take` plays what is heard.
   */
  constructor(desk, take) {
    this.#desk = desk;
    this.#take = take;
    take.addEventListener("change", () => this.#showSounding());
    this.#panel.addEventListener("toggle", () => this.refresh(0));
    // What is chosen in here goes into the text, and is no setting of the form around it.
    this.#panel.addEventListener("input", (event) => event.stopPropagation());
    this.#panel.addEventListener("keydown", (event) => event.key === "Escape" && this.#shut());
  }

  refresh(delay = PAUSE) {
    clearTimeout(this.#timer);
    this.#running?.abort();
    if (this.#panel.open) this.#timer = setTimeout(() => this.#ask(), delay);
  }

  async #ask() {
    const body = this.#desk.ask();
    this.#note.textContent = "";
    if (!body.input.trim() || !body.voice) return this.#show("", []);
    this.#running = new AbortController();
    try {
      const answer = await preview(body, this.#running.signal);
      this.#show(body.input, sentencesOf(answer, body.input));
      const figures = { count: number(answer.billable_characters), seconds: seconds(answer.estimated_seconds) };
      this.#note.textContent = say("preview", figures);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (body.input !== this.#written) this.#show("", []); // else what went wrong can be chosen otherwise
      this.#note.textContent = error.message;
    }
  }

  #show(source, sentences) {
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    this.#source = source;
    this.#sentences = sentences;
    if (this.#open && !this.#isThere(this.#open)) this.#open = undefined;
    this.#list.replaceChildren(...sentences.map((sentence, index) => this.#row(sentence, index)));
    this.#showSounding();
    if (focused) this.#focus(focused);
  }

  #isThere({ index, character }) {
    const sentence = this.#sentences[index];
    return sentence && (character === undefined || sentence.characters[character]?.readings.length > 1);
  }

  #row(sentence, index) {
    const row = stamp("sentence-row");
    const play = row.querySelector("[data-play]");
    const settings = row.querySelector("[data-manner]");
    const own = held(this.#source.slice(0, sentence.start));
    play.dataset.key = `${index} play`;
    play.addEventListener("click", () => this.#listen(index));
    row.querySelector(".sentence-text").append(...sentence.pieces.map((piece) => this.#piece(piece, sentence, index)));
    settings.dataset.key = `${index} manner`;
    settings.querySelector("span").textContent = mannerWords(own, this.#desk.voices());
    settings.setAttribute("aria-expanded", String(this.#open?.index === index && this.#open.character === undefined));
    settings.addEventListener("click", () => this.#toggle({ index }));
    if (this.#open?.index === index) row.append(this.#drawer(sentence, own));
    return row;
  }

  /** What is said with its pinyin above, and behind it what was written where that is something else. */
  #piece({ written, first, end }, sentence, index) {
    const piece = document.createElement("span");
    const said = sentence.characters.slice(first, end);
    piece.append(...said.map((character, place) => this.#character(character, index, first + place)));
    if (said.map(({ char }) => char).join("") !== written && /[\p{L}\p{N}\p{S}]/u.test(written)) {
      piece.className = "said-otherwise";
      piece.append(Object.assign(document.createElement("small"), { textContent: written }));
    }
    return piece;
  }

  #character({ char, pinyin, place, readings }, index, character) {
    if (!pinyin) return document.createTextNode(char);
    const pair = document.createElement("ruby");
    pair.append(char, Object.assign(document.createElement("rt"), { textContent: toneMark(pinyin) }));
    if (place === undefined || readings.length < 2) return pair;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "character" });
    button.dataset.key = `${index} character ${character}`;
    button.title = say("choose_reading");
    button.classList.toggle("is-fixed", markAfter(this.#source, place) !== "");
    button.setAttribute("aria-expanded", String(this.#open?.index === index && this.#open.character === character));
    button.append(pair);
    button.addEventListener("click", () => this.#toggle({ index, character }));
    return button;
  }

  #drawer(sentence, own) {
    const { index, character } = this.#open;
    const desk = {
      ...this.#desk,
      source: this.#source,
      manner: own,
      write: (source) => this.#write(source),
      tell: (words) => (this.#told.textContent = words),
      hear: (words) => this.#hear(index, sentence, words),
    };
    return character === undefined ? manner(desk, sentence, index) : fixing(desk, sentence, index, character);
  }

  /** Changes the text, unless somebody has typed since it was shown. */
  #write(source) {
    if ([this.#source, this.#written].includes(this.#desk.ask().input)) {
      this.#written = source;
      this.#desk.write(source);
    }
    this.refresh(0);
  }

  #toggle(drawer) {
    const isOpen = this.#open?.index === drawer.index && this.#open.character === drawer.character;
    const opener = document.activeElement?.dataset.key;
    this.#open = isOpen ? undefined : drawer;
    this.#told.textContent = "";
    this.#show(this.#source, this.#sentences);
    if (!isOpen) this.#list.querySelector(".drawer :is(input:checked, select)")?.focus();
    else if (opener) this.#focus(opener);
  }

  #shut() {
    if (!this.#open) return;
    const { index, character } = this.#open;
    this.#open = undefined;
    this.#show(this.#source, this.#sentences);
    this.#focus(character === undefined ? `${index} manner` : `${index} character ${character}`);
  }

  #focus(key) {
    this.#list.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  /** The sentence as it stands in the text now, which may have changed a moment ago; once more, and it stops. */
  async #listen(index) {
    if (this.#take.playing && this.#sounding === `${index} play`) return this.#take.stop();
    if (this.#desk.ask().input !== this.#source) {
      clearTimeout(this.#timer);
      this.#running?.abort();
      await this.#ask();
    }
    const sentence = this.#sentences[index];
    if (sentence) this.#hear(index, sentence, this.#source.slice(sentence.start, sentence.end));
  }

  /** These words in the manner of the sentence. */
  #hear(index, { start }, words) {
    this.#sounding = `${index} play`;
    this.#desk.hear(tagsOf(held(this.#source.slice(0, start))) + words);
  }

  #showSounding() {
    for (const button of this.#list.querySelectorAll("[data-play]")) {
      face(button, this.#take.playing && button.dataset.key === this.#sounding ? "pause" : "play");
    }
  }
}
