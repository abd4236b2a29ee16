// A click on a button with data goes to the server; clips play under the pointer; the keyboard's place stays.
let place = null;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const mark = button => Object.entries(button.dataset).map(([key, value]) => `[data-${key}="${CSS.escape(value)}"]`).join("");
element.addEventListener("focusin", event => { const button = event.target.closest("button"); place = button ? mark(button) : null; });
element.addEventListener("focusout", event => { if (event.relatedTarget) place = null; });
element.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button || !mark(button)) return;
  place = mark(button);
  trigger("select", { ...button.dataset });
});
element.addEventListener("mouseover", event => { if (!still.matches) event.target.closest("button")?.querySelector("video")?.play(); });
element.addEventListener("focusin", event => { if (!still.matches) event.target.closest("button")?.querySelector("video")?.play(); });
element.addEventListener("focusout", event => { event.target.closest("button")?.querySelector("video")?.pause(); });
element.addEventListener("mouseout", event => { event.target.closest("button")?.querySelector("video")?.pause(); });
watch("value", () => { if (place) element.querySelector(place)?.focus({ preventScroll: true }); });
