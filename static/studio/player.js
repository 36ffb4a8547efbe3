// Plays samples while more of them are still arriving. Fires "change" when it starts, pauses or ends.
export const RATE = 24000; // Hz, what /v1/audio/speech sends as pcm

// Sources start this much in the future, so that the first one is not cut by its own set-up.
const LEAD = 0.04; // seconds

let heard; // what has the loudspeakers now

/** Whatever begins to be heard, a Player or an <audio>, silences what was heard before. */
export function alone(one) {
  if (heard !== one) heard?.pause();
  heard = one;
}

export class Player extends EventTarget {
  #context;
  #samples = []; // Float32Array, in order of arrival
  #received = 0; // samples
  #complete = false;
  #scheduled = []; // {source, at: seconds of the context, from: seconds of the recording}
  #rest = 0; // position while nothing plays, seconds
  playing = false;

  /** Forgets the last recording. Call it from a click: browsers let sound start only from there. */
  begin() {
    this.#context ??= new AudioContext({ sampleRate: RATE });
    this.#context.resume();
    this.#silence();
    alone(this);
    this.#samples = [];
    this.#received = 0;
    this.#complete = false;
    this.#rest = 0;
    this.playing = true;
    this.#changed();
  }

  append(samples) {
    if (samples.length === 0) return;
    const from = this.duration;
    this.#samples.push(samples);
    this.#received += samples.length;
    if (this.playing) this.#schedule(samples, from);
  }

  /** No more samples will come. */
  complete() {
    this.#complete = true;
    if (this.playing && this.#scheduled.length === 0) this.#end();
  }

  play(from = this.#rest) {
    this.#silence();
    const start = from >= this.duration && this.#complete ? 0 : from;
    this.#rest = start;
    alone(this);
    this.playing = true;
    this.#context.resume();
    const tail = this.#tail(Math.round(start * RATE));
    if (tail.length > 0) this.#schedule(tail, start);
    this.#changed();
  }

  pause() {
    if (!this.playing) return;
    this.#rest = this.position;
    this.playing = false;
    this.#silence();
    this.#changed();
  }

  seek(position) {
    if (this.playing) this.play(position);
    else this.#rest = position;
  }

  /** Seconds received so far. */
  get duration() {
    return this.#received / RATE;
  }

  /** Seconds from the beginning of the recording that are being heard now. */
  get position() {
    const now = this.#context?.currentTime ?? 0;
    const heard = this.#scheduled.findLast(({ at }) => at <= now);
    if (!this.playing || !heard) return this.#rest;
    return Math.min(heard.from + now - heard.at, heard.from + heard.source.buffer.duration);
  }

  #schedule(samples, from) {
    const buffer = this.#context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
    const last = this.#scheduled.at(-1);
    const free = last ? last.at + last.source.buffer.duration : 0;
    const at = Math.max(free, this.#context.currentTime + (last && free > this.#context.currentTime ? 0 : LEAD));
    this.#scheduled.push({ source, at, from });
    source.onended = () => this.#ended(source);
    source.start(at);
  }

  #ended(source) {
    const index = this.#scheduled.findIndex((entry) => entry.source === source);
    const [entry] = this.#scheduled.splice(index, 1);
    this.#rest = entry.from + entry.source.buffer.duration;
    if (this.#scheduled.length === 0 && this.#complete) this.#end();
  }

  #end() {
    this.playing = false;
    this.#rest = this.duration;
    this.#changed();
  }

  #silence() {
    for (const { source } of this.#scheduled) {
      source.onended = null;
      source.stop();
    }
    this.#scheduled = [];
  }

  #tail(first) {
    const tail = new Float32Array(Math.max(0, this.#received - first));
    let begin = -first; // where the chunk begins, seen from the tail
    for (const chunk of this.#samples) {
      const part = begin < 0 ? chunk.subarray(Math.min(-begin, chunk.length)) : chunk;
      tail.set(part, Math.max(0, begin));
      begin += chunk.length;
    }
    return tail;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
