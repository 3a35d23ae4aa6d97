// Renews the list without reloading the page, and says in words what is new.
// The keyboard's place is kept: while it is inside the list, nothing there is replaced.
"use strict";

const EVERY_MS = 5000;
const list = document.getElementById("list");
const news = document.getElementById("news");
let told = new Set(ids(list));

function ids(element) {
  const count = element.querySelector(".count");
  return count ? count.dataset.ids.split(" ").filter(Boolean) : [];
}

async function renew() {
  let answer;
  try {
    answer = await fetch(list.dataset.renew, { headers: { Accept: "text/html" }, redirect: "manual" });
  } catch {
    return trouble("The list could not be renewed. It is tried again by itself.");
  }
  if (answer.type === "opaqueredirect") return trouble("Your sign-in has ended. Reload the page to sign in again.");
  if (!answer.ok) return trouble("The list could not be renewed. It is tried again by itself.");
  if (news.classList.contains("trouble")) say("", false);
  const fresh = document.createElement("div");
  fresh.innerHTML = await answer.text();
  const there = ids(fresh);
  const added = there.filter((id) => !told.has(id)).length;
  const at = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const inside = list.contains(document.activeElement);
  const shown = inside ? " Leave the list to see it." : "";
  if (added) say(`${added === 1 ? "One new request" : `${added} new requests`} at ${at}.${shown}`, false);
  told = new Set(there);
  if (!inside) list.replaceChildren(...fresh.childNodes);
}

function trouble(words) {
  say(words, true);
}

function say(words, isTrouble) {
  news.classList.toggle("trouble", isTrouble);
  if (news.textContent !== words) news.textContent = words;
}

setInterval(renew, EVERY_MS);
