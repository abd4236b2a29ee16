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
// Now and then gradio's page loses the update that empties the box (two came at once): what was said must not stay there.
const said = () => document.querySelectorAll('#chat [data-testid="user"]').length;
const emptied = (text, before, tries) => setTimeout(() => {
  if (box()?.value !== text || tries > 60) return;
  if (said() <= before) return emptied(text, before, tries + 1);
  setTimeout(() => {
    const field = box();
    if (field?.value !== text) return;
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }, 800);
}, 250);
document.addEventListener("keydown", event => {
  const sent = event.key === "Enter" && !event.shiftKey && event.target === box() && event.target.value;
  if (sent) emptied(sent, said(), 0);
}, true);
