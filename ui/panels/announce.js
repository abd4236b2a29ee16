// The page's title tells of a training; the browser notifies only where a person has asked for it by a click.
const plain = "Sidekick";
let running = false, waiting = false;
const draw = () => {
  const news = element.querySelector("[data-title]");
  if (!news) return;
  const { title, ended, words } = news.dataset;
  const button = element.querySelector(".notify");
  if (button) button.hidden = !("Notification" in window) || Notification.permission !== "default";
  if (ended && running) {
    waiting = true;
    const wanted = localStorage.getItem("sidekick-notify") !== "off"; // the settings can turn them off here
    if (wanted && "Notification" in window && Notification.permission === "granted") new Notification(plain, { body: words, tag: ended });
  }
  running = Boolean(title) && !ended;
  if (running) waiting = false;
  document.title = running || waiting ? `${title} · ${plain}` : plain;
};
const seen = () => { if (waiting && !document.hidden) { waiting = false; document.title = plain; } };
element.addEventListener("click", async event => {
  const button = event.target.closest(".notify");
  if (!button) return;
  const answer = await Notification.requestPermission();
  const news = element.querySelector("[data-title]"), told = element.querySelector(".told");
  if (told && news) told.textContent = answer === "granted" ? news.dataset.on : news.dataset.off;
  button.hidden = true;
});
document.addEventListener("pointerdown", seen);
document.addEventListener("keydown", seen);
watch("value", draw);
draw();
