// Renews the list without reloading the page, and says in words what is new. A renewal has the order of the rows, and the
// rows whose words have changed. Rows change in place. While the keyboard focus is in the list, no row moves.
"use strict";

const EVERY_MS = 5000;
const HIDDEN_EVERY_MS = 30000;
const OLD_MS = 15000;
const VERY_OLD_MS = 60000;
const list = document.getElementById("list");
const news = document.getElementById("news");
const above = document.getElementById("above");
const order = document.getElementById("order");
const sound = document.getElementById("sound");
const soundHint = document.getElementById("sound-hint");
const TITLE = document.title.replace(/^(\(.*?\) )*/, "");
const rows = new Map([...list.children].map((row) => [row.id, row]));
let told = new Set(rows.keys());
let wanted = [...rows.keys()];
let renewedAt = performance.now();
let renewedWords = "";
let asking = false;
let late = Number(list.dataset.late);
let unseen = "";
let audio = null;

async function renew() {
  if (asking || (document.hidden && performance.now() - renewedAt < HIDDEN_EVERY_MS)) return;
  asking = true;
  try {
    const answer = await fetch(address(), { headers: { Accept: "text/html" }, redirect: "manual" });
    if (answer.type === "opaqueredirect") trouble("Your sign-in has ended. Reload the page to sign in again.");
    else if (!answer.ok) notRenewed();
    else take(await answer.text());
  } catch {
    notRenewed();
  } finally {
    asking = false;
  }
}

function address() {
  const url = new URL(list.dataset.renew, location.href);
  for (const [name, value] of JSON.parse(list.dataset.query)) url.searchParams.append(name, value);
  url.searchParams.set("have", [...rows].map(([id, row]) => id.slice(1) + row.dataset.v).join(""));
  url.searchParams.set("above", above.dataset.v);
  return url;
}

function take(html) {
  const fresh = document.createElement("div");
  fresh.innerHTML = html;
  const head = fresh.firstElementChild;
  for (const row of [...fresh.children].slice(1)) put(row);
  document.getElementById("counts").textContent = head.firstElementChild.textContent.trim();
  if (head.dataset.above) {
    above.dataset.v = head.dataset.above;
    above.replaceChildren(...[...head.children].slice(1));
  }
  wanted = head.dataset.order.split(" ").filter(Boolean).map((key) => `r${key}`);
  tell(wanted.filter((id) => rows.has(id) && !told.has(id)), head.dataset.at);
  if (list.contains(document.activeElement)) offer();
  else arrange();
  late = Number(head.dataset.late);
  entitle();
  renewedAt = performance.now();
  renewedWords = head.dataset.at;
  document.dispatchEvent(new CustomEvent("renewed", { detail: head.dataset }));
}

// A row that the page has gets its new words and keeps the keyboard focus. A new row is put into place later.
function put(row) {
  const known = rows.get(row.id);
  if (!known) {
    rows.set(row.id, row);
    return;
  }
  known.dataset.v = row.dataset.v;
  const link = known.firstElementChild, now = row.firstElementChild;
  link.className = now.className;
  link.replaceChildren(...now.childNodes);
}

function tell(added, at) {
  if (news.classList.contains("trouble")) say("", false);
  if (!added.length) return;
  const today = added.filter((id) => rows.get(id).querySelector(".tag-today")).length;
  const urgent = added.filter((id) => rows.get(id).querySelector(".tag-urgent:not(.closed)")).length;
  say(`${inWords(added, today, urgent)} at ${at}${added.length === 1 ? which(rows.get(added[0])) : ""}.`, false);
  if ((today || urgent) && sound.checked) beep(today ? 3 : 1);
  if (document.hidden || !document.hasFocus()) unseen = today ? "new, for today" : urgent ? "new, urgent" : unseen || "new";
  for (const id of added) told.add(id);
}

