// Records prompt after prompt. A take stays in this browser until the line has kept it, whatever goes wrong on the way.
"use strict";

const MOST_SECONDS = 170;
const WORKLET = document.getElementById("script").dataset.worklet;
const status = document.getElementById("told");

let context = null; // for the microphone, and to play
let microphone = null;
let chunks = null; // what is being recorded
let take = null; // what was recorded last: {body, sound, faults, kept}
let playing = null;
let keeping = false; // a take is on its way to be kept: it is sent once, and nothing takes its place meanwhile
let leaving = false; // Next was pressed once, while a take is not kept

const recorder = () => document.getElementById("recorder");
const button = (what) => recorder().querySelector(`[data-do="${what}"]`);

function tell(words, kind = "") {
  status.hidden = !words;
  status.className = `told ${kind && `told-${kind}`}`;
  status.textContent = words;
}

// Only a take that was judged can be kept, so that whoever keeps it has heard it as callers would.
const mayKeep = () => Boolean(take?.sound) && !take.kept && !take.faults && !chunks && !keeping;

function show() {
  if (!button("record")) return;
  button("record").textContent = chunks ? "Stop" : take ? "Record again" : "Record";
  button("listen").disabled = Boolean(chunks) || !take;
  button("keep").disabled = !mayKeep();
  document.getElementById("file").disabled = keeping;
}

// --- the microphone -----------------------------------------------------------------------------

const REFUSED = {
  NotAllowedError: "This browser does not let this page use the microphone. Allow it beside the address, and press Record again. Or choose a file.",
  NotFoundError: "No microphone was found. Plug one in, and press Record again. Or choose a file.",
  NotReadableError: "The microphone is in use by another program. End that, and press Record again. Or choose a file.",
};

function sounding() {
  context ??= new AudioContext();
  context.resume();
  return context;
}

async function listening() {
  if (microphone?.stream.active) return;
  if (!navigator.mediaDevices) throw new Error("A browser gives its microphone only over https, or on the machine of the line. Choose a file instead.");
  // Without the browser's filters: what they do against noise and echo also removes parts of words.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new Error(REFUSED[error.name] || `The microphone cannot be used: ${error.message}. Choose a file instead.`);
  }
  await sounding().audioWorklet.addModule(WORKLET);
  const node = new AudioWorkletNode(context, "microphone");
  context.createMediaStreamSource(stream).connect(node);
  node.port.onmessage = ({ data }) => heard(data);
  for (const track of stream.getTracks()) track.onended = () => chunks && stop("The microphone has stopped. What it heard until then is here.");
  microphone = { stream, node };
}

let loudest = 0;
let since = 0;
function heard(samples) {
  if (!chunks) return;
  chunks.push(samples);
  for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
  since += samples.length;
  if (since > context.sampleRate / 10) {
    const level = 20 * Math.log10(loudest || 1e-6);
    document.getElementById("level").value = Math.max(-60, level);
    document.getElementById("loud").textContent = level > -1 ? "too loud" : level < -35 ? "quiet" : "good";
    loudest = since = 0;
  }
  if (chunks.length * samples.length > MOST_SECONDS * context.sampleRate) stop("That is the longest that a prompt can be.");
}

async function record() {
  if (keeping) return;
  if (chunks) return stop();
  halt();
  tell("");
  try {
    await listening();
  } catch (error) {
    return tell(error.message, "danger");
  }
  if (keeping) return; // Keep was pressed while the browser asked for the microphone
  leaving = false;
  chunks = [];
  tell("Recording. Say the words, and then press Stop.");
  show();
}

async function stop(why = "") {
  const samples = chunks;
  chunks = null;
  document.getElementById("level").value = -60;
  document.getElementById("loud").textContent = "";
  if (!samples.length) {
    show();
    return tell("The microphone gave no sound. Press Record again.", "danger");
  }
  await judge(asWav(samples, context.sampleRate), why);
}

function asWav(samples, rate) {
  const count = samples.reduce((sum, each) => sum + each.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (at, letters) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * count, true); text(8, "WAVEfmt "); view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); view.setUint16(22, 1, true); view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const part of samples) {
    for (const sample of part) {
      view.setInt16(at, Math.max(-1, Math.min(1, sample)) * 0x7fff, true);
      at += 2;
    }
  }
  return new Blob([view], { type: "audio/wav" });
}

// --- requests to the server -------------------------------------------------------------------------

const TOO_BIG = () => `This is too big: ${Number(recorder().dataset.most) / 1e6} MB are the most. Save only this prompt in it.`;
const SIGNED_OUT = "Your sign-in has ended. Sign in in another tab, and come back: your recording is still here.";
const AWAY = "The line cannot be reached. Your recording is still here.";

