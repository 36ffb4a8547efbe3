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
