// Voice, emotion, speed and pitch. What the chosen voice cannot honour is not offered.
import { say, seconds } from "./words.js";

const byId = (id) => document.getElementById(id);

export class Settings {
  #voices = [];
  #form;

  constructor(form) {
    this.#form = form;
    byId("voices").addEventListener("change", () => this.#fit());
    byId("reset").addEventListener("click", () => this.reset());
    for (const slider of [byId("speed"), byId("pitch")]) slider.addEventListener("input", () => this.#showValues());
  }

  /** Offers these voices and takes up what was chosen before, as far as it still fits. */
  offer(voices, { voice, emotion = "neutral", speed = 1, pitch = 0 } = {}) {
    this.#voices = voices;
    byId("voices").replaceChildren(...voices.map(voiceChoice));
    const chosen = voices.some(({ id }) => id === voice) ? voice : voices[0]?.id;
    if (chosen) this.#form.elements.voice.value = chosen;
    byId("speed").value = speed;
    byId("pitch").value = pitch;
    this.#fit(emotion);
  }

  /** What is chosen, as members of a speech request; what is as the voice has it is left out. */
  get value() {
    const { voice, emotion, speed, pitch } = this.#form.elements;
    return {
      voice: voice?.value ?? "",
      ...(emotion?.value && emotion.value !== "neutral" && { emotion: emotion.value }),
      ...(Number(speed.value) !== 1 && { speed: Number(speed.value) }),
      ...(!pitch.disabled && Number(pitch.value) !== 0 && { pitch: Number(pitch.value) }),
    };
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

  #fit(wanted = this.#form.elements.emotion?.value) {
    const voice = this.#voices.find(({ id }) => id === this.#form.elements.voice?.value);
    if (!voice) return;
    byId("emotions").replaceChildren(...voice.emotions.map(emotionChoice));
    byId("emotion-field").hidden = voice.emotions.length < 2;
    const kept = voice.emotions.includes(wanted) ? wanted : voice.emotions[0];
    for (const choice of byId("emotions").querySelectorAll("input")) choice.checked = choice.value === kept;
    bound(byId("speed"), voice.speed);
    byId("pitch").disabled = !voice.pitch;
    byId("pitch-fixed").hidden = Boolean(voice.pitch);
    if (voice.pitch) bound(byId("pitch"), voice.pitch);
    this.#showValues();
  }

  #showValues() {
    const pitch = byId("pitch").disabled ? 0 : Number(byId("pitch").value);
    byId("speed-value").value = `${Number(byId("speed").value).toFixed(2)}×`;
    byId("pitch-value").value = say("semitones", { value: (pitch > 0 ? "+" : "") + seconds(pitch) });
  }
}

function bound(slider, { low, high }) {
  slider.min = low;
  slider.max = high;
}

function voiceChoice({ id, name, gender }) {
  const choice = byId("voice-choice").content.cloneNode(true);
  choice.querySelector("input").value = id;
  choice.querySelector(".voice-name").textContent = name;
  choice.querySelector(".voice-facts").textContent = say(gender ?? "");
  return choice;
}

function emotionChoice(emotion) {
  const choice = byId("emotion-choice").content.cloneNode(true);
  choice.querySelector("input").value = emotion;
  choice.querySelector("span").textContent = say(emotion);
  return choice;
}
