// Buttons that copy what an element shows: a key without its spaces, a list line by line.

const textOf = (element) => {
  const lines = [...element.querySelectorAll("li")].map((item) => item.textContent.trim());
  return lines.length ? lines.join("\n") : element.textContent.trim();
};

const select = (element) => getSelection().selectAllChildren(element);

for (const button of document.querySelectorAll("[data-copies]")) {
  const label = button.textContent;
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    const text = textOf(source);
    try {
      await navigator.clipboard.writeText("withoutSpaces" in button.dataset ? text.replace(/\s/gu, "") : text);
      button.textContent = button.dataset.copied;
    } catch {
      select(source);
      button.textContent = button.dataset.selected;
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
