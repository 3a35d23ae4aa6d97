// Renews the list without reloading the page, and says in words what is new.
// The keyboard's place is kept: nothing is replaced while it is inside the list.
"use strict";

const EVERY_MS = 5000;
const list = document.getElementById("list");
const news = document.getElementById("news");
let known = new Set(ids(list));

function ids(element) {
  const count = element.querySelector(".count");
  return count ? count.dataset.ids.split(" ").filter(Boolean) : [];
}

async function renew() {
  let answer;
  try {
    answer = await fetch(list.dataset.renew, { headers: { Accept: "text/html" }, redirect: "manual" });
  } catch {
    return say("The list could not be renewed. It is tried again by itself.");
  }
  if (answer.type === "opaqueredirect" || answer.status === 401) return say("Your sign-in has ended. Reload the page to sign in again.");
  if (!answer.ok) return say("The list could not be renewed. It is tried again by itself.");
  const fresh = document.createElement("div");
  fresh.innerHTML = await answer.text();
  const there = ids(fresh);
  const added = there.filter((id) => !known.has(id)).length;
  if (added) say(added === 1 ? "One new request." : `${added} new requests.`);
  if (!list.contains(document.activeElement)) {
    list.replaceChildren(...fresh.childNodes);
    known = new Set(there);
  }
}

function say(words) {
  if (news.textContent !== words) news.textContent = words;
}

setInterval(renew, EVERY_MS);