async function send(address, body) {
  for (let tries = 0; ; tries += 1) {
    let answer;
    try {
      answer = await fetch(address, { method: "POST", body, redirect: "manual", headers: { "X-CSRFToken": recorder().dataset.token, "Content-Type": "application/octet-stream" } });
    } catch {
      throw new Error(AWAY);
    }
    if (answer.type === "opaqueredirect") throw new Error(SIGNED_OUT);
    if (answer.status === 400 && tries === 0) { // the token is old: signed out, or signed in again meanwhile
      const page = await fetched(location.href);
      if (!page) throw new Error(SIGNED_OUT);
      recorder().dataset.token = page.getElementById("recorder").dataset.token;
      continue;
    }
    if (answer.status === 413) throw new Error(TOO_BIG());
    const said = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
    if (!answer.ok) throw new Error(said.problem || `${AWAY} Try again.`);
    return said;
  }
}

async function fetched(address) {
  const answer = await fetch(address, { redirect: "manual" }).catch(() => null);
  if (!answer?.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById("recorder") ? page : null;
}

async function judge(body, why = "") {
  take = { body, sound: null, faults: false, kept: false };
  show();
  if (body.size > Number(recorder().dataset.most)) {
    take = null;
    show();
    return tell(TOO_BIG(), "danger");
  }
  tell("It is being listened to.");
  const mine = take;
  try {
    const judged = await send(recorder().dataset.judge, body);
    if (take !== mine) return;
    take.sound = Uint8Array.from(atob(judged.sound), (letter) => letter.charCodeAt(0)).buffer;
    take.faults = judged.faults.length > 0;
    const said = [why, ...judged.faults, ...judged.doubts].filter(Boolean).join(" ");
    tell(said || "This sounds right. Keep it, if it says the words.", judged.faults.length ? "danger" : judged.doubts.length ? "kept" : "success");
    if (take.sound.byteLength) await play(take.sound);
  } catch (error) {
    if (take === mine) tell(error.message, "danger");
  }
  show();
}

async function keep() {
  if (!mayKeep()) return;
  keeping = true;
  show();
  try {
    await kept();
  } catch (error) {
    tell(error.message, "danger");
  }
  keeping = false;
  show();
}

async function kept() {
  halt();
  tell("It is being kept.");
  const { of, was, keep: address } = recorder().dataset;
  const { why } = await send(`${address}?${new URLSearchParams({ of, was })}`, take.body);
  if (why) {
    await swap(location.href, true);
    return tell(why, "danger");
  }
  take.kept = true;
  const next = button("next")?.href;
  if (!next) {
    await swap(location.href);
    return tell("Kept. That was the last one.", "success");
  }
  if (await walk(next)) tell("Kept. This is the next.", "success");
}

// --- hearing --------------------------------------------------------------------------------------

function halt() {
  playing?.stop();
  playing = null;
}

async function play(sound) {
  halt();
  const buffer = await sounding().decodeAudioData(sound.slice(0));
  playing = context.createBufferSource();
  playing.buffer = buffer;
  playing.connect(context.destination);
  playing.start();
}

async function listen() {
  if (!take || chunks) return;
  if (!take.sound) return judge(take.body);
  await play(take.sound);
}

// --- from prompt to prompt --------------------------------------------------------------------------

async function swap(address, keepsTake = false) {
  const page = await fetched(address);
  if (!page) return false;
  recorder().replaceWith(page.getElementById("recorder"));
  const out = page.getElementById("out");
  document.getElementById("out")?.remove();
  if (out) status.after(out);
  if (!keepsTake) take = null;
  leaving = false;
  show();
  button("record")?.focus();
  return true;
}

async function go(address) {
  if (keeping) return;
  if (take && !take.kept && !leaving) {
    leaving = true;
    return tell("This recording is not kept. Keep it, or press the same button once more to leave it.", "danger");
  }
  await walk(address);
}

async function walk(address) {
  halt();
  const came = await swap(address);
  if (came) history.pushState(null, "", address);
  tell(came ? "" : `${AWAY} Try again.`, "danger");
  return came;
}

const DO = { record, listen, keep, next: () => button("next") && go(button("next").href), before: () => button("before") && go(button("before").href) };
const KEYS = { l: "listen", k: "keep", n: "next", p: "before" };

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("#recorder [data-do]");
  if (!pressed || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (!pressed.disabled && !(chunks && pressed.dataset.do !== "record")) DO[pressed.dataset.do]();
});
// Single-letter keys work only while the focus is in the recorder, so that they are in nobody's way elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest("input, audio")) return;
  if (event.key === " " && event.target === document.body && button("record")) {
    event.preventDefault();
    return record();
  }
  const what = KEYS[event.key.toLowerCase()];
  if (what && event.target.closest("#recorder") && !chunks) DO[what]();
});
document.addEventListener("change", (event) => {
  if (event.target.id !== "file" || !event.target.files.length || keeping) return;
  sounding();
  judge(event.target.files[0]);
});
window.addEventListener("popstate", () => location.reload());
window.addEventListener("beforeunload", (event) => {
  if (chunks || (take && !take.kept)) event.preventDefault();
});
show();
button("record")?.focus();
