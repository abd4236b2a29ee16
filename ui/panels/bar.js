// On a narrow screen one side is shown at a time; what needs a yes brings the conversation to the front, once.
let asked = "", shown = "work";
const show = side => {
  shown = side;
  const room = document.getElementById("room");
  if (!room) return requestAnimationFrame(() => show(shown));
  room.dataset.side = side;
  for (const button of element.querySelectorAll("button[data-side]")) button.setAttribute("aria-pressed", String(button.dataset.side === side));
};
const draw = () => {
  const card = element.querySelector("[data-card]")?.dataset.card || "";
  const fresh = card && card !== asked;
  asked = card;
  show(fresh ? "talk" : shown);
};
element.addEventListener("click", event => {
  const button = event.target.closest("button[data-side]");
  if (!button) return;
  show(button.dataset.side);
  window.scrollTo(0, 0);
});
watch("value", draw);
draw();
