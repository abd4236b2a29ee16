// Notifications of this browser: allowed by a click, turned off by another; "off" is kept in the browser itself.
const WORDS = JSON.parse(element.querySelector("[data-words]").dataset.words), OFF = "sidekick-notify";
const state = () => {
  if (!("Notification" in window)) return "none";
  if (Notification.permission === "denied") return "denied";
  if (Notification.permission !== "granted") return "ask";
  return localStorage.getItem(OFF) === "off" ? "off" : "on";
};
const draw = () => {
  const now = state();
  element.querySelector(".told").textContent = WORDS[now];
  element.querySelector(".allow").hidden = now !== "ask" && now !== "off";
  element.querySelector(".stop").hidden = element.querySelector(".test").hidden = now !== "on";
};
element.addEventListener("click", async event => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.className === "allow") {
    localStorage.removeItem(OFF);
    if (state() === "ask") await Notification.requestPermission();
  } else if (button.className === "stop") localStorage.setItem(OFF, "off");
  else new Notification("Sidekick", { body: WORDS.sample });
  draw();
});
draw();
