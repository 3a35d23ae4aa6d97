// Keeps a request with the adviser who works on its card, and warns them before it goes back to the list.
// The line sends how many seconds are left, not a time, because the clock of this computer may be wrong.
"use strict";

const KEEP_MS = 4 * 60 * 1000;
const WARN_MS = 2 * 60 * 1000;
const LOOK_MS = 5 * 1000;
const state = document.getElementById("state");
const warning = document.getElementById("warning");
let ends = performance.now() + Number(state.dataset.left) * 1000;
let keptAt = performance.now();
let worked = false;
let asking = false;
let signedOut = false;

for (const sign of ["keydown", "pointerdown", "input"]) document.addEventListener(sign, () => { worked = true; });

// What the list's renewal brings about this card.
document.addEventListener("renewed", ({ detail }) => {
  if (detail.state && state.textContent !== detail.state) state.textContent = detail.state;
  if (warning && Number(detail.left) > 0) ends = performance.now() + Number(detail.left) * 1000;
});

async function look() {
  if (worked && !asking && performance.now() - keptAt > KEEP_MS) await keep();
  const left = state.textContent.includes("It stays yours") ? Infinity : ends - performance.now();
  if (signedOut) say("You are signed out. Copy what you wrote, sign in again, and save it then.");
  else if (left <= 0) say("Your time is over. If somebody else has taken it, what you save is kept as a note.");
  else if (left < WARN_MS) say("In less than two minutes it goes back to the list. Go on working here, or press Keep.");
  else say("");
}

async function keep() {
  asking = true;
  try {
    const answer = await fetch(state.dataset.keep, { method: "POST", headers: { "X-CSRFToken": state.dataset.token } });
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
  if (warning.textContent !== words) warning.textContent = words;
}

// A digit chooses an outcome, but only while the keyboard focus is among the outcomes.
const outcomes = document.getElementById("outcomes");
outcomes?.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const chosen = outcomes.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
  if (!chosen) return;
  event.preventDefault();
  chosen.checked = true;
  chosen.focus();
});

if (warning) setInterval(look, LOOK_MS);
