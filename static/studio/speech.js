// A speech that is heard while it is made: samples, and when each character of them is spoken.
import { post, Problem, wordsFor } from "./api.js";
import { RATE } from "./player.js";
import { say } from "./words.js";

/** Starts a speech; resolves at the answer's head. `heard` yields {samples} at 24 kHz and {sentence} as they come. */
export async function speech(asked, signal) {
  const how = { response_format: "pcm", sample_rate: RATE, stream_format: "sse", timestamps: "character" };
  const answer = await post("/v1/audio/speech", { ...asked, ...how }, signal);
  return {
    id: answer.headers.get("x-request-id"),
    billed: Number(answer.headers.get("x-billed-characters")),
    heard: heard(answer.body.pipeThrough(new TextDecoderStream()).getReader()),
  };
}

async function* heard(reader) {
  const decode = samples();
  for await (const event of events(reader)) {
    if (event.type === "error") throw new Problem(wordsFor(event.error) ?? event.error.message, event.error);
    if (event.type === "speech.audio.delta") yield { samples: decode(event.audio) };
    if (event.type === "speech.audio.sentence") yield { sentence: event };
    if (event.type === "speech.audio.done") return;
  }
  throw new Problem(say("problem_cut"));
}

async function* events(reader) {
  let text = ""; // of an event that is not all there yet
  for (;;) {
    let step;
    try {
      step = await reader.read();
    } catch (error) {
      throw error.name === "AbortError" ? error : new Problem(say("problem_cut"), { cause: error });
    }
    if (step.done) return;
    const whole = (text + step.value).split("\n\n");
    text = whole.pop();
    for (const event of whole) yield JSON.parse(event.slice("data: ".length));
  }
}

/** Decodes one delta after the other to samples from -1 to 1. */
function samples() {
  let odd = ""; // half of a sample, left over from the delta before
  return (base64) => {
    const bytes = Uint8Array.from(odd + atob(base64), (char) => char.charCodeAt(0));
    const count = bytes.length >> 1;
    odd = String.fromCharCode(...bytes.slice(count * 2));
    const view = new DataView(bytes.buffer);
    return Float32Array.from({ length: count }, (_, i) => view.getInt16(i * 2, true) / 32768);
  };
}
