import { file, subtitles } from "./api.js";
import { say } from "./words.js";

/** Gives a play button the face of what a press will do. */
export function face(button, action) {
  const use = button.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${action}`));
  button.setAttribute("aria-label", say(action));
}

/** Points a download link at a speech or its subtitles. */
export function offer(link, id) {
  const { format, subtitles: shown } = link.dataset;
  link.href = shown ? subtitles(id, shown) : file(id, format);
  link.download = ""; // the server names it
}

/** A copy of what a <template> of the page holds. */
export const stamp = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/** Gives a <select> these choices, [value, words]; what is `chosen` and not among them is added as it is. */
export function fill(select, choices, chosen) {
  const known = choices.some(([value]) => value === chosen);
  const options = [...choices, ...(known ? [] : [[chosen, chosen]])].map(([value, words]) => new Option(words, value));
  select.replaceChildren(...options);
  select.value = chosen;
}
