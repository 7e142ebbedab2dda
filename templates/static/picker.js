// The picker of people: results while typing, by keyboard alone too (WAI-ARIA APG, combobox with a list), and a chip for
// each person picked. Without it the same form searches and picks by its buttons.

const numbers = new Intl.NumberFormat(document.documentElement.lang);
const filled = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

class Picker {
  constructor(root) {
    this.root = root;
    this.says = root.dataset;
    this.who = root.dataset.picker;
    this.input = root.querySelector("input[type=text]");
    this.list = root.querySelector(".picker-results");
    this.chips = root.querySelector(".chips");
    this.template = root.querySelector("template");
    this.status = root.querySelector("[data-status]");
    this.reach = document.querySelector(`[data-reach="${this.who}"]`);
    this.found = [];
    this.active = -1;
    this.asking = null;

    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-multiselectable", "true");
    this.list.setAttribute("aria-label", this.input.labels[0].textContent);
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
    })) this.input.setAttribute(name, value);

    this.recall();
    this.input.addEventListener("input", () => this.search());
    this.input.addEventListener("focus", () => { if (this.found.length) this.open(); });
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const at = [...this.list.children].indexOf(event.target.closest("[role=option]"));
      if (at >= 0) this.toggle(at);
    });
    this.chips.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      event.preventDefault();
      this.remove(button.closest("li"));
    });
  }

  get picked() {
    return new Map([...this.chips.children].map((chip) => [chip.dataset.person, chip]));
  }

  async search() {
    const query = this.input.value.trim();
    this.asking?.abort();
    if (!query) {
      this.found = [];
      this.close();
      return;
    }
    this.asking = new AbortController();
    this.move(-1); // Enter picks nobody who was found for what stood here before
    try {
      const address = `${this.says.search}?query=${encodeURIComponent(query)}`;
      const options = { headers: { Accept: "application/json" }, redirect: "error", signal: this.asking.signal };
      const answer = await fetch(address, options);
      if (!answer.ok) throw new Error(answer.statusText);
      const { people, more } = await answer.json();
      this.found = people;
      this.show(people.length ? (more ? this.says.saysMore : "") : this.says.saysNone);
      const found = filled(this.says.saysFound, { count: numbers.format(people.length) });
      this.say(people.length ? `${found} ${more ? this.says.saysMore : ""}` : this.says.saysNone);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.found = [];
      this.show(this.says.saysFailed);
      this.say(this.says.saysFailed);
    }
  }

  show(remark) {
    const picked = this.picked;
    this.list.replaceChildren(...this.found.map((person, at) => this.option(person, at, picked.has(person.id))));
    if (remark) {
      const line = document.createElement("li");
      line.className = "picker-remark";
      line.setAttribute("role", "presentation");
      line.textContent = remark;
      this.list.append(line);
    }
    this.open();
    this.move(this.found.length ? 0 : -1);
  }

  option(person, at, picked) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${at}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", String(picked));
    const name = document.createElement("span");
    name.className = "first-line";
    name.textContent = person.name;
    const details = document.createElement("span");
    details.className = "second-line";
    const known = [person.username];
    if (person.email !== person.username) known.push(person.email);
    if (!person.enabled) known.push(this.says.saysClosed);
    else if (person.enrolled) known.push(this.says.saysEnrolled);
    details.textContent = known.join(" · ");
    option.append(name, details);
    return option;
  }

  open() {
    if (document.activeElement !== this.input) return;
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  move(at) {
    this.active = at;
    for (const [place, option] of [...this.list.querySelectorAll("[role=option]")].entries()) {
      option.classList.toggle("is-active", place === at);
      if (place === at) {
        this.input.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      }
    }
    if (at < 0) this.input.removeAttribute("aria-activedescendant");
  }

  pressed(event) {
    const closed = this.list.hidden;
    const count = this.found.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (closed) this.open();
      else if (count) this.move((this.active + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!closed && this.active >= 0) this.toggle(this.active);
    } else if (event.key === "Escape") {
      if (closed && !this.input.value) return;
      event.preventDefault();
      if (closed) {
        this.input.value = "";
        this.found = [];
      }
      this.close();
    }
  }

  toggle(at) {
    const person = this.found[at];
    const chip = this.picked.get(person.id);
    if (chip) this.remove(chip, { stay: true });
    else this.add(person);
    const option = this.list.children[at];
    option.setAttribute("aria-selected", String(this.picked.has(person.id)));
    this.move(at);
    this.input.select();
  }

  add(person) {
    if (this.chips.children.length >= Number(this.says.most)) {
      this.show(this.says.saysFull);
      this.say(this.says.saysFull);
      return;
    }
    this.chips.append(this.chip(person));
    this.counted(filled(this.says.saysAdded, person));
  }

  chip(person) {
    const chip = this.template.content.firstElementChild.cloneNode(true);
    chip.dataset.person = person.id;
    chip.querySelector("input").value = person.id;
    const name = chip.querySelector("span");
    name.textContent = person.name;
    name.title = person.title ?? `${person.username} · ${person.email}`;
    const button = chip.querySelector("button");
    button.value = person.id;
    button.setAttribute("aria-label", filled(button.getAttribute("aria-label"), person));
    return chip;
  }

  // Who was picked is part of this place in the browser's history, so that back and reload bring it again.
  remember() {
    const people = [...this.chips.children].map((chip) => {
      const name = chip.querySelector("span");
      return { id: chip.dataset.person, name: name.textContent, title: name.title };
    });
    history.replaceState({ ...history.state, [this.who]: people }, "");
  }

  recall() {
    const people = history.state?.[this.who];
    if (!people) return;
    this.chips.replaceChildren(...people.map((person) => this.chip(person)));
    this.count();
  }

  // The focus goes on to the next chip, or back to the search box where there is none.
  remove(chip, { stay = false } = {}) {
    const next = chip.nextElementSibling ?? chip.previousElementSibling;
    const name = chip.querySelector("span").textContent;
    chip.remove();
    this.counted(filled(this.says.saysRemoved, { name }));
    if (!stay) (next?.querySelector("button") ?? this.input).focus();
  }

  counted(said) {
    this.count();
    this.remember();
    this.say(`${said} ${this.reach.textContent}`);
  }

  count() {
    const count = this.chips.children.length;
    const total = Number(this.says.total);
    this.chips.hidden = !count;
    const applies = this.who === "except" ? Math.max(0, total - count) : count;
    this.reach.textContent = filled(this.reach.dataset.says, { count: numbers.format(applies) });
  }

  say(text) {
    this.status.textContent = text;
  }
}

const pickers = new Map([...document.querySelectorAll("[data-picker]")].map((root) => [root.dataset.picker, new Picker(root)]));

// "Select all, then exclude": all people but those that are then picked.
document.querySelector("[data-selects-all]")?.addEventListener("click", (event) => {
  const except = pickers.get("except");
  if (!except) return;
  event.preventDefault();
  document.getElementById("who-except").checked = true;
  except.input.focus();
});
