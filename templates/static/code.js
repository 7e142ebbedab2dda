// The code field: takes a code with spaces, sends the form at its sixth digit, and can take a recovery code instead.

const form = document.querySelector("[data-code-form]");
const field = form.elements.code;
let sent = false;

const isWhole = (text) => /^\d{6}$/.test(text.replace(/[\s-]/gu, ""));
const isComplete = () => [...form.elements].every((element) => !element.required || element.value.trim());

field.addEventListener("input", () => {
  if (field.inputMode === "numeric" && isWhole(field.value) && isComplete() && !sent) form.requestSubmit();
});

// A second press, or a key after the sixth digit, must not send the same code twice; after a stop, a new press may.
form.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  setTimeout(() => { sent = false; }, 5000);
});
addEventListener("pageshow", () => { sent = false; });

const ways = {
  app: { inputMode: "numeric", autocomplete: "one-time-code" },
  recovery: { inputMode: "text", autocomplete: "off" },
};

for (const link of document.querySelectorAll("[data-switch-to]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    for (const element of document.querySelectorAll("[data-when]")) {
      element.hidden = element.dataset.when !== link.dataset.switchTo;
    }
    Object.assign(field, ways[link.dataset.switchTo], { value: "" });
    field.focus();
  });
}
