// What is being typed on a card survives a reload, a lost connection and a sign-in that ended. It is removed when the line
// says that it was saved, when the tab is closed, and when the adviser signs out.
"use strict";

const SENT = "draft that was sent";
const sent = JSON.parse(sessionStorage.getItem(SENT) || "null");
// A page that carries the form, to be sent once more, has saved nothing yet.
if (sent && !document.querySelector("[data-carried]")) {
  sessionStorage.removeItem(SENT);
  const isSaved = document.querySelector(".told-success, .told-kept");
  if (isSaved && sessionStorage.getItem(sent.name) === sent.words) sessionStorage.removeItem(sent.name);
}
for (const field of document.querySelectorAll("[data-draft]")) {
  const name = `draft ${field.dataset.draft}`;
  if (!field.value) field.value = sessionStorage.getItem(name) || "";
  field.addEventListener("input", () => {
    if (field.value) sessionStorage.setItem(name, field.value);
    else sessionStorage.removeItem(name);
  });
  field.form.addEventListener("submit", () => {
    sessionStorage.setItem(SENT, JSON.stringify({ name, words: field.value }));
  });
}
document.querySelector(".bar-out")?.addEventListener("submit", () => sessionStorage.clear());
