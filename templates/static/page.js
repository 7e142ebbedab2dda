// What every page does: local times, the focus, and the fragment of the address that was asked for.

// The page's language, in the reader's own variety of it: day before month in Britain, the other way round in America.
const { lang } = document.documentElement;
const locale = navigator.languages.find((one) => one.split("-")[0] === lang.split("-")[0]) ?? lang;
const day = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });

const localise = (part) => {
  for (const element of part.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    element.textContent = (element.dataset.shows === "day" ? day : moment).format(at);
    element.title = exact.format(at);
  }
};
localise(document);
addEventListener("list-changed", ({ detail }) => localise(detail));

// A browser hands the fragment on through redirects, but not through a form or a link: these carry it along here.
// With a fragment in the address it may also leave the focus where it was.
if (location.hash) {
  for (const form of document.forms) form.action = form.action.split("#")[0] + location.hash;
  for (const link of document.querySelectorAll("main a[href]:not([target])")) {
    if (link.origin === location.origin && !link.hash) link.hash = location.hash;
  }
  document.querySelector("[autofocus]")?.focus();
}
