// What the server handed to the page: strings in the member's language, quota, limits.
export const page = JSON.parse(document.getElementById("page").textContent);

const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language);
const short = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const money = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const little = new Intl.NumberFormat(language, { maximumSignificantDigits: 2 });
const day = new Intl.DateTimeFormat(language, { month: "long", day: "numeric" });
const moment = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

/** The string of a key with its {placeholders} filled in; a key that the page lacks comes back as it is. */
export function say(key, values = {}) {
  return (page.words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export const number = (value) => whole.format(value);
export const seconds = (value) => short.format(value);
/** Millionths of a yuan in yuan; of less than a tenth two digits that tell something. */
export const yuan = (amount) => (amount < 100_000 ? little : money).format(amount / 1_000_000);
export const date = (iso) => day.format(new Date(iso));
export const time = (iso) => moment.format(new Date(iso));

/** 75.4 -> "1:15" */
export function clock(value) {
  const total = Math.floor(value);
  return `${Math.floor(total / 60)}:${String(total % 60).padStart(2, "0")}`;
}
