// A text as the preview says it will be read, each part with its place in the text as it was written.
import { markAfter, places } from "./markup.js";

/**
 * The sentences in order: {start, end} in the source; `characters` that are said, {char, pinyin, readings, place};
 * `pieces` of them, {written, first, end}, as they were written; `words`, {first, end} of the characters of each.
 *
 * `place` is where the character itself stands in the source; there is none in 二零二六 for 2026.
 */
export function sentencesOf({ text, sentences, characters, readings }, source) {
  const plain = [...text];
  const where = places(source, text);
  let done = 0; // characters of the plain text
  let said = 0;
  return sentences.map((sentence) => {
    const from = done;
    const own = [];
    const pieces = sentence.written.map((stretch) => {
      const first = own.length;
      for (const { char, pinyin } of characters.slice(said, said + stretch.characters)) {
        const offset = stretch.characters === 1 ? [...stretch.text].indexOf(char) : -1;
        const place = offset < 0 ? undefined : where[done + offset];
        own.push({ char, pinyin, place, readings: readings[char] ?? [] });
      }
      done += [...stretch.text].length;
      said += stretch.characters;
      return { written: stretch.text.trim(), first, end: own.length };
    });
    return { ...span(plain, where, from, done, source), characters: own, pieces, words: spans(sentence.words) };
  });
}

/** Where the characters from `from` to `to` of the plain text stand, without white space at their ends. */
function span(plain, where, from, to, source) {
  while (from < to - 1 && !plain[from].trim()) from += 1;
  while (to - 1 > from && !plain[to - 1].trim()) to -= 1;
  const last = where[to - 1];
  return { start: where[from], end: last + plain[to - 1].length + markAfter(source, last).length };
}

function spans(words) {
  let end = 0;
  return words.map((word) => ({ first: end, end: (end += [...word].length) }));
}

/** Which characters of a sentence a word covers that has the one at `index`; undefined where none is written so. */
export function covering({ characters }, word, index) {
  const length = [...word].length;
  for (let first = Math.max(0, index - length + 1); length > 0 && first <= index; first += 1) {
    const covered = characters.slice(first, first + length);
    const isWritten = covered.every(({ place }) => place !== undefined);
    if (isWritten && covered.map(({ char }) => char).join("") === word) return covered;
  }
  return undefined;
}
