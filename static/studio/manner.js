// What one sentence has of its own: voice, emotion, speed; kept in the text as tags.
import { fill, stamp } from "./buttons.js";
import { MANNERS, withManner } from "./markup.js";
import { say } from "./words.js";

const SPEEDS = ["0.7", "0.8", "0.9", "1.1", "1.2", "1.3", "1.5"];

/** In words, "" where the sentence is as the text. */
export function mannerWords({ voice, emotion, rate }, voices) {
  const name = voices.find(({ id }) => id === voice)?.name ?? voice;
  return [name, emotion && say(emotion), rate && `${rate}×`].filter(Boolean).join(" · ");
}

/** The drawer for a sentence. */
export function manner(desk, sentence, index) {
  const drawer = stamp("manner");
  const own = desk.manner;
  const voices = desk.voices();
  const speaker = voices.find(({ id }) => id === (own.voice ?? desk.ask().voice));
  const as_all = ["", say("as_the_text")];
  const choices = {
    voice: voices.map(({ id, name }) => [id, name]),
    emotion: (speaker?.emotions ?? []).map((emotion) => [emotion, say(emotion)]),
    rate: SPEEDS.map((speed) => [speed, `${speed}×`]),
  };
  for (const kind of MANNERS) {
    const select = drawer.querySelector(`[data-kind=${kind}]`);
    fill(select, [as_all, ...choices[kind]], own[kind] ?? "");
    select.dataset.key = `${index} ${kind}`;
    select.addEventListener("change", () => {
      const wanted = { ...own, [kind]: select.value || undefined };
      if (kind === "voice" && !can(voices, select.value, own.emotion)) wanted.emotion = undefined;
      desk.write(withManner(desk.source, sentence.start, sentence.end, wanted));
    });
  }
  return drawer;
}

function can(voices, voice, emotion) {
  const emotions = voices.find(({ id }) => id === voice)?.emotions;
  return !emotions || emotions.includes(emotion);
}
