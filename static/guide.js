/* The guide's code is copied by a button, where the browser lets pages write to the clipboard. */

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = navigator.clipboard === undefined;
  const word = button.querySelector("span");
  const said = word.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    word.textContent = button.dataset.copied;
    setTimeout(() => { word.textContent = said; }, 1500);
  });
}
