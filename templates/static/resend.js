// "Send again" is a reload: the browser repeats the request with what was sent in it.

for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
for (const element of document.querySelectorAll("[data-without-script]")) element.hidden = true;
document.querySelector("[data-reloads]").addEventListener("click", () => location.reload());
