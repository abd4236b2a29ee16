// What is typed and not sent stays in this tab: a page that lost the server loads itself anew when the server is back.
const KEY = "sidekick-draft", TRIES = 50;
const box = () => document.querySelector("#box textarea");
window.addEventListener("pagehide", () => sessionStorage.setItem(KEY, box()?.value || ""));
const kept = sessionStorage.getItem(KEY);
sessionStorage.removeItem(KEY);
let tries = 0;
const back = kept && setInterval(() => {
  const field = box();
  if (!field && (tries += 1) < TRIES) return;
  clearInterval(back);
  if (!field || field.value) return;
  field.value = kept;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}, 100);
