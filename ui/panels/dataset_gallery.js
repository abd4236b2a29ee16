// Clicks in the gallery go to the server; the keyboard's place stays when the gallery is drawn anew.
let place = null;
const mark = button => button.dataset.item ? `[data-item="${CSS.escape(button.dataset.item)}"]`
  : button.dataset.show ? `[data-show="${CSS.escape(button.dataset.show)}"]`
  : button.dataset.page ? `[data-page="${CSS.escape(button.dataset.page)}"]` : null;
element.addEventListener("focusin", event => { const button = event.target.closest("button"); place = button ? mark(button) : null; });
element.addEventListener("focusout", event => { if (event.relatedTarget) place = null; });
element.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button || !mark(button)) return;
  place = mark(button);
  trigger("select", { ...button.dataset });
});
watch("value", () => { if (place) element.querySelector(place)?.focus({ preventScroll: true }); });
