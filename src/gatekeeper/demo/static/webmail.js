// Example Mail's page: local times, stars, live updates, uploads, and what to do when the gateway no longer knows us.

const $ = (selector, root = document) => root.querySelector(selector);
const rows = $("#rows");
const toasts = $("#toasts");
let signedOut = false;

// Telling

function tell(text, link) {
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (link) toast.append(Object.assign(document.createElement("a"), { href: link.href, textContent: link.label }));
  toasts.append(toast);
  if (!link) setTimeout(() => toast.remove(), 6000);
  return toast;
}

for (const toast of toasts.querySelectorAll("[data-passing]")) setTimeout(() => toast.remove(), 6000);
if (location.search.includes("done=")) history.replaceState(null, "", location.pathname);

// Asking the platform. A 401 comes from the gateway: a problem that says where to sign in.

async function ask(address, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  const answer = await fetch(address, { ...options, headers });
  if (answer.ok) return answer.json();
  const isProblem = (answer.headers.get("Content-Type") ?? "").startsWith("application/problem+json");
  const problem = isProblem ? await answer.json() : {};
  if (answer.status === 401 && problem.login_url) offerSignIn(problem);
  throw Object.assign(new Error(problem.title ?? `The server answered ${answer.status}.`), { status: answer.status });
}

function offerSignIn(problem) {
  live.set("off", "Paused");
  if (signedOut) return;
  signedOut = true;
  const toast = tell(problem.detail ?? "You are no longer signed in.", { href: problem.login_url, label: "Sign in" });
  toast.id = "sign-in-again";
}

function complain(error) {
  if (error.status !== 401) tell(error.status ? error.message : "The server cannot be reached just now.");
}

// Times in the reader's own zone

function showTime(element) {
  const at = new Date(element.dateTime);
  const now = new Date();
  element.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "short" });
  if ("long" in element.dataset) {
    element.textContent = at.toLocaleString(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  } else if (at.toDateString() === now.toDateString()) {
    element.textContent = at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  } else {
    const days = (now - at) / 86400000;
    const shape = days < 6 ? { weekday: "short" } : { day: "numeric", month: "short" };
    element.textContent = at.toLocaleDateString(undefined, shape);
  }
}

document.querySelectorAll("time").forEach(showTime);

// Stars

document.addEventListener("click", async (event) => {
  const star = event.target.closest(".star");
  if (!star) return;
  const id = star.closest("[data-id]").dataset.id;
  const starred = star.getAttribute("aria-pressed") !== "true";
  const all = [...document.querySelectorAll(`[data-id="${id}"] .star`)];
  const show = (value) => all.forEach((one) => one.setAttribute("aria-pressed", String(value)));
  show(starred);
  try {
    await ask(`/mail/api/messages/${id}`, {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ starred }),
    });
  } catch (error) {
    show(!starred);
    complain(error);
  }
});

// The list

function makeRow(message) {
  const row = $("#row").content.firstElementChild.cloneNode(true);
  const who = message.correspondent;
  row.dataset.id = message.id;
  row.classList.toggle("unread", !message.read);
  Object.assign($(".face", row), { textContent: who.initials, className: `face hue-${who.hue}` });
  $("a", row).href = `/mail/messages/${message.id}`;
  $(".from", row).textContent = message.folder === "sent" ? `To ${who.name}` : who.name;
  $(".subject", row).textContent = message.subject;
  $(".snippet", row).textContent = message.snippet;
  if (!message.attachments) $(".clip", row).remove();
  $(".star", row).setAttribute("aria-pressed", String(message.starred));
  $("time", row).dateTime = message.at;
  showTime($("time", row));
  return row;
}

async function refreshList() {
  const { folder, query } = document.body.dataset;
  const list = await ask(`/mail/api/messages?${new URLSearchParams({ folder, q: query })}`);
  const known = new Set([...rows.children].map((row) => row.dataset.id));
  const open = $(".row.open")?.dataset.id;
  const scroll = rows.scrollTop;
  rows.replaceChildren(...list.items.map((message) => {
    const row = makeRow(message);
    row.classList.toggle("new", !known.has(message.id));
    row.classList.toggle("open", message.id === open);
    return row;
  }));
  rows.scrollTop = scroll;
  $("#empty").hidden = list.items.length > 0;
  showCount(list.unread);
}

function showCount(unread) {
  for (const count of document.querySelectorAll("[data-unread]")) {
    count.textContent = unread;
    count.hidden = unread === 0;
    count.setAttribute("aria-label", `${unread} unread`);
  }
  const sentence = $("[data-unread-sentence]");
  if (sentence) {
    sentence.textContent = unread === 0 ? "Everything is read."
      : unread === 1 ? "One message is waiting to be read." : `${unread} messages are waiting to be read.`;
  }
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = document.body.dataset.folder === "inbox" && unread ? `(${unread}) ${title}` : title;
}

// Live: new mail over a WebSocket, counts as server-sent events, and a poll that must not keep a session alive

const live = {
  wait: 1000,
  set(state, text) {
    $("#live").className = `live ${state}`;
    $("#live span").textContent = text;
  },
  listen() {
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/mail/live`);
    socket.addEventListener("open", () => { this.wait = 1000; this.set("on", "Live"); });
    socket.addEventListener("message", async (event) => {
      const news = JSON.parse(event.data);
      if (news.type !== "message") return;
      tell(`New mail from ${news.message.from.name}: ${news.message.subject}`);
      await refreshList().catch(complain);
    });
    socket.addEventListener("close", () => this.retry());
  },
  async retry() {
    if (leaving) return;
    this.set("off", "Offline");
    await this.poll();
    if (signedOut) return;
    setTimeout(() => this.listen(), this.wait);
    this.wait = Math.min(this.wait * 2, 30000);
  },
  async poll() {
    try {
      showCount((await ask("/mail/?_action=refresh")).unread);
    } catch (error) {
      if (!error.status) this.set("off", "Offline");
    }
  },
};

let leaving = false;
addEventListener("pagehide", () => { leaving = true; });

function count() {
  const events = new EventSource("/mail/events");
  events.addEventListener("counts", (event) => showCount(JSON.parse(event.data).unread));
  events.addEventListener("error", () => { if (events.readyState === EventSource.CLOSED && !signedOut && !leaving) live.poll(); });
}

live.listen();
count();
setInterval(() => { if (!signedOut && document.visibilityState === "visible") live.poll(); }, 60000);

// Files are uploaded as they are chosen; the form then names them

$(".attach input")?.addEventListener("change", async (event) => {
  const picker = event.target;
  const files = [...picker.files];
  picker.value = "";
  const send = $(".foot .primary");
  send.disabled = true;
  await Promise.all(files.map(async (file) => {
    const item = document.createElement("li");
    item.className = "busy";
    item.append(Object.assign(document.createElement("b"), { textContent: file.name }), document.createElement("small"));
    $("#kept").append(item);
    try {
      const kept = await ask("/mail/api/attachments", {
        method: "POST",
        headers: { "Content-Type": file.type || "application/octet-stream", "X-File-Name": encodeURIComponent(file.name) },
        body: file,
      });
      item.className = "";
      $("small", item).textContent = kept.size_text;
      item.append(Object.assign(document.createElement("input"), { type: "hidden", name: "attachment", value: kept.id }));
    } catch (error) {
      item.remove();
      if (error.status === 413) tell(`${file.name} is larger than 25 MB.`);
      else complain(error);
    }
  }));
  send.disabled = false;
});

const text = $(".write textarea");
if (text && $(".write [name=to]").value && !$(".write [aria-invalid]")) {
  text.focus();
  text.setSelectionRange(0, 0);
}
