// Loads the look at the draft, which takes some seconds, after the rest of the page is shown.
"use strict";

const links = [...document.querySelectorAll("[data-look]")];
for (const link of links) link.parentElement.textContent = "The draft is being checked, and compared with what is live.";
try {
  const answer = await fetch(links[0].href, { redirect: "manual" });
  if (!answer.ok) throw new Error(answer.status);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["waits", "behind", "draft"]) {
    const there = document.getElementById(id), found = page.getElementById(id);
    if (there && found) there.replaceChildren(...found.childNodes);
  }
} catch {
  document.getElementById("draft").append("The draft could not be looked at just now. Reload the page to try again.");
}
