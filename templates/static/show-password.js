// A button beside each password field shows what was typed, and hides it again before the form is sent.

for (const button of document.querySelectorAll("[data-reveals]")) {
  const field = document.getElementById(button.dataset.reveals);
  const word = button.firstElementChild;
  const shows = word.textContent;
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    word.textContent = shown ? button.dataset.hides : shows;
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    show(field.type === "password");
    field.focus();
  });
  field.form.addEventListener("submit", () => show(false));
}
