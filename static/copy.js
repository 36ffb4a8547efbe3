/** A button with data-copy="ID" puts the text of that element into the clipboard, and says so. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  getSelection().selectAllChildren(source);
  // Without TLS there is no clipboard but the old one, which takes what is selected.
  if (navigator.clipboard) await navigator.clipboard.writeText(source.textContent);
  else if (!document.execCommand("copy")) return;
  button.querySelector("[aria-live]").textContent = button.dataset.copied;
});
