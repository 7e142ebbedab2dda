// The rules tick themselves while a new password is typed, and a meter says how hard it is to guess, and why.
// Only the server decides; what stands here helps to please it at the first try. The page says it in its own language:
// a score and a reason are names of the meter's data attributes.

const met = {
  length: (text) => [...text].length >= 8,
  uppercase: (text) => /[\p{Lu}\p{Lt}]/u.test(text),
  digit: (text) => /\p{Nd}/u.test(text),
  special: (text) => /[^\p{L}\p{Nd}\s]/u.test(text),
};

const ROWS = ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop"];
const runs = new Set();
for (const row of ROWS) {
  for (const line of [row, [...row].reverse().join("")]) {
    for (let start = 0; start + 3 <= line.length; start += 1) runs.add(line.slice(start, start + 3));
  }
}

const namesOf = (form) => {
  const account = form.querySelector("[autocomplete=username]")?.value.toLowerCase() ?? "";
  return [account, ...account.split(/[@.\-_+]/u)].filter((part) => part.length >= 4);
};

// Characters that a guesser must really guess: repeats, runs and one's own name count little.
const judge = (text, names) => {
  const folded = text.toLowerCase();
  const characters = [...folded];
  const name = names.find((part) => folded.includes(part));
  let guessed = 0;
  let repeated = 0;
  let inRun = 0;
  characters.forEach((character, at) => {
    const [before, two] = [characters[at - 1], characters[at - 2]];
    if (character === before) repeated += 1;
    else if (runs.has(`${two}${before}${character}`)) inRun += 1;
    else guessed += 1;
  });
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}]/u].filter((kind) => kind.test(text)).length;
  const worth = Math.min(guessed, new Set(characters).size * 2) + (kinds - 1) * 1.5 - (name ? name.length : 0);
  const score = worth < 7 ? 1 : worth < 11 ? 2 : worth < 15 ? 3 : 4;
  if (name) return { score: Math.min(score, 1), why: "name" };
  if (score < 3 && repeated > 2) return { score, why: "repeats" };
  if (score < 3 && inRun > 1) return { score, why: "rows" };
  if (score < 3) return { score, why: "longer" };
  return { score, why: score === 3 ? "more" : "varied" };
};

for (const list of document.querySelectorAll("[data-rules-of]")) {
  const field = document.getElementById(list.dataset.rulesOf);
  const meter = document.querySelector(`[data-strength-of="${field.id}"]`);
  const says = meter.querySelector("[role=status]");
  const items = [...list.querySelectorAll("[data-rule]")].map((item) => {
    const state = document.createElement("span");
    state.className = "unseen";
    item.append(state);
    return { item, state, isMet: met[item.dataset.rule] };
  });

  field.addEventListener("input", () => {
    const text = field.value.normalize("NFKC");
    for (const { item, state, isMet } of items) {
      const ticked = Boolean(isMet?.(text));
      item.classList.toggle("met", ticked);
      state.textContent = ticked ? ` ${list.dataset.met}` : "";
    }
    meter.hidden = text === "";
    if (meter.hidden) return;
    const { score, why } = judge(text, namesOf(field.form));
    meter.dataset.score = score;
    says.textContent = `${meter.dataset[score]}. ${meter.dataset[why]}`;
  });
}
