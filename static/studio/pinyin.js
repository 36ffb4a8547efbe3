const MARKS = { a: "āáǎà", e: "ēéěè", i: "īíǐì", o: "ōóǒò", u: "ūúǔù", ü: "ǖǘǚǜ" };

/** "hang2" -> "háng". The mark stands on a or e, on the o of ou, else on the last vowel; tone 5 has none. */
export function toneMark(numbered) {
  const [, letters, tone] = /^(.*?)([1-5]?)$/.exec(numbered.replace(/v|u:/g, "ü"));
  if (tone === "" || tone === "5") return letters;
  const strongest = letters.search(/[ae]/);
  const place = strongest >= 0 ? strongest : letters.includes("ou") ? letters.indexOf("o") : letters.search(/[iouü][^iouü]*$/);
  if (place < 0) return letters;
  return letters.slice(0, place) + MARKS[letters[place]][tone - 1] + letters.slice(place + 1);
}
