// What a text says beside its words: tags, [pause:1s] [voice:yunxi], and pronunciation marks, 字(zi4).
// The server reads them (docs/ssml.md); here they are found, put in and taken out.
const TAG = String.raw`\[(pause|voice|rate|pitch|volume|emotion):([^\[\]\n]{0,200})\]`;
const MARK = String.raw`(?<=\p{Script=Han})[(（][A-Za-zü:Ü]{1,7}[1-5][)）]`;
const NEXT_TAGS = new RegExp(String.raw`^\s*(?:${TAG}\s*)+`);
const LAST_TAGS = new RegExp(String.raw`\s*(?:${TAG}\s*)+$`);

/** What one sentence can have of its own. */
export const MANNERS = ["voice", "emotion", "rate"];

export const hasTags = (source) => new RegExp(TAG).test(source);

/** What is spoken of a text: without tags, marks and white space at its ends. */
export const spoken = (source) => source.replace(new RegExp(`${TAG}|${MARK}`, "gu"), "").trim();

/** For each character of `plain`, which is the source without markup, where it stands in the source. */
export function places(source, plain) {
  const markup = new RegExp(`${TAG}|${MARK}`, "uy");
  const found = [];
  let here = 0; // in the source
  let done = 0; // of the plain text
  for (const char of plain) {
    // Brackets that hold no syllable are text, and stand in the plain text too.
    for (let match; (match = at(markup, source, here)) && !plain.startsWith(match, done); ) here += match.length;
    found.push(here);
    here += char.length;
    done += char.length;
  }
  return found;
}

function at(pattern, text, place) {
  pattern.lastIndex = place;
  return pattern.exec(text)?.[0];
}

/** The pronunciation mark that follows the character at this place of the source, or "". */
export function markAfter(source, place) {
  const end = place + String.fromCodePoint(source.codePointAt(place)).length;
  return at(new RegExp(MARK, "uy"), source, end) ?? "";
}

/** The source with this character read so; as it would be by itself, without `pinyin`. */
export function withReading(source, place, pinyin) {
  const end = place + String.fromCodePoint(source.codePointAt(place)).length;
  const mark = pinyin ? `(${pinyin})` : "";
  return source.slice(0, end) + mark + source.slice(end + markAfter(source, place).length);
}

/** What holds at the end of this text, by kind: {voice: "yunxi", rate: "1.2"}. */
export function held(source) {
  const manner = {};
  for (const [, kind, value] of source.matchAll(new RegExp(TAG, "g"))) {
    if (kind !== "pause" && value.trim()) manner[kind] = value.trim();
    else delete manner[kind];
  }
  return manner;
}

export const tagsOf = (manner) => change({}, manner, Object.keys(manner));

/** The source in which what stands from `start` to `end` has this manner, and all else the one it had. */
export function withManner(source, start, end, wanted) {
  const before = source.slice(0, start).match(LAST_TAGS)?.[0] ?? "";
  const after = source.slice(end).match(NEXT_TAGS)?.[0] ?? "";
  const head = source.slice(0, start - before.length);
  const tail = source.slice(end + after.length);
  const back = tail.trim() ? change(wanted, held(source.slice(0, end) + after)) : "";
  return head + others(before) + change(held(head), wanted) + source.slice(start, end) + others(after) + back + tail;
}

function change(from, to, kinds = MANNERS) {
  const differing = kinds.filter((kind) => from[kind] !== to[kind]);
  return differing.map((kind) => `[${kind}:${to[kind] ?? ""}]`).join("");
}

/** Tags and white space without those that are a sentence's own. */
const others = (tags) => tags.replace(new RegExp(TAG, "g"), (tag, kind) => (MANNERS.includes(kind) ? "" : tag));
