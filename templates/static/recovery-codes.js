// Keeps the recovery codes as a file or on paper.

const codes = document.querySelector("[data-recovery-codes]");
for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;

document.querySelector("[data-downloads]").addEventListener("click", (event) => {
  const lines = [...codes.querySelectorAll("li")].map((item) => item.textContent.trim());
  const text = `${codes.dataset.title}\n${codes.dataset.note}\n\n${lines.join("\n")}\n`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = event.currentTarget.dataset.fileName;
  link.click();
  URL.revokeObjectURL(link.href);
});

document.querySelector("[data-prints]").addEventListener("click", () => print());
