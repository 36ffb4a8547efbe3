// The studio: text and settings in, speech heard while it is made.
import * as api from "./api.js";
import { face, offer } from "./buttons.js";
import { Player, RATE } from "./player.js";
import { Reading } from "./reading.js";
import { Recent } from "./recent.js";
import { Settings } from "./settings.js";
import { curl } from "./snippet.js";
import { Waveform } from "./waveform.js";
import { clock, date, number, page, say, seconds } from "./words.js";

const SECONDS_A_CHARACTER = 0.24; // Mandarin at speed 1; only scales the waveform until the end is known
const KEPT = "voxhouse.studio";

const byId = (id) => document.getElementById(id);
const form = byId("studio");
const text = byId("text");
const player = new Player();
const wave = new Waveform(byId("wave"));
const settings = new Settings(form);
const reading = new Reading(() => ({ input: text.value, voice: settings.value.voice }));
const recent = new Recent({ voiceName: (id) => settings.name(id), beforePlay: () => player.playing && player.pause() });

let running; // AbortController of the speech that is being made
let expected = 0; // seconds that the waveform has room for

const length = () => [...text.value].length; // code points, as the server counts

function speechRequest() {
  return { model: settings.family, input: text.value, ...settings.value };
}

// --- What the page shows ---

function showText() {
  const count = length();
  byId("count").textContent = say("characters", { count: number(count), limit: number(page.max_characters) });
  byId("count").classList.toggle("is-over", count > page.max_characters);
  byId("clear").hidden = count === 0;
  byId("snippet").textContent = curl({ ...speechRequest(), response_format: "mp3" });
  showSpeak();
}

function showSpeak() {
  const count = length();
  byId("speak").querySelector("span").textContent = say(running ? "stop" : "speak");
  const use = byId("speak").querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, running ? "#stop" : "#wave"));
  const nothing = !text.value.trim() || count > page.max_characters || !settings.value.voice;
  byId("speak").disabled = !running && nothing;
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

function showPosition() {
  const { position, duration } = player;
  const shown = running ? Math.max(duration, expected) : duration;
  wave.draw(position, shown);
  byId("seek").max = shown;
  byId("seek").value = position;
  byId("seek").setAttribute("aria-valuetext", say("position", { position: clock(position), duration: clock(duration) }));
  byId("clock").textContent = duration ? `${clock(position)} / ${clock(duration)}` : clock(0);
}

function animate() {
  showPosition();
  if (running || player.playing) requestAnimationFrame(animate);
}

function showPlayer() {
  face(byId("toggle"), player.playing ? "pause" : "play");
  byId("toggle").disabled = byId("seek").disabled = player.duration === 0;
}

// --- What a member does ---

async function speak() {
  running = new AbortController();
  const started = performance.now();
  const { signal } = running;
  expected = (length() * SECONDS_A_CHARACTER) / (settings.value.speed ?? 1);
  recent.pause();
  wave.clear();
  player.begin();
  showProblem();
  byId("facts").textContent = "";
  byId("downloads").hidden = true;
  showSpeak();
  requestAnimationFrame(animate);
  try {
    const speech = await api.speech({ ...speechRequest(), response_format: "pcm", sample_rate: RATE }, signal);
    let first;
    for await (const samples of speech.chunks) {
      first ??= performance.now() - started;
      hear(samples);
      showFacts(first, speech.billed);
    }
    if (first === undefined) throw new api.Problem(say("problem_cut"));
    finish(speech);
  } catch (error) {
    if (error.name !== "AbortError") showProblem(error.message);
  } finally {
    running = undefined;
    player.complete();
    showSpeak();
    showPlayer();
    showPosition();
    recent.refresh();
  }
}

function hear(samples) {
  wave.append(samples);
  player.append(samples);
  if (byId("toggle").disabled) showPlayer();
}

function showFacts(first, billed) {
  const facts = [
    say("first_audio", { ms: number(Math.round(first)) }),
    say("duration", { seconds: seconds(player.duration) }),
    say("billed", { count: number(billed) }),
  ];
  byId("facts").textContent = facts.join(" · ");
}

function finish(speech) {
  page.quota.used += speech.billed;
  page.quota.remaining = Math.max(0, page.quota.remaining - speech.billed);
  showQuota();
  for (const link of byId("downloads").querySelectorAll("a")) offer(link, speech.id);
  byId("downloads").hidden = false;
}

function stop() {
  running.abort();
  player.pause();
}

function keep() {
  sessionStorage.setItem(KEPT, JSON.stringify({ text: text.value, ...settings.value }));
}

function changed() {
  showText();
  reading.refresh();
  keep();
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
    if (running) stop();
    else speak();
  });
  form.addEventListener("input", changed);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !byId("speak").disabled) form.requestSubmit();
  });
  byId("clear").addEventListener("click", () => write(""));
  for (const example of document.querySelectorAll("[data-example]")) {
    example.addEventListener("click", () => write(example.textContent));
  }
  byId("copy").addEventListener("click", copy);
  byId("toggle").addEventListener("click", () => {
    if (player.playing) player.pause();
    else {
      recent.pause();
      player.play();
    }
  });
  byId("seek").addEventListener("input", (event) => {
    event.stopPropagation(); // a position is no setting
    player.seek(Math.min(Number(event.target.value), player.duration));
    showPosition();
  });
  player.addEventListener("change", () => {
    showPlayer();
    requestAnimationFrame(animate);
  });
  document.addEventListener("themechange", showPosition);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showPosition);
  new ResizeObserver(showPosition).observe(byId("wave"));
}

function write(words) {
  text.value = words;
  text.focus();
  changed();
}

async function open() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  text.value = kept.text ?? "";
  byId("copy").querySelector("span").textContent = say("copy");
  listen();
  showQuota();
  showPlayer();
  showText();
  try {
    const { voices, default: voice } = await api.voices();
    settings.offer(voices, { ...kept, voice: kept.voice || voice });
  } catch (error) {
    showProblem(error.message);
  }
  showText();
  await recent.refresh();
}

open();
