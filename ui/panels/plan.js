// A slider tells its value when the pointer lets go; with the keyboard it does so once the keys have rested, or on Enter.
if (!window.sidekickSliders) {
  window.sidekickSliders = true;
  const moves = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
  let rest = null;
  const own = at => at instanceof HTMLInputElement && at.closest("#plan-values");
  document.addEventListener("blur", event => {  // a number beyond the ends becomes the end before it is told
    const at = event.target;
    if (!own(at) || at.type !== "number" || at.value === "") return;
    const range = at.closest(".block")?.querySelector("input[type=range]");
    if (!range) return;
    const kept = Math.min(Math.max(Number(at.value), Number(range.min)), Number(range.max));
    if (kept === Number(at.value)) return;
    at.value = kept;
    at.dispatchEvent(new Event("input", { bubbles: true }));
  }, true);
  document.addEventListener("keyup", event => {
    const at = event.target;
    if (!own(at)) return;
    if (at.type === "range" && moves.has(event.key)) {
      clearTimeout(rest);
      rest = setTimeout(() => at.dispatchEvent(new Event("pointerup", { bubbles: true })), 600);
    } else if (at.type === "number" && event.key === "Enter") at.blur();
  });
}
