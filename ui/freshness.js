// Asks once a second whether the server has something that this page does not show, and only then has it drawn.
const look = async () => {
  const shown = element.querySelector("[data-mark]")?.dataset;
  if (!shown?.thread) return;
  try {
    const answer = await fetch(`fresh?thread=${encodeURIComponent(shown.thread)}`, { cache: "no-store" });
    const { mark } = await answer.json();
    const now = element.querySelector("[data-mark]")?.dataset;
    if (mark && now?.thread === shown.thread && mark !== now.mark) trigger("select", { mark });
  } catch (error) { /* the network or the server is away: it is asked again */ }
};
const again = async () => { await look(); setTimeout(again, 1000); };
if (!window.sidekickFresh) { window.sidekickFresh = true; again(); }
