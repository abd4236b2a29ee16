// Uploads files one by one, three at a time, and tells the window of each batch that has arrived.
// What is in names and sizes is only ever set as text.
const WAYS = 3, TRIES = 3, BATCH = 20, MOST = 5000, LARGEST = 2 * 1024 ** 3, ROWS = 400;
const ENDINGS = /\.(jpe?g|png|webp|mp4|mov|txt)$/i;
const drop = element.querySelector(".drop"), list = element.querySelector(".files"), said = element.querySelector(".said");
const rest = element.querySelector(".rest"), again = element.querySelector(".again");
let waiting = [], failed = [], arrived = [], active = 0, total = 0, done = 0, skipped = 0, known = 0, batch = "";

const newBatch = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), b => b.toString(16).padStart(2, "0")).join("");
const size = bytes => bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

function row(name, words) {
  if (list.childElementCount >= ROWS) return null;
  const line = document.createElement("li"), title = document.createElement("span"), state = document.createElement("span");
  const bar = document.createElement("progress");
  title.textContent = name; title.className = "title"; state.textContent = words; state.className = "state";
  bar.max = 1; bar.value = 0; bar.setAttribute("aria-label", name);
  line.append(title, bar, state); list.append(line);
  return line;
}

function show(job, words, share) {
  if (!job.line) return;
  job.line.querySelector(".state").textContent = words;
  job.line.querySelector("progress").value = share;
  list.scrollTop = job.line.offsetTop - list.offsetTop - list.clientHeight / 2; // only the list moves, not the page
}

function tell() {
  const parts = total ? [`${done} of ${total} files arrived`] : [];
  if (known) parts.push(`${known} ${known === 1 ? "is" : "are"} here already`);
  if (skipped) parts.push(`${skipped} of another kind or too large left out`);
  if (failed.length) parts.push(`${failed.length} did not arrive`);
  said.textContent = parts.length ? parts.join(", ") + "." : "";
  again.hidden = !failed.length || active > 0;
  rest.hidden = !total && !skipped && !known;
}

function post(job) {
  return new Promise((resolve, reject) => {
    const form = new FormData(), request = new XMLHttpRequest();
    form.append("files", job.file, job.file.name);
    request.open("POST", "gradio_api/upload");
    request.upload.onprogress = event => show(job, size(event.loaded), event.total ? event.loaded / event.total : 0);
    request.onload = () => request.status === 200 ? resolve(JSON.parse(request.responseText)[0]) : reject(request.status);
    request.onerror = () => reject(0);
    request.send(form);
  });
}

function flush(last) {
  if (!arrived.length && !last) return;
  trigger("upload", { batch, files: arrived, last });
  arrived = [];
}

async function work() {
  active += 1;
  while (waiting.length) {
    const job = waiting.shift();
    let status = null;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      try {
        const path = await post(job);
        arrived.push({ path, name: job.name }); done += 1; status = null;
        show(job, "arrived", 1);
        break;
      } catch (error) {
        status = error;
        if (status >= 400 && status < 500) break;
        await new Promise(resolve => setTimeout(resolve, 1000 * 2 ** attempt));
      }
    }
    if (status !== null) { failed.push(job); show(job, status === 413 ? "too large" : "did not arrive", 0); }
    if (arrived.length >= BATCH) flush(false);
    tell();
  }
  active -= 1;
  if (!active) { flush(done > 0); tell(); list.hidden = !failed.length; }
}

async function sameContent(file) {
  const there = (document.getElementById("dataset-known")?.dataset.known || "").split(" ");
  if (!crypto.subtle || file.size > 64e6 || there.length < 1 || there[0] === "") return false;
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  const mark = Array.from(new Uint8Array(digest).slice(0, 8), b => b.toString(16).padStart(2, "0")).join("");
  return there.includes(mark);
}

async function add(found) {
  if (!active) { batch = newBatch(); list.replaceChildren(); list.hidden = false; total = done = skipped = known = 0; failed = []; }
  for (const { file, name } of found) {
    if (name.split("/").some(part => part.startsWith("."))) continue;
    if (!ENDINGS.test(name) || file.size > LARGEST || total >= MOST) { skipped += 1; continue; }
    if (await sameContent(file)) { known += 1; continue; }
    total += 1;
    waiting.push({ file, name, line: row(name, size(file.size)) });
  }
  tell();
  for (let way = active; way < Math.min(WAYS, waiting.length); way++) work();
}

function walk(entry, prefix) {
  if (entry.isFile) return new Promise(resolve => entry.file(file => resolve([{ file, name: prefix + file.name }]), () => resolve([])));
  const reader = entry.createReader(), all = [];
  return new Promise(resolve => {
    const more = () => reader.readEntries(async entries => {
      if (!entries.length) return resolve(all);
      for (const each of entries) all.push(...await walk(each, `${prefix}${entry.name}/`));
      more();
    }, () => resolve(all));
    more();
  });
}

for (const input of element.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", () => {
    add(Array.from(input.files, file => ({ file, name: file.webkitRelativePath || file.name })));
    input.value = "";
  });
}
again.addEventListener("click", () => {
  waiting.push(...failed); failed = [];
  for (let way = active; way < Math.min(WAYS, waiting.length); way++) work();
  tell();
});
for (const name of ["dragover", "dragenter"]) drop.addEventListener(name, event => { event.preventDefault(); drop.classList.add("over"); });
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", async event => {
  event.preventDefault(); event.stopPropagation();
  const entries = Array.from(event.dataTransfer.items, item => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
  const found = [];
  for (const entry of entries) found.push(...await walk(entry, ""));
  add(found);
});
window.addEventListener("beforeunload", event => { if (active) event.preventDefault(); });
