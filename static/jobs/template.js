// A template as the server fills it (tts_engine/manuscripts/template.py), for the preview alone.
const TOKEN = /[{｛]{2}|[}｝]{2}|[{｛]([^{}｛｝]*)[}｝]|[^{}｛｝]+|[{}｛｝]/g;

/** Pieces of a text: {text}, {text, column} where a cell goes, {text, column, unknown} where none does. */
export function filled(template, columns, cells) {
  return [...template.matchAll(TOKEN)].map(([token, name]) => {
    if (name === undefined) return { text: /^([{}｛｝])\1$/.test(token) ? token[0] : token };
    const column = name.trim();
    const place = columns.indexOf(column);
    return place < 0 ? { text: token, column, unknown: true } : { text: cells[place], column };
  });
}
