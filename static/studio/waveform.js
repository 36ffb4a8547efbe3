// Bars of the loudest sample in each slice of time, drawn while the recording still grows.
import { RATE } from "./player.js";

const SLICE = RATE / 100; // samples in the finest bar, 10 ms
const BAR = 3; // CSS pixels
const GAP = 2;

export class Waveform {
  canvas;
  #peaks = []; // loudest absolute sample of each 10 ms, 0 to 1
  #open = 0; // samples in the last slice so far

  constructor(canvas) {
    this.canvas = canvas;
  }

  clear() {
    this.#peaks = [];
    this.#open = 0;
  }

  append(samples) {
    for (const sample of samples) {
      if (this.#open === 0) this.#peaks.push(0);
      const last = this.#peaks.length - 1;
      this.#peaks[last] = Math.max(this.#peaks[last], Math.abs(sample));
      this.#open = (this.#open + 1) % SLICE;
    }
  }

  /** Draws `duration` seconds over the whole width; bars before `position` are in the colour of what was heard. */
  draw(position, duration) {
    const { width, height, brush } = this.#prepare();
    const style = getComputedStyle(this.canvas);
    const bars = Math.floor((width + GAP) / (BAR + GAP));
    const loudest = Math.max(0.25, this.#peaks.reduce((a, b) => Math.max(a, b), 0));
    const perBar = (duration * 100) / bars;
    for (let bar = 0; bar < bars; bar += 1) {
      const peak = duration > 0 ? this.#peak(bar * perBar, (bar + 1) * perBar) : 0;
      const tall = Math.max(BAR, (peak / loudest) * height);
      const heard = duration > 0 && (bar + 0.5) / bars <= position / duration;
      brush.fillStyle = style.getPropertyValue(heard ? "--wave-heard" : peak > 0 ? "--wave" : "--wave-empty");
      brush.beginPath();
      brush.roundRect(bar * (BAR + GAP), (height - tall) / 2, BAR, tall, BAR / 2);
      brush.fill();
    }
    if (position > 0 && position < duration) {
      brush.fillStyle = style.getPropertyValue("--wave-heard");
      brush.fillRect((position / duration) * (width - 2), 0, 2, height);
    }
  }

  #peak(from, to) {
    let peak = 0;
    const end = Math.min(this.#peaks.length, Math.max(Math.ceil(to), Math.floor(from) + 1));
    for (let i = Math.floor(from); i < end; i += 1) peak = Math.max(peak, this.#peaks[i]);
    return peak;
  }

  #prepare() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = devicePixelRatio;
    if (this.canvas.width !== Math.round(width * ratio)) this.canvas.width = Math.round(width * ratio);
    if (this.canvas.height !== Math.round(height * ratio)) this.canvas.height = Math.round(height * ratio);
    const brush = this.canvas.getContext("2d");
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.clearRect(0, 0, width, height);
    return { width, height, brush };
  }
}
