// Keeps a request with the adviser who is at work on its card, and says in time when it is about to go back.
// The line sends the seconds that are left, never a moment: the clock of this computer may be wrong.
"use strict";

const KEEP_MS = 4 * 60 * 1000;
const WARN_MS = 2 * 60 * 1000;
const LOOK_MS = 5 * 1000;
const mine = document.getElementById("mine");
const news = document.getElementById("news");
let ends = performance.now() + Number(mine.dataset.left) * 1000;
let keptAt = performance.now();
let worked = false;
let asking = false;
let signedOut = false;

for (const sign of ["keydown", "pointerdown", "input"]) document.addEventListener(sign, () => { worked = true; });

async function look() {
  if (worked && !asking && performance.now() - keptAt > KEEP_MS) await keep();
  const left = "talking" in mine.dataset ? Infinity : ends - performance.now();
  if (signedOut) say("You are signed out. Copy what you wrote, sign in again, and save it then.");
  else if (left <= 0) say("Your time is over. If somebody else has taken it, what you save is kept as a note.");
  else if (left < WARN_MS) say("In less than two minutes it goes back to the list. Go on working here, or press Keep.");
  else say("");
}

async function keep() {
  asking = true;
  try {
    const answer = await fetch(mine.dataset.keep, { method: "POST", headers: { "X-CSRFToken": mine.dataset.token } });
    if (answer.status >= 500) return;
    worked = false;
    keptAt = performance.now();
    signedOut = answer.redirected || answer.status === 400 || answer.status === 401;
    if (answer.ok && !signedOut) ends = performance.now() + Number(await answer.text()) * 1000;
    else if (answer.status === 409) ends = -Infinity;
  } catch {
    // The line cannot be reached. The next look tries again.
  } finally {
    asking = false;
  }
}

function say(words) {
  if (news.textContent !== words) news.textContent = words;
}

setInterval(look, LOOK_MS);
