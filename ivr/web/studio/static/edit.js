// Keeps what is being typed: on the server or, without a connection, in this browser. Also plays words. The form works
// without this script too.
"use strict";

const WAIT_MS = 1500;
const form = document.getElementById("edit");
const kept = document.getElementById("kept");
const HERE = `form ${location.pathname}`;
let waits = 0;
let playing = null;

function typed() {
  const fields = new FormData(form);
  fields.delete("do");
  return fields;
}

async function keep() {
  waits = 0;
  const fields = typed();
  try {
    const answer = await fetch(form.dataset.keep, { method: "POST", body: fields, redirect: "manual" });
    if (!answer.ok) throw new Error(answer.status);
    localStorage.removeItem(HERE);
    kept.textContent = "What you typed is kept, and not saved in the draft yet.";
  } catch {
    fields.delete("csrf_token");
    localStorage.setItem(HERE, JSON.stringify([...fields]));
    kept.textContent = "The line cannot be reached, or your sign-in has ended. What you typed is kept in this browser.";
  }
}

form.addEventListener("input", () => {
  clearTimeout(waits);
  waits = setTimeout(keep, WAIT_MS);
});
form.addEventListener("submit", () => clearTimeout(waits));

// Puts what could not be kept on the server back into its fields.
const before = JSON.parse(localStorage.getItem(HERE) || "null");
if (before) {
  let count = 0;
  for (const [name, value] of before) {
    const field = form.elements[name];
    if (!field || ["window", "continues", "seen", "csrf_token"].includes(name)) continue;
    if (field.type === "checkbox") field.checked = true;
    else if (field.value !== value) {
      field.value = value;
      count += 1;
    }
  }
  localStorage.removeItem(HERE);
  if (count) {
    kept.textContent = "This browser had kept what you typed while the line could not be reached. It stands in the fields again, and is not saved yet.";
    waits = setTimeout(keep, WAIT_MS);
  }
}

// After saving, asks for the check, which takes some seconds, and puts what it says about each field beside that field.
const checked = document.getElementById("checked");
async function check() {
  checked.textContent = "The draft is being checked.";
  try {
    const answer = await fetch(checked.dataset.check, { redirect: "manual" });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const about of document.querySelectorAll("[data-about]")) {
      const found = page.getElementById(about.id);
      if (found) about.replaceChildren(...found.childNodes);
    }
    checked.replaceChildren(...page.getElementById("checked").childNodes);
  } catch {
    checked.textContent = "The draft could not be checked just now. Press Check to try again.";
  }
}
if (checked.dataset.check) check();

for (const button of form.querySelectorAll("[data-hear]")) {
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    const fields = typed();
    fields.append("hear", button.value);
    kept.textContent = "The words are being spoken. That takes a moment.";
    try {
      const answer = await fetch(button.formAction, { method: "POST", body: fields, redirect: "manual" });
      if (!answer.ok) throw new Error(answer.type === "basic" && answer.status === 422 ? await answer.text() : "The line cannot be reached, or your sign-in has ended.");
      playing?.pause();
      playing = new Audio(URL.createObjectURL(await answer.blob()));
      await playing.play();
      kept.textContent = "Playing.";
      playing.addEventListener("ended", () => { kept.textContent = ""; });
    } catch (error) {
      kept.textContent = error.message || "It cannot be played here.";
    }
  });
}
