// What the console's pages do with a script: menus of a row that close, lists that follow typing.

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
