// Voice, emotion, speed and pitch. What the chosen voice cannot honour is not offered.
import { stamp } from "./buttons.js";
import { page, say, seconds } from "./words.js";

const SLIDERS = ["intensity", "speed", "pitch"];

const byId = (id) => document.getElementById(id);

export class Settings {
  voices = []; // as /v1/audio/voices tells them
  #form;
  #offered; // the emotions that can be chosen now

  constructor(form) {
    this.#form = form;
    byId("voices").addEventListener("input", () => this.#fit());
    byId("emotions").addEventListener("input", () => this.#fit());
    byId("reset").addEventListener("click", () => this.choose({ emotion: "neutral", intensity: 1, speed: 1, pitch: 0 }));
    for (const name of SLIDERS) byId(name).addEventListener("input", () => this.#showValues());
  }

  /** Offers these voices and takes up what was chosen before, as far as it still fits. */
  offer(voices, { voice, emotion = "neutral", intensity = 1, speed = 1, pitch = 0 } = {}) {
    this.voices = voices;
    byId("voices").replaceChildren(...voices.map(voiceChoice));
    this.#set({ voice: voices.some(({ id }) => id === voice) ? voice : voices[0]?.id, emotion, intensity, speed, pitch });
  }

  /** Chooses these and leaves the others as they are. */
  choose(settings) {
    this.#set({ ...this.value, ...settings });
    this.#form.dispatchEvent(new Event("input"));
  }

  get value() {
    const sliders = SLIDERS.map((name) => [name, Number(byId(name).value)]);
    return { voice: checked("voice"), emotion: checked("emotion") ?? "neutral", ...Object.fromEntries(sliders) };
  }

  /** The same as members of a speech request, others put in their place; what is as the voice has it is left out. */
  request(instead = {}) {
    const { voice, emotion, intensity, speed, pitch } = { ...this.value, ...instead };
    const known = this.#voice(voice);
    return {
      model: known?.family ?? "",
      voice: known?.id ?? "",
      ...(emotion !== "neutral" && { emotion }),
      ...(emotion !== "neutral" && intensity !== 1 && { emotion_intensity: intensity }),
      ...(speed !== 1 && { speed }),
      ...(pitch !== 0 && { pitch }),
    };
  }

  /** The name that people know a voice by. */
  name(id) {
    return this.#voice(id)?.name ?? id;
  }

  #voice(id) {
    return this.voices.find((voice) => voice.id === id);
  }

  #set({ voice, emotion, ...sliders }) {
    check("voice", voice);
    for (const name of SLIDERS) byId(name).value = sliders[name];
    this.#fit(emotion);
  }

  #fit(wanted = checked("emotion")) {
    const voice = this.#voice(checked("voice"));
    if (!voice) return;
    const emotion = voice.emotions.includes(wanted) ? wanted : voice.emotions[0];
    if (this.#offered !== voice.emotions) byId("emotions").replaceChildren(...voice.emotions.map(emotionChoice));
    this.#offered = voice.emotions;
    check("emotion", emotion);
    byId("emotion-field").hidden = voice.emotions.length < 2;
    byId("intensity-field").hidden = !voice.emotion_intensity || emotion === "neutral";
    bound("intensity", voice.emotion_intensity, 1);
    bound("speed", voice.speed, 1);
    bound("pitch", voice.pitch, 0);
    this.#showValues();
  }

  #showValues() {
    const { intensity, speed, pitch } = this.value;
    byId("intensity-value").value = `${Math.round(intensity * 100)}%`;
    byId("speed-value").value = `${speed.toFixed(2)}×`;
    byId("pitch-value").value = say("semitones", { value: (pitch > 0 ? "+" : "") + seconds(pitch) });
  }
}

const checked = (name) => document.querySelector(`[name=${name}]:checked`)?.value;

function check(name, value) {
  for (const choice of document.querySelectorAll(`[name=${name}]`)) choice.checked = choice.value === value;
}

/** Lets a slider go as far as the voice does; where that is nowhere it rests at `rest` and says so. */
function bound(name, range, rest) {
  const slider = byId(name);
  slider.disabled = !range || range.low === range.high;
  const fixed = byId(`${name}-fixed`);
  if (fixed) fixed.hidden = !slider.disabled;
  if (slider.disabled) {
    slider.value = rest;
  } else {
    slider.min = range.low;
    slider.max = range.high;
  }
}

function voiceChoice({ id, name, gender }) {
  const choice = stamp("voice-choice");
  choice.querySelector("input").value = id;
  choice.querySelector(".voice-name").textContent = name;
  choice.querySelector(".voice-facts").textContent = page.words[gender] ?? "";
  return choice;
}

function emotionChoice(emotion) {
  const choice = stamp("emotion-choice");
  choice.querySelector("input").value = emotion;
  choice.querySelector("span").textContent = say(emotion);
  return choice;
}
