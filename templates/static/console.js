// What the console's pages do with a script: menus of a row that close, questions as dialogs, lists that follow typing.

// A row's menu closes when another opens, at a press elsewhere, and at Escape, which gives the focus back.
const menus = () => document.querySelectorAll("details.row-menu[open]");
addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.row-menu[open]")) return;
  for (const other of menus()) if (other !== event.target) other.open = false;
}, true);
addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
});

// A link to a page that asks something shows that page's question as a dialog over this one. Whatever goes wrong on
// the way, the link is still a link.
const dialog = document.createElement("dialog");
dialog.className = "asks";
dialog.setAttribute("aria-labelledby", "asks-title");
document.querySelector("main").append(dialog);

const ask = async (link) => {
  const answer = await fetch(link.href, { headers: { Accept: "text/html" }, redirect: "error" });
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  const question = found.querySelector("main [data-ask]");
  if (!answer.ok || !question) throw new Error("no question");
  const title = document.createElement("h2");
  title.id = "asks-title";
  title.textContent = found.querySelector("h1").textContent;
  dialog.replaceChildren(title, document.adoptNode(question));
  for (const menu of menus()) menu.open = false;
  dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("textarea, input:not([type=hidden])"))?.focus();
};

let opener = null;
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
addEventListener("click", (event) => {
  if (!event.target.closest?.("dialog.asks [data-cancels]")) return;
  event.preventDefault();
  dialog.close();
});
dialog.addEventListener("close", () => { dialog.replaceChildren(); opener?.focus(); });

// A list that follows its filters while they are typed or chosen; only the latest answer counts.
for (const form of document.querySelectorAll("form[data-follows]")) {
  const list = document.getElementById(form.dataset.follows);
  let latest = 0;
  let timer = 0;

  const refresh = async () => {
    const mine = (latest += 1);
    const address = new URL(form.action);
    for (const [name, value] of new FormData(form)) if (value) address.searchParams.set(name, value);
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "error" });
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(list.id);
      if (mine !== latest || !answer.ok || !found) return;
      list.replaceChildren(...found.childNodes);
      history.replaceState(null, "", address);
      dispatchEvent(new CustomEvent("list-changed", { detail: list }));
    } catch {
      form.requestSubmit();
    }
  };

  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(refresh, event.target.matches("input") ? 120 : 0);
  });
}
