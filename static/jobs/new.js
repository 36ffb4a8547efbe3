// A new job: a file, a template, a voice; then what it will cost; then its start.
import { voices } from "../studio/api.js";
import { number, say, yuan } from "../studio/words.js";
import { act, draft, glimpse, remove } from "./api.js";
import { filled } from "./template.js";

const byId = (id) => document.getElementById(id);

export class NewJob {
  #file;
  #found; // what is in the file
  #draft;
  #voices = [];
  #onChange;

  constructor({ onChange }) {
    this.#onChange = onChange;
    byId("file").addEventListener("change", ({ target }) => target.files[0] && this.#take(target.files[0]));
    byId("another").addEventListener("click", () => byId("file").click());
    byId("template").addEventListener("input", () => this.#showPreview());
    byId("newjob").addEventListener("input", () => this.#forgetDraft());
    byId("newjob").addEventListener("submit", (event) => event.preventDefault());
    byId("voice").addEventListener("change", () => this.#showEmotions());
    byId("check").addEventListener("click", async () => {
      await this.#busy("sending_file", () => this.#check());
      byId("start").focus(); // where there is a draft now
    });
    byId("start").addEventListener("click", () => this.#busy("", () => this.#start()));
    byId("discard").addEventListener("click", () => this.#busy("", () => this.#discard()));
    this.#letDrop(byId("newjob"));
  }

  async begin() {
    await this.#busy("", async () => {
      const { voices: known, default: first } = await voices();
      this.#voices = known;
      byId("voice").replaceChildren(...known.map(({ id, name }) => new Option(name, id, id === first, id === first)));
      this.#showEmotions();
    });
  }

  #letDrop(form) {
    const over = (event) => {
      event.preventDefault();
      form.classList.add("is-over");
    };
    form.addEventListener("dragenter", over);
    form.addEventListener("dragover", over);
    form.addEventListener("dragleave", ({ relatedTarget }) => {
      if (!form.contains(relatedTarget)) form.classList.remove("is-over");
    });
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("is-over");
      const [file] = event.dataTransfer.files;
      if (file) this.#take(file);
    });
  }

  #take(file) {
    this.#forgetDraft();
    return this.#busy("reading_file", async () => {
      this.#found = undefined;
      this.#file = file;
      try {
        this.#found = await glimpse(file);
      } finally {
        byId("file").value = ""; // so that the same file, mended, can be chosen again
        this.#showFile();
      }
    });
  }

  #showFile() {
    const { kind, columns = [], chapters = [] } = this.#found ?? {};
    byId("drop").hidden = Boolean(kind);
    byId("chosen").hidden = !kind;
    byId("table-part").hidden = byId("own-columns").hidden = kind !== "table";
    byId("book-part").hidden = kind !== "text";
    byId("check").disabled = !kind;
    if (!kind) return;
    const count = number(chapters.reduce((sum, { characters }) => sum + characters, 0));
    byId("chosen-name").textContent = this.#file.name;
    byId("chosen-facts").textContent =
      kind === "table"
        ? say("columns", { count: number(columns.length) })
        : say("chapters", { chapters: number(chapters.length), count });
    byId("job-name").placeholder = this.#file.name.replace(/\.[^.]+$/, "");
    byId("columns").replaceChildren(...columns.map((column) => this.#chip(column)));
    byId("chapters").replaceChildren(...chapters.map(chapterRow));
    if (kind === "table" && !byId("template").value) byId("template").value = firstTemplate(columns);
    this.#showPreview();
  }

  #chip(column) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "column";
    chip.textContent = `{${column}}`;
    chip.setAttribute("aria-label", say("insert", { column }));
    chip.addEventListener("click", () => {
      const template = byId("template");
      template.focus();
      template.setRangeText(`{${column}}`, template.selectionStart, template.selectionEnd, "end");
      template.dispatchEvent(new Event("input", { bubbles: true }));
    });
    return chip;
  }

  #showPreview() {
    const { kind, columns, rows } = this.#found ?? {};
    if (kind !== "table") return;
    const template = byId("template").value;
    byId("preview").replaceChildren(...rows.map((cells) => previewRow(filled(template, columns, cells))));
  }

  #showEmotions() {
    const { emotions = [] } = this.#voices.find(({ id }) => id === byId("voice").value) ?? {};
    byId("emotion").replaceChildren(...emotions.map((emotion) => new Option(say(emotion), emotion)));
    byId("emotion-field").hidden = emotions.length < 2;
  }

  async #check() {
    const voice = this.#voices.find(({ id }) => id === byId("voice").value);
    this.#draft = await draft(this.#file, {
      model: voice.family,
      voice: voice.id,
      emotion: byId("emotion").value || "neutral",
      response_format: byId("format").value,
      name: byId("job-name").value.trim(),
      ...(byId("destination") && { destination: byId("destination").value || null }),
      ...(this.#found.kind === "table" && { template: byId("template").value }),
    });
    this.#showDraft();
    this.#onChange();
  }

  async #start() {
    await act(this.#draft.id, "start");
    this.#draft = this.#found = this.#file = undefined;
    for (const id of ["template", "job-name"]) byId(id).value = "";
    byId("job-name").placeholder = "";
    this.#showDraft();
    this.#showFile();
    this.#onChange();
  }

  async #discard() {
    await remove(this.#draft.id);
    this.#draft = undefined;
    this.#showDraft();
    this.#onChange();
  }

  /** What was checked is no longer what would be started. */
  #forgetDraft() {
    if (!this.#draft) return;
    const { id } = this.#draft;
    this.#draft = undefined;
    this.#showDraft();
    remove(id).then(this.#onChange, () => this.#onChange());
  }

  #showDraft() {
    const { kind, rows, characters, cost, quota } = this.#draft ?? {};
    byId("sums").hidden = byId("start").hidden = byId("discard").hidden = !kind;
    byId("check").hidden = Boolean(kind);
    byId("step").hidden = Boolean(kind);
    if (!kind) return;
    byId("sum-rows").textContent = say(kind === "table" ? "rows" : "parts", { count: number(rows) });
    byId("sum-characters").textContent = number(characters);
    byId("sum-cost-box").hidden = cost?.own_cost == null;
    byId("sum-vendor-box").hidden = !cost;
    if (cost?.own_cost != null) byId("sum-cost").textContent = say("money", { amount: yuan(cost.own_cost) });
    if (cost) byId("sum-vendor").textContent = say("at_vendor", { amount: yuan(cost.cheapest.cost), offer: cost.cheapest.offer });
    if (!quota.fits) this.#tell(say("does_not_fit", { count: number(quota.remaining) }));
  }

  /** Nothing else can be pressed meanwhile; what goes wrong is told. */
  async #busy(doing, work) {
    const step = byId("step");
    const rest = step.textContent;
    this.#tell("");
    if (doing) step.textContent = say(doing);
    for (const id of ["check", "start", "discard", "another"]) byId(id).disabled = true;
    try {
      await work();
    } catch (error) {
      this.#tell(error.message);
    } finally {
      step.textContent = rest;
      byId("another").disabled = byId("discard").disabled = false;
      byId("check").disabled = !this.#found;
      byId("start").disabled = !this.#draft?.quota.fits;
    }
  }

  #tell(message) {
    byId("problem").textContent = message;
    byId("problem").hidden = !message;
  }
}

/** The column that looks like the text; else none, for the member to write and put columns in. */
function firstTemplate(columns) {
  const text = columns.find((column) => ["text", "文本"].includes(column));
  return text ? `{${text}}` : "";
}

function previewRow(pieces) {
  const row = document.createElement("li");
  row.append(
    ...pieces.map(({ text, column, unknown }) => {
      if (column === undefined) return text;
      const mark = document.createElement("mark");
      mark.textContent = text;
      if (unknown) {
        mark.className = "is-unknown";
        mark.title = say("no_column", { column });
      }
      return mark;
    }),
  );
  return row;
}

function chapterRow({ title, characters }) {
  const row = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = title || say("no_title");
  const size = document.createElement("span");
  size.className = "quiet small";
  size.textContent = say("characters_short", { count: number(characters) });
  row.append(name, size);
  return row;
}
