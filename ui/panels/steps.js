// Every step can be opened at any time. Gradio lets nobody go on before the program did: it disables what is ahead.
const tabs = () => Array.from(document.querySelectorAll("#steps .step-button"));
const SCROLLED = "#chat .bubble-wrap, #card-text"; // with the keyboard too
const free = () => {
  for (const part of document.querySelectorAll(SCROLLED)) if (part.tabIndex !== 0) part.tabIndex = 0;
  for (const tab of tabs()) if (tab.disabled) { tab.disabled = false; tab.setAttribute("aria-disabled", "false"); }
};
if (!window.sidekickSteps) {
  window.sidekickSteps = true;
  new MutationObserver(free).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled"] });
  document.addEventListener("click", event => {
    const tab = event.target.closest?.("#steps .step-button"), all = tabs();
    const now = all.findIndex(each => each.getAttribute("aria-selected") === "true");
    if (tab && all.indexOf(tab) > now) trigger("select", { step: all.indexOf(tab) });
  });
}
// Now and then gradio loses the step that it was told to open while much is drawn: then it is told again, from anew.
let touched = 0;
const at = () => tabs().findIndex(tab => tab.getAttribute("aria-selected") === "true");
const settle = (since, tries) => setTimeout(() => {
  const wanted = Number(element.querySelector("[data-open]")?.dataset.open ?? NaN), now = at();
  if (isNaN(wanted) || now < 0 || touched > since || tries > 4) return;
  if (now === wanted && document.getElementById(`step-${wanted}`)?.querySelector("[id]")) return;
  trigger("select", { step: now === wanted ? (now + 1) % 4 : now });
  setTimeout(() => { trigger("select", { step: wanted }); settle(since, tries + 1); }, 500);
}, 900);
document.addEventListener("pointerdown", event => { if (event.target.closest?.("#steps, #stages")) touched = Date.now(); });
document.addEventListener("keydown", event => { if (event.target.closest?.("#steps, #stages")) touched = Date.now(); });
watch("value", () => settle(Date.now(), 0));
element.addEventListener("click", event => {
  const place = event.target.closest("button[data-step]");
  if (place) trigger("select", { step: Number(place.dataset.step) });
});
free();
