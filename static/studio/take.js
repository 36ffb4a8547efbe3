// One recording of one text: asked for, and played while it comes.
// Fires "change" as a Player does, "heard" with each piece {samples} or {sentence}.
import { Player } from "./player.js";
import { speech } from "./speech.js";

export class Take extends Player {
  #running; // AbortController of the speech that is being made

  get running() {
    return this.#running !== undefined;
  }

  /** Has it made and plays it: {id, billed}, or null where it was stopped. Call it from a click. */
  async speak(asked) {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.begin();
    try {
      const made = await speech(asked, running.signal);
      for await (const piece of made.heard) {
        if (running.signal.aborted) return null;
        if (piece.samples) this.append(piece.samples);
        this.dispatchEvent(new CustomEvent("heard", { detail: { ...piece, billed: made.billed } }));
      }
      return made;
    } catch (error) {
      if (error.name === "AbortError") return null;
      // From the cache, of an older version: once spoken anew its times are there.
      if (error.code === "times_not_kept" && asked.cache !== false) return await this.speak({ ...asked, cache: false });
      throw error;
    } finally {
      if (this.#running === running) {
        this.#running = undefined;
        this.complete();
      }
    }
  }

  stop() {
    this.#running?.abort();
    this.pause();
  }
}
