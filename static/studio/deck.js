// A take on the page: its waveform, what plays and pauses it, where it is and how long it lasts.
import { face } from "./buttons.js";
import { Waveform } from "./waveform.js";
import { clock, say } from "./words.js";

export class Deck {
  room = 0; // seconds that the waveform has room for while the end is not known
  #take;
  #wave;
  #toggle;
  #seek;
  #clock;
  #frame; // that is waited for
  #moved; // told of each position that is shown

  constructor(root, take, moved = () => {}) {
    this.#take = take;
    this.#moved = moved;
    this.#wave = new Waveform(root.querySelector("canvas"));
    this.#toggle = root.querySelector("[data-toggle]");
    this.#seek = root.querySelector("[data-seek]");
    this.#clock = root.querySelector("[data-clock]");
    this.#listen();
    this.show();
  }

  /** Shows what the take is now, and goes on while it moves. */
  show() {
    face(this.#toggle, this.#take.playing ? "pause" : "play");
    this.#seek.disabled = this.#take.duration === 0;
    this.#animate();
  }

  clear() {
    this.#wave.clear();
    this.show();
  }

  jump(position) {
    this.#take.seek(Math.min(position, this.#take.duration));
    this.#draw();
  }

  #listen() {
    this.#seek.addEventListener("input", (event) => {
      event.stopPropagation(); // a position is no setting
      this.jump(Number(this.#seek.value));
    });
    this.#take.addEventListener("change", () => this.show());
    this.#take.addEventListener("heard", ({ detail }) => {
      if (detail.samples) this.#wave.append(detail.samples);
      this.#seek.disabled = false;
    });
    document.addEventListener("themechange", () => this.#draw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(this.#wave.canvas);
  }

  #animate() {
    this.#draw();
    if (!this.#take.running && !this.#take.playing) return;
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#animate();
    });
  }

  #draw() {
    const { position, duration, running } = this.#take;
    const shown = running ? Math.max(duration, this.room) : duration;
    this.#wave.draw(position, shown);
    this.#seek.max = shown;
    this.#seek.value = position;
    const words = { position: clock(position), duration: clock(duration) };
    this.#seek.setAttribute("aria-valuetext", say("position", words));
    this.#clock.textContent = duration ? `${words.position} / ${words.duration}` : clock(0);
    this.#moved(position);
  }
}
