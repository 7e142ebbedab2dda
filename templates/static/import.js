// Looks how far an import is, until there is something else to say; then the page is opened anew.

const look = async () => {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    if (answer.status >= 500) throw new Error(answer.statusText);
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("job");
    if (!found || found.dataset.running !== "yes") return location.reload();
    const [shown, now] = [document.getElementById("progress"), found.querySelector("progress")];
    const [label, says] = [document.querySelector("#job label"), found.querySelector("label")];
    label.textContent = says.textContent;
    if (now.hasAttribute("value")) Object.assign(shown, { max: now.max, value: now.value });
    else shown.removeAttribute("value");
  } catch {
    // The next look may find the way.
  }
  return setTimeout(look, 1000);
};

setTimeout(look, 1000);