function inWords(added, today, urgent) {
  if (added.length === 1) return `One new request${today ? ", for today," : urgent ? ", urgent," : ""}`;
  const how = [today && `${today} for today`, urgent && `${urgent} urgent`].filter(Boolean).join(" and ");
  return `${added.length} new requests${how && `, ${how},`}`;
}

// ": call 4271, ring now, by 12:00": what somebody needs to say it to a colleague, and to decide.
function which(row) {
  const number = row.querySelector(".nr"), when = row.querySelector(".when").lastChild.textContent.trim();
  return `: ${number ? `call ${number.textContent}, ` : ""}${when[0].toLowerCase()}${when.slice(1)}`;
}

// The title of the tab says what came while the tab was hidden, and how many callers are late.
function entitle() {
  document.title = `${unseen && `(${unseen}) `}${late ? `(${late} late) ` : ""}${TITLE}`;
}

function seen() {
  if (!unseen) return;
  unseen = "";
  entitle();
}

// Puts the rows into their order, and removes those that are gone.
function arrange() {
  const shown = wanted.filter((id) => rows.has(id));
  for (const id of [...rows.keys()]) if (!wanted.includes(id)) rows.delete(id);
  told = new Set(shown);
  if (shown.join() !== [...list.children].map((row) => row.id).join()) {
    list.replaceChildren(...shown.map((id) => rows.get(id)));
  }
  order.hidden = true;
}

// While the keyboard focus is in the list, no row moves: a button offers the new order.
function offer() {
  const there = [...list.children].map((row) => row.id);
  const shown = wanted.filter((id) => rows.has(id));
  const changed = shown.filter((id) => !there.includes(id)).length + there.filter((id) => !wanted.includes(id)).length;
  order.hidden = shown.join() === there.join();
  const things = changed === 1 ? "One change" : changed ? `${changed} changes` : "The new order";
  order.firstElementChild.textContent = `Show: ${things.toLowerCase()} in the list`;
}

function notRenewed() {
  const old = performance.now() - renewedAt;
  const since = renewedWords ? ` since ${renewedWords}` : "";
  if (old < OLD_MS) return;
  const more = old > VERY_OLD_MS ? " What you see may be old. Before you ring, open the card again." : "";
  trouble(`The list was not renewed${since}. It is tried again by itself.${more}`);
}

function trouble(words) {
  say(words, true);
}

function say(words, isTrouble) {
  news.classList.toggle("trouble", isTrouble);
  if (news.textContent !== words) news.textContent = words;
}

// One tone for what is urgent, three for what is for today.
function beep(times) {
  if (audio?.state !== "running") return;
  for (let nth = 0; nth < times; nth += 1) {
    const tone = audio.createOscillator(), volume = audio.createGain(), at = audio.currentTime + nth * 0.4;
    volume.gain.value = 0.2;
    tone.frequency.value = times > 1 ? 880 : 660;
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.25);
  }
}

// A browser lets a page play a sound only after a key or a click on it. Until then, the page says so.
async function makeReady() {
  if (!sound.checked) return;
  audio ??= new AudioContext();
  if (audio.state !== "running") await audio.resume();
  sayWhetherItSounds();
}

function sayWhetherItSounds() {
  soundHint.hidden = !sound.checked || audio?.state === "running";
}

sound.checked = localStorage.getItem("sound") === "yes";
sound.addEventListener("change", async () => {
  localStorage.setItem("sound", sound.checked ? "yes" : "no");
  await makeReady();
  sayWhetherItSounds();
  if (sound.checked) beep(1);
});
sayWhetherItSounds();
for (const sign of ["keydown", "pointerdown"]) document.addEventListener(sign, () => { seen(); makeReady(); });
for (const sign of ["focus", "pageshow"]) window.addEventListener(sign, seen);
order.firstElementChild.addEventListener("click", () => { arrange(); list.querySelector("a")?.focus(); });
setInterval(renew, EVERY_MS);
