// The last ten speeches: played in place, one at a time, and taken away as files.
import { file, recent } from "./api.js";
import { face, offer } from "./buttons.js";
import { alone } from "./player.js";
import { clock, number, say, time } from "./words.js";

const LATER = 1500; // ms until a speech that is still being made is looked at again

export class Recent {
  #list = document.getElementById("recent");
  #empty = document.getElementById("recent-empty");
  #problem = document.getElementById("recent-problem");
  #audio = new Audio();
  #row; // the one that #audio belongs to
  #timer;
  #voiceName;

  constructor(voiceName) {
    this.#voiceName = voiceName;
    for (const event of ["play", "pause", "ended"]) this.#audio.addEventListener(event, () => this.#showState());
    this.#audio.addEventListener("timeupdate", () => this.#showProgress());
    this.#audio.addEventListener("error", () => this.#fail(say("problem_playback")));
  }

  async refresh() {
    clearTimeout(this.#timer);
    try {
      const speeches = await recent();
      this.#problem.hidden = true;
      this.#show(speeches);
    } catch (error) {
      this.#fail(error.message);
    }
  }

  // Rows that stay are not replaced: a press that is under way, and the focus, would be lost.
  #show(speeches) {
    speeches.forEach((speech, place) => {
      const row = this.#list.querySelector(`[data-id="${CSS.escape(speech.id)}"]`) ?? this.#newRow(speech.id);
      this.#fill(row, speech);
      const there = this.#list.children[place] ?? null;
      if (there !== row) this.#list.insertBefore(row, there);
    });
    while (this.#list.children.length > speeches.length) this.#list.lastElementChild.remove();
    this.#list.hidden = speeches.length === 0;
    this.#empty.hidden = speeches.length > 0;
    if (!this.#row?.isConnected) {
      this.#row = undefined;
      this.#audio.pause();
    }
    if (speeches.some(({ status }) => status === "queued" || status === "running")) {
      this.#timer = setTimeout(() => this.refresh(), LATER);
    }
  }

  #newRow(id) {
    const row = document.getElementById("recent-row").content.cloneNode(true).firstElementChild;
    row.dataset.id = id;
    const button = row.querySelector("[data-play]");
    button.setAttribute("aria-label", say("play"));
    button.addEventListener("click", () => this.#toggle(row));
    for (const link of row.querySelectorAll(".recent-files a")) offer(link, id);
    return row;
  }

  #fill(row, speech) {
    row.querySelector(".recent-text").textContent = speech.text || say("text_not_kept");
    row.querySelector(".recent-facts").textContent = facts(speech, this.#voiceName(speech.voice)).join(" · ");
    const done = speech.status === "done";
    row.querySelector("[data-play]").disabled = !done;
    row.querySelector(".recent-files").hidden = !done;
  }

  #toggle(row) {
    if (row === this.#row && !this.#audio.paused) {
      this.#audio.pause();
      return;
    }
    alone(this.#audio);
    if (row !== this.#row) {
      const before = this.#row;
      this.#row = row;
      if (before) rest(before);
      this.#audio.src = file(row.dataset.id, "mp3");
    }
    // A refusal is reported by the "error" event; a pause that comes first is no fault.
    this.#audio.play().catch(() => this.#showState());
  }

  #showState() {
    if (!this.#row) return;
    const going = !this.#audio.paused && !this.#audio.ended;
    face(this.#row.querySelector("[data-play]"), going ? "pause" : "play");
    this.#row.querySelector("progress").hidden = !going && this.#audio.currentTime === 0;
    this.#showProgress();
    if (this.#audio.ended) rest(this.#row);
  }

  #showProgress() {
    const share = this.#audio.currentTime / this.#audio.duration;
    if (this.#row && Number.isFinite(share)) this.#row.querySelector("progress").value = share;
  }

  #fail(message) {
    this.#problem.textContent = message;
    this.#problem.hidden = false;
  }
}

function facts({ status, voice, emotion, audio_ms, characters, created_at }, name) {
  return [
    name ?? voice,
    ...(emotion && emotion !== "neutral" ? [say(emotion)] : []),
    ...(status === "done" ? [clock(audio_ms / 1000)] : [say(status)]),
    say("characters_short", { count: number(characters) }),
    time(created_at),
  ];
}

function rest(row) {
  face(row.querySelector("[data-play]"), "play");
  row.querySelector("progress").hidden = true;
}
