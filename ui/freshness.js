// Asks once a second whether the server has something that this page does not show, and only then has it drawn.
// One drawing at a time: gradio loses an update when a handler's "nothing new" comes before it is on the screen.
const PATIENCE = 10000;  // ms for a drawing to arrive; after that all of it is drawn anew
let asked = 0, since = 0, before = null;
const look = async () => {
  const shown = element.querySelector("[data-mark]")?.dataset;
  if (!shown?.thread) return;
  const waits = before !== null && before === element.innerHTML;
  const lost = waits && Date.now() - since > PATIENCE;
  if (waits && !lost) return;
  try {
    const answer = await fetch(`fresh?thread=${encodeURIComponent(shown.thread)}`, { cache: "no-store" });
    const { mark } = await answer.json();
    const now = element.querySelector("[data-mark]")?.dataset;
    if (!mark || now?.thread !== shown.thread || mark === now.mark) { before = null; return; }
    [asked, since, before] = [asked + 1, Date.now(), element.innerHTML];
    trigger("select", { asked, lost });
  } catch (error) { /* the network or the server is away: it is asked again */ }
};
const again = async () => { await look(); setTimeout(again, 1000); };
if (!window.sidekickFresh) { window.sidekickFresh = true; again(); }
