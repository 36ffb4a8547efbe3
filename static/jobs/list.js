// All jobs of the team, the newest first; those that go on are looked at again and again.
import { number, page, say, time } from "../studio/words.js";
import { act, failed, newest, one, remove, result } from "./api.js";

const LATER = 2000; // ms until a job that goes on is looked at again
const SURE = 4000; // ms in which a second press counts as one
const byId = (id) => document.getElementById(id);
// What can be done with a job in each state.
const OFFERED = {
  draft: ["start", "delete"],
  running: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  done: ["delete"],
  cancelled: ["delete"],
};

export class List {
  #rows = new Map(); // of jobs, by id
  #timer;
  #asked; // AbortController of the newest look, which knows more than any before

  constructor() {
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
  }

  async refresh() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    try {
      const jobs = await newest(signal);
      this.#show(await Promise.all(jobs.map((job) => this.#detail(job, signal))));
      this.#tell("");
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#tell(error.message);
    }
    const goesOn = [...this.#rows.values()].some(({ job }) => isOpen(job));
    if (goesOn && !document.hidden) this.#timer = setTimeout(() => this.refresh(), LATER);
  }

  /** There is no more to ask of a draft, and an ended job does not change, so it is asked for once. */
  async #detail(job, signal) {
    if (job.status === "draft") return job;
    const known = this.#rows.get(job.id)?.job;
    return known && !isOpen(known) && known.status === job.status && known.finished_at === job.finished_at
      ? known
      : one(job.id, signal);
  }

  #show(jobs) {
    const rows = new Map();
    for (const job of jobs) {
      const row = this.#rows.get(job.id) ?? { element: this.#make(job.id) };
      row.job = job;
      fill(row.element, job);
      rows.set(job.id, row);
    }
    this.#rows = rows;
    const wanted = [...rows.values()].map(({ element }) => element);
    const shown = [...byId("jobs").children];
    // What has the focus must stay where it is, so rows are only put anew when others are wanted.
    if (wanted.some((element, place) => shown[place] !== element) || shown.length !== wanted.length) {
      byId("jobs").replaceChildren(...wanted);
    }
    byId("jobs").hidden = jobs.length === 0;
    byId("jobs-none").hidden = jobs.length > 0;
  }

  #make(id) {
    const element = byId("job-row").content.cloneNode(true).firstElementChild;
    for (const button of element.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => this.#press(button, id));
    }
    for (const link of element.querySelectorAll("[data-as]")) {
      link.href = result(id, link.dataset.as);
      link.download = ""; // the server names it
    }
    const details = element.querySelector(".job-failed");
    details.addEventListener("toggle", () => details.open && this.#listFailed(details, id));
    return element;
  }

  async #press(button, id) {
    if (button.dataset.sure !== undefined && !button.dataset.asked) {
      ask(button);
      return;
    }
    button.disabled = true;
    try {
      await (button.dataset.act === "delete" ? remove(id) : act(id, button.dataset.act));
      await this.refresh();
    } catch (error) {
      await this.refresh();
      this.#tell(error.message);
    } finally {
      button.disabled = false;
    }
  }

  async #listFailed(details, id) {
    try {
      const rows = await failed(id);
      details.querySelector("ul").replaceChildren(...rows.map(failedRow));
    } catch (error) {
      this.#tell(error.message);
    }
  }

  #tell(message) {
    byId("jobs-problem").textContent = message;
    byId("jobs-problem").hidden = !message;
  }
}

const isOpen = ({ status, finished_at }) => status !== "draft" && !finished_at;

function fill(element, job) {
  const { name, status, rows, progress, finished_at } = job;
  const counts = progress?.rows ?? {};
  element.querySelector(".job-name").textContent = name || time(job.created_at);
  const badge = element.querySelector(".badge");
  badge.textContent = say(status);
  badge.className = `badge is-${status}`;
  element.querySelector(".job-facts").textContent = facts(job).join(" · ");
  const bar = element.querySelector("progress");
  bar.hidden = !progress || Boolean(finished_at);
  bar.value = rows ? ((counts.done ?? 0) + (counts.failed ?? 0)) / rows : 0;
  const failures = counts.failed ?? 0;
  const offered = [...OFFERED[status], ...(failures && ["running", "done"].includes(status) ? ["retry"] : [])];
  for (const button of element.querySelectorAll("[data-act]")) button.hidden = !offered.includes(button.dataset.act);
  element.querySelector("[data-as=zip]").hidden = !counts.done;
  for (const whole of ["joined", "subtitles"]) {
    element.querySelector(`[data-as=${whole}]`).hidden = !counts.done || !finished_at;
  }
  element.querySelector(".job-failed").hidden = !failures;
}

function facts({ kind, status, rows, characters, created_at, progress }) {
  const counts = progress?.rows ?? {};
  return [
    progress
      ? say("of_rows", { done: number(counts.done), rows: number(rows) })
      : say(kind === "table" ? "rows" : "parts", { count: number(rows) }),
    ...(counts.failed ? [say("failed_rows", { count: number(counts.failed) })] : []),
    ...(status === "running" && progress.seconds_left != null ? [left(progress.seconds_left)] : []),
    say("characters_short", { count: number(characters) }),
    time(created_at),
  ];
}

function left(seconds) {
  return seconds < 60 ? say("seconds_left") : say("minutes_left", { minutes: number(Math.ceil(seconds / 60)) });
}

/** The second press within a moment counts. */
function ask(button) {
  const label = button.textContent;
  button.dataset.asked = "yes";
  button.textContent = say("press_again");
  setTimeout(() => {
    delete button.dataset.asked;
    button.textContent = label;
  }, SURE);
}

function failedRow({ number: row, text, error_code: code, error_message: message }) {
  const own = `problem_${code}`;
  const error = own in page.words ? say(own) : message;
  const item = document.createElement("li");
  const reason = document.createElement("span");
  reason.textContent = say("row_failed", { number: number(row), error });
  const what = document.createElement("span");
  what.className = "quiet";
  what.lang = "zh-hans";
  what.textContent = text;
  item.append(reason, what);
  return item;
}
