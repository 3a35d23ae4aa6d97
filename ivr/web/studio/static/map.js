// The map of the line: zooms the picture, and plays what is said at a place.
"use strict";

const map = document.getElementById("map"), picture = map?.querySelector("svg");
const START = 0.65, LARGEST = 2;
let scale = 0;

const whole = () => picture.viewBox.baseVal.width;

// Keeps the middle of the visible part in the middle.
function zoom(to) {
  const least = map.clientWidth / whole();
  const before = scale || to;
  const middle = { x: map.scrollLeft + map.clientWidth / 2, y: map.scrollTop + map.clientHeight / 2 };
  scale = Math.min(LARGEST, Math.max(least, to));
  picture.style.setProperty("width", `${whole() * scale}px`);
  picture.style.setProperty("height", "auto");
  map.scrollLeft = middle.x * scale / before - map.clientWidth / 2;
  map.scrollTop = middle.y * scale / before - map.clientHeight / 2;
}

function goTo(box) {
  const at = box.getBoundingClientRect(), window = map.getBoundingClientRect();
  map.scrollLeft += at.left - window.left - 20;
  map.scrollTop += at.top - window.top - map.clientHeight / 3;
}

if (picture) {
  zoom(START);
  const first = picture.querySelector(".found") ?? picture.querySelector("[id='box-greeting']");
  if (first) goTo(first);
  document.getElementById("zoom").hidden = false;
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom(scale * Number(button.dataset.zoom)));
  }
}

// --- playing ---------------------------------------------------------------------------------

const playing = document.getElementById("playing");
let sound = null, stop = null;

async function play(addresses, title) {
  stop?.();
  let stopped = false;
  stop = () => { stopped = true; sound?.pause(); };
  playing.textContent = `Plays: ${title}.`;
  for (const address of addresses) {
    sound = new Audio(new URL(address, location).pathname);
    try {
      await new Promise((done, fail) => {
        for (const end of ["ended", "pause"]) sound.addEventListener(end, done, { once: true });
        sound.addEventListener("error", fail, { once: true });
        sound.play().catch(fail);
      });
    } catch {
      playing.textContent = `A sound is missing: ${sound.src}`;
      return;
    }
    if (stopped) return;
  }
  playing.textContent = "";
}

for (const button of document.querySelectorAll(".play")) {
  button.hidden = false;
  const title = button.closest("section").querySelector("h3").textContent;
  button.setAttribute("aria-label", `Play ${title}`);
  button.addEventListener("click", () => play(button.dataset.sounds.split(" "), title));
}
