// Renews the list without reloading the page, and says in words what is new. A renewal brings the order of the rows and
// those whose words have changed. Rows change in place; while the keyboard is in the list, none of them moves.
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
const rows = new Map([...list.children].map((row) => [row.id, row]));
let told = new Set(rows.keys());
let wanted = [...rows.keys()];
let renewedAt = performance.now();
let renewedWords = "";
let asking = false;

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
  const late = Number(head.dataset.late);
  document.title = document.title.replace(/^(\(\d+ late\) )?/, late ? `(${late} late) ` : "");
  renewedAt = performance.now();
  renewedWords = head.dataset.at;
  document.dispatchEvent(new CustomEvent("renewed", { detail: head.dataset }));
}

// A row that is there gets new words and keeps the keyboard's place; one that is not waits to be arranged.
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
  const urgent = added.filter((id) => rows.get(id).querySelector(".tag-today, .tag-urgent")).length;
  const what = added.length === 1 ? `One new request${urgent ? ", urgent," : ""}`
    : `${added.length} new requests${urgent ? `, ${urgent} urgent,` : ""}`;
  say(`${what} at ${at}.`, false);
  if (urgent && sound.checked) beep();
  for (const id of added) told.add(id);
}

// Puts the rows into their order, and takes away those that are gone.
function arrange() {
  const shown = wanted.filter((id) => rows.has(id));
  for (const id of [...rows.keys()]) if (!wanted.includes(id)) rows.delete(id);
  told = new Set(shown);
  if (shown.join() !== [...list.children].map((row) => row.id).join()) {
    list.replaceChildren(...shown.map((id) => rows.get(id)));
  }
  order.hidden = true;
}

// While somebody is in the list, nothing moves: what would is offered.
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

function beep() {
  const audio = new AudioContext(), tone = audio.createOscillator(), volume = audio.createGain();
  volume.gain.value = 0.2;
  tone.frequency.value = 660;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.3);
  tone.onended = () => audio.close();
}

sound.checked = localStorage.getItem("sound") === "yes";
sound.addEventListener("change", () => { localStorage.setItem("sound", sound.checked ? "yes" : "no"); if (sound.checked) beep(); });
order.firstElementChild.addEventListener("click", () => { arrange(); list.querySelector("a")?.focus(); });
document.querySelector(".bar-out")?.addEventListener("submit", () => sessionStorage.clear());
setInterval(renew, EVERY_MS);
