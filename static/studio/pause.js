// A pause at the cursor; pressed again right behind one, a longer one.
const LENGTHS = ["500ms", "1s", "2s", "300ms"];
const BEFORE = /\[pause:([^\]]*)\]$/;

export function insertPause(field) {
  field.focus();
  const before = BEFORE.exec(field.value.slice(0, field.selectionStart));
  if (before) field.selectionStart -= before[0].length;
  const length = LENGTHS[(LENGTHS.indexOf(before?.[1]) + 1) % LENGTHS.length];
  // Deprecated, yet the only way to write into a field that undo can take back.
  document.execCommand("insertText", false, `[pause:${length}]`);
}
