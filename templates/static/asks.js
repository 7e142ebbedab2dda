// A link to a page that asks something shows that page's question as a dialog over this one. Whatever goes wrong on the
// way, the link is still a link.

const dialog = document.createElement("dialog");
dialog.className = "asks";
dialog.setAttribute("aria-labelledby", "asks-title");
document.querySelector("main").append(dialog);
let opener = null;

const ask = async (link) => {
  const answer = await fetch(link.href, { headers: { Accept: "text/html" }, redirect: "error" });
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  const question = found.querySelector("main [data-ask]");
  if (!answer.ok || !question) throw new Error("no question");
  const title = document.createElement("h2");
  title.id = "asks-title";
  title.textContent = found.querySelector("h1").textContent;
  dialog.replaceChildren(title, document.adoptNode(question));
  link.closest(".row-menu")?.removeAttribute("open");
  dialog.showModal();
  const first = ["[autofocus]", "textarea, input:not([type=hidden])", "[data-cancels]"];
  first.map((kind) => dialog.querySelector(kind)).find(Boolean)?.focus();
  dialog.querySelector("input[autofocus]")?.select();
};

addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-asks]");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  opener = link.closest(".row-menu")?.querySelector("summary") ?? link;
  try {
    await ask(link);
  } catch {
    location.assign(link.href);
  }
});

// What looks like a button answers to the space bar as one.
addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches?.("a[role=button]")) return;
  event.preventDefault();
  event.target.click();
});

dialog.addEventListener("click", (event) => {
  if (!event.target.closest("[data-cancels]")) return;
  event.preventDefault();
  dialog.close();
});
dialog.addEventListener("close", () => {
  dialog.replaceChildren();
  opener?.focus();
});
