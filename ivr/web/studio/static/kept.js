// What is typed into a form survives a lost connection, a reload and a sign-in that ended. It is kept in this tab until the
// line says that it is written. Without a connection, nothing is sent, and the page says so.
"use strict";

const SENT = "form that was sent";
const nameOf = (form) => `typed ${form.dataset.keeps}`;
// The fingerprint of the story that the form shows. If somebody else changed the story since, what was kept does not fit.
const seenBy = (form) => form.elements.seen?.value || "";
const fieldsOf = (form) => [...form.elements].filter((each) => each.matches("textarea, select, input:not([type=hidden])"));

function tell(form, words) {
  const told = form.querySelector(".told-back") || form.insertBefore(document.createElement("p"), form.firstChild);
  told.className = "told told-warning told-back";
  told.setAttribute("role", "alert");
  told.textContent = words;
}

function putBack(form) {
  const before = JSON.parse(sessionStorage.getItem(nameOf(form)) || "null");
  const typed = (before?.typed || []).filter(([name, value]) => form.elements[name] && form.elements[name].value !== value);
  if (!typed.length) return;
  form.closest("details")?.setAttribute("open", "");
  if (before.seen !== seenBy(form)) {
    tell(form, "Somebody changed this file after you had typed. Your words are below it, and are not written.");
    for (const [name, value] of typed) {
      const yours = document.createElement("textarea");
      Object.assign(yours, { value, readOnly: true, rows: form.elements[name].rows || 2, className: "form-control" });
      yours.setAttribute("aria-label", "What you had typed");
      form.append(yours);
    }
    return;
  }
  for (const [name, value] of typed) form.elements[name].value = value;
  tell(form, "What you typed before stands here again. It is not written yet.");
}

const sent = sessionStorage.getItem(SENT);
sessionStorage.removeItem(SENT);
const isWritten = document.querySelector(".told-success:not(#all-true)") && !document.querySelector("main .told-danger");
if (sent && isWritten) sessionStorage.removeItem(sent);

for (const form of document.querySelectorAll("main form[method=post]")) {
  if (form.dataset.keeps) {
    putBack(form);
    form.addEventListener("input", () => {
      const typed = fieldsOf(form).map((field) => [field.name, field.value]);
      sessionStorage.setItem(nameOf(form), JSON.stringify({ seen: seenBy(form), typed }));
    });
  }
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) {
      if (form.dataset.keeps) sessionStorage.setItem(SENT, nameOf(form));
      return;
    }
    event.preventDefault();
    tell(form, "There is no connection, so nothing was sent. What you typed stays here. Try again when there is one.");
  });
}
