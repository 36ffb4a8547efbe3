// The studio: text and settings in, speech heard while it is made.
import * as api from "./api.js";
import { offer } from "./buttons.js";
import { Compare } from "./compare.js";
import { Deck } from "./deck.js";
import { hasTags, spoken } from "./markup.js";
import { keep, kept } from "./kept.js";
import { insertPause } from "./pause.js";
import { Reading } from "./reading.js";
import { Recent } from "./recent.js";
import { Settings } from "./settings.js";
import { snippets } from "./snippet.js";
import { Take } from "./take.js";
import { Transcript } from "./transcript.js";
import { date, number, page, say, seconds, yuan } from "./words.js";

const SECONDS_A_CHARACTER = 0.24; // Mandarin at speed 1; only scales the waveform until the end is known

const byId = (id) => document.getElementById(id);
const form = byId("studio");
const text = byId("text");
const settings = new Settings(form);
const take = new Take();
const transcript = new Transcript(byId("transcript"), (start) => deck.jump(start));
const deck = new Deck(byId("transport"), take, (position) => transcript.show(position));
const recent = new Recent((id) => settings.name(id));
const audition = new Take();
const reading = new Reading({ ask: previewRequest, write: rewrite, hear, voices: () => settings.voices }, audition);
const compare = new Compare({
  request: (instead) => speechRequest(text.value, instead),
  settings: () => settings.value,
  voices: () => settings.voices,
  made,
  use: (chosen) => settings.choose(chosen),
});

// --- What is asked for ---

function speechRequest(input = text.value, instead = {}) {
  const { model, ...others } = settings.request(instead);
  return { model, input, ...others, ...(hasTags(input) && { allow_voice_tags: true }) };
}

function previewRequest() {
  const { input, voice, allow_voice_tags } = speechRequest();
  return { input, voice, allow_voice_tags };
}

/** Of a text with tags their words are no part of its length; of one without the server counts all there is. */
const length = () => [...(hasTags(text.value) ? spoken(text.value) : text.value)].length;

// --- What the page shows ---

function showText() {
  const count = [...spoken(text.value)].length;
  const cost = page.cost_of_a_million === null ? "" : yuan((page.cost_of_a_million * count) / 1_000_000);
  byId("count").textContent = [
    say("characters", { count: number(count), limit: number(page.max_characters) }),
    ...(cost && count ? [say("costs", { amount: cost })] : []),
  ].join(" · ");
  byId("count").classList.toggle("is-over", length() > page.max_characters);
  byId("clear").hidden = text.value === "";
  showCode();
  showSpeak();
}

function showCode() {
  const language = form.querySelector("[name=code]:checked").value;
  byId("snippet").textContent = snippets[language]({ ...speechRequest(), response_format: "mp3" });
}

function showSpeak() {
  byId("speak").querySelector("span").textContent = say(take.running ? "stop" : "speak");
  const use = byId("speak").querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, take.running ? "#stop" : "#wave"));
  const canSpeak = text.value.trim() !== "" && length() <= page.max_characters && settings.voices.length > 0;
  byId("speak").disabled = !take.running && !canSpeak;
  compare.enable(canSpeak);
}

function showQuota() {
  const { used, limit, remaining, resets_at } = page.quota;
  byId("quota-meter").hidden = limit === null;
  byId("quota-text").textContent =
    limit === null
      ? say("quota_unlimited", { used: number(used) })
      : say("quota", { used: number(used), limit: number(limit), remaining: number(remaining), date: date(resets_at) });
  if (limit) byId("quota-meter").value = used / limit;
}

function showProblem(message) {
  byId("problem").textContent = message ?? "";
  byId("problem").hidden = !message;
}

function showFacts(first, billed) {
  const facts = [
    say("first_audio", { ms: number(Math.round(first)) }),
    say("duration", { seconds: seconds(take.duration) }),
    say("billed", { count: number(billed) }),
  ];
  byId("facts").textContent = facts.join(" · ");
}

function showPlayable() {
  byId("toggle").disabled = take.duration === 0;
}

// --- What a member does ---

async function speak() {
  const started = performance.now();
  let first;
  const heardFirst = ({ detail }) => {
    if (!detail.samples) return;
    first ??= performance.now() - started;
    showFacts(first, detail.billed);
  };
  showProblem();
  transcript.clear();
  byId("facts").textContent = "";
  byId("downloads").hidden = true;
  deck.room = ([...spoken(text.value)].length * SECONDS_A_CHARACTER) / settings.value.speed;
  take.addEventListener("heard", heardFirst);
  const speaking = take.speak(speechRequest());
  deck.clear();
  showSpeak();
  try {
    finish(await speaking);
  } catch (error) {
    showProblem(error.message);
    recent.refresh();
  } finally {
    take.removeEventListener("heard", heardFirst);
    deck.show();
    showSpeak();
    showPlayable();
  }
}

function finish(speech) {
  made(speech);
  if (!speech) return;
  for (const link of byId("downloads").querySelectorAll("a")) offer(link, speech.id);
  byId("downloads").hidden = false;
}

/** Whatever was spoken on this page counts, and is in the history. */
function made(speech) {
  if (speech) {
    page.quota.used += speech.billed;
    page.quota.remaining = Math.max(0, page.quota.remaining - speech.billed);
    showQuota();
  }
  recent.refresh();
}

/** A part of the text alone. */
async function hear(source) {
  showProblem();
  try {
    made(await audition.speak(speechRequest(source)));
  } catch (error) {
    showProblem(error.message);
  }
}

function changed() {
  showText();
  reading.refresh();
  keep({ text: text.value, ...settings.value });
}

async function copy() {
  await navigator.clipboard.writeText(byId("snippet").textContent);
  const label = byId("copy").querySelector("span");
  label.textContent = say("copied");
  setTimeout(() => (label.textContent = say("copy")), 1500);
}

function listen() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (take.running) take.stop();
    else speak();
  });
  form.addEventListener("input", changed);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !byId("speak").disabled) form.requestSubmit();
  });
  byId("insert-pause").addEventListener("click", () => insertPause(text));
  byId("clear").addEventListener("click", () => write(""));
  for (const example of document.querySelectorAll("[data-example]")) {
    example.addEventListener("click", () => write(example.textContent));
  }
  byId("copy").addEventListener("click", copy);
  byId("toggle").addEventListener("click", () => (take.playing ? take.pause() : take.play()));
  take.addEventListener("heard", ({ detail }) => {
    if (detail.sentence) transcript.add(detail.sentence);
    showPlayable();
  });
}

/** Changes the text from elsewhere on the page, where the focus stays. */
function rewrite(words) {
  text.value = words;
  changed();
}

function write(words) {
  rewrite(words);
  text.focus();
}

async function open() {
  const before = kept();
  text.value = before.text ?? "";
  byId("copy").querySelector("span").textContent = say("copy");
  listen();
  showQuota();
  showText();
  try {
    const { voices, default: voice } = await api.voices();
    settings.offer(voices, { ...before, voice: before.voice || voice });
  } catch (error) {
    showProblem(error.message);
  }
  showText();
  await recent.refresh();
}

open();
