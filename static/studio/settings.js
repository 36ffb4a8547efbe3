// Voice, emotion, speed and pitch. What the chosen voice cannot honour is not offered.
import { page, say, seconds } from "./words.js";

const byId = (id) => document.getElementById(id);

export class Settings {
  #voices = [];
  #form;

  constructor(form) {
    this.#form = form;
    byId("voices").addEventListener("input", () => this.#fit());
    byId("reset").addEventListener("click", () => this.reset());
    for (const slider of [byId("speed"), byId("pitch")]) slider.addEventListener("input", () => this.#showValues());
  }

  /** Offers these voices and takes up what was chosen before, as far as it still fits. */
  offer(voices, { voice, emotion = "neutral", speed = 1, pitch = 0 } = {}) {
    this.#voices = voices;
    byId("voices").replaceChildren(...voices.map(voiceChoice));
    check("voice", voices.some(({ id }) => id === voice) ? voice : voices[0]?.id);
    byId("speed").value = speed;
    byId("pitch").value = pitch;
    this.#fit(emotion);
  }

  /** What is chosen, as members of a speech request; what is as the voice has it is left out. */
  get value() {
    const emotion = checked("emotion") ?? "neutral";
    const speed = Number(byId("speed").value);
    const pitch = Number(byId("pitch").value);
    return {
      voice: this.#voice?.id ?? "",
      ...(emotion !== "neutral" && { emotion }),
      ...(speed !== 1 && { speed }),
      ...(pitch !== 0 && { pitch }),
    };
  }

  /** What the API calls the model of the chosen voice. */
  get family() {
    return this.#voice?.family ?? "";
  }

  /** The name that people know a voice by. */
  name(id) {
    return this.#voices.find((voice) => voice.id === id)?.name ?? id;
  }

  reset() {
    byId("speed").value = 1;
    byId("pitch").value = 0;
    this.#fit("neutral");
    this.#form.dispatchEvent(new Event("input"));
  }

  get #voice() {
    return this.#voices.find(({ id }) => id === checked("voice"));
  }

  #fit(wanted = checked("emotion")) {
    const voice = this.#voice;
    if (!voice) return;
    byId("emotions").replaceChildren(...voice.emotions.map(emotionChoice));
    byId("emotion-field").hidden = voice.emotions.length < 2;
    check("emotion", voice.emotions.includes(wanted) ? wanted : voice.emotions[0]);
    bound("speed", voice.speed, 1);
    bound("pitch", voice.pitch, 0);
    this.#showValues();
  }

  #showValues() {
    const pitch = Number(byId("pitch").value);
    byId("speed-value").value = `${Number(byId("speed").value).toFixed(2)}×`;
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
  byId(`${name}-fixed`).hidden = !slider.disabled;
  if (slider.disabled) {
    slider.value = rest;
  } else {
    slider.min = range.low;
    slider.max = range.high;
  }
}

function voiceChoice({ id, name, gender }) {
  const choice = byId("voice-choice").content.cloneNode(true);
  choice.querySelector("input").value = id;
  choice.querySelector(".voice-name").textContent = name;
  choice.querySelector(".voice-facts").textContent = page.words[gender] ?? "";
  return choice;
}

function emotionChoice(emotion) {
  const choice = byId("emotion-choice").content.cloneNode(true);
  choice.querySelector("input").value = emotion;
  choice.querySelector("span").textContent = say(emotion);
  return choice;
}
