import { file } from "./api.js";
import { say } from "./words.js";

/** Gives a play button the face of what a press will do. */
export function face(button, action) {
  const use = button.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${action}`));
  button.setAttribute("aria-label", say(action));
}

/** Points a download link at a speech. */
export function offer(link, id) {
  link.href = file(id, link.dataset.format);
  link.download = ""; // the server names it
}
