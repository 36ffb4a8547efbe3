// The text of a recording, which runs along: the character that is heard is marked, a click on one goes there.

export class Transcript {
  #box;
  #characters = []; // {start: seconds, element}, in order
  #now; // the element that is marked

  constructor(box, jump) {
    this.#box = box;
    box.addEventListener("click", ({ target }) => {
      const clicked = this.#characters.find(({ element }) => element === target);
      if (clicked) jump(clicked.start);
    });
    box.addEventListener("keydown", (event) => {
      const next = this.#beside({ ArrowLeft: -1, ArrowRight: 1 }[event.key]);
      if (!next) return;
      event.preventDefault();
      jump(next.start);
    });
  }

  clear() {
    this.#characters = [];
    this.#now = undefined;
    this.#box.replaceChildren();
    this.#box.hidden = true;
  }

  /** A sentence as it comes with the audio: {characters: [{text, start, end}]}. */
  add({ characters }) {
    this.#box.hidden = false;
    for (const { text, start } of characters) {
      const element = document.createElement("span");
      element.textContent = text;
      this.#characters.push({ start, element });
      this.#box.append(element);
    }
  }

  show(position) {
    const now = position > 0 ? this.#at(position)?.element : undefined;
    if (now === this.#now) return;
    this.#now?.classList.remove("is-now");
    now?.classList.add("is-now");
    this.#now = now;
    if (now) this.#follow(now);
  }

  #beside(step) {
    const now = this.#characters.findIndex(({ element }) => element === this.#now);
    return step && this.#characters[now + step];
  }

  #at(position) {
    let low = 0;
    let high = this.#characters.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#characters[middle].start <= position) low = middle + 1;
      else high = middle;
    }
    return this.#characters[low - 1];
  }

  /** Scrolls the box, and never the page. */
  #follow(element) {
    const { scrollTop, clientHeight } = this.#box;
    const top = element.offsetTop - this.#box.offsetTop;
    if (top < scrollTop || top + element.offsetHeight > scrollTop + clientHeight) {
      this.#box.scrollTop = top - clientHeight / 3;
    }
  }
}
