// How one character is read: each reading heard as it is chosen, put into the text, kept in the team's dictionary.
import { teach } from "./api.js";
import { stamp } from "./buttons.js";
import { markAfter, withReading } from "./markup.js";
import { toneMark } from "./pinyin.js";
import { covering } from "./script.js";
import { page, say } from "./words.js";

/** The drawer for a character of a sentence. */
export function fixing(desk, sentence, index, number) {
  const drawer = stamp("fixing");
  const { char, pinyin, place, readings } = sentence.characters[number];
  const word = wordOf(sentence, number);
  const put = (reading) => desk.write(withReading(desk.source, place, reading));

  drawer.querySelector("[data-character]").textContent = char;
  drawer.querySelector("[data-readings]").append(
    ...[...new Set([pinyin, ...readings])].map((reading) => {
      const choice = readingChoice(reading, reading === pinyin, `${index} reading ${reading}`);
      choice.addEventListener("change", () => {
        desk.hear(marked(word, sentence.characters[number], reading));
        put(reading);
      });
      return choice;
    }),
  );
  const back = drawer.querySelector("[data-back]");
  back.hidden = markAfter(desk.source, place) === "";
  back.addEventListener("click", () => put());
  if (page.may_teach) offerTeaching(drawer, desk, sentence, number, word, put);
  return drawer;
}

/** The characters of the word that has this one, as far as it is written so; else the character alone. */
function wordOf({ characters, words }, number) {
  const { first, end } = words.find((word) => number < word.end);
  const word = characters.slice(first, end);
  return word.every(({ place }) => place !== undefined) ? word : [characters[number]];
}

const marked = (word, fixed, reading) => word.map((each) => each.char + (each === fixed ? `(${reading})` : "")).join("");

function readingChoice(reading, isChosen, key) {
  const choice = stamp("reading-choice");
  const radio = choice.querySelector("input");
  choice.querySelector("span").textContent = toneMark(reading);
  radio.checked = isChosen;
  radio.value = reading;
  radio.dataset.key = key;
  return choice;
}

function offerTeaching(drawer, desk, sentence, number, word, put) {
  const field = drawer.querySelector("[data-word]");
  const button = drawer.querySelector("[data-teach]");
  const covered = () => covering(sentence, field.value.trim(), number);
  drawer.querySelector("[data-teaching]").hidden = false;
  field.value = word.map(({ char }) => char).join("");
  field.addEventListener("input", () => (button.disabled = !covered()));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // it would have the whole text spoken
    if (!button.disabled) button.click();
  });
  button.addEventListener("click", async () => {
    const chosen = drawer.querySelector("[data-readings] :checked").value;
    const syllables = covered().map((each) => (each === sentence.characters[number] ? chosen : each.pinyin)).filter(Boolean);
    try {
      await teach(field.value.trim(), syllables.join(" "));
      put(); // the dictionary says so now
      desk.tell(say("taught", { word: field.value.trim(), pinyin: syllables.map(toneMark).join(" ") }));
    } catch (error) {
      desk.tell(error.message);
    }
  });
}
