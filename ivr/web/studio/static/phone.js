// A telephone on a page: plays the TwiML of each reply as Twilio does, and tells the line what the caller did.
//
// `Phone` is one call. It asks for a reply, plays its verbs in order until the caller or an adviser does something, and
// then asks for the next. It can begin with a call that was made before (`made`), which is then played as it was.
// `Keypad` passes keys on while a verb waits for them: as with Twilio, a key that no verb waits for is lost.
"use strict";

const CALLER = "CALLER", ADVISER = "ADVISER";
const SILENT = [CALLER, "(says nothing)"], HUNG_UP = [CALLER, "(hangs up)"];
// How long words without a sound take where the browser has no voice: milliseconds a word.
const WORD = 350;
// How long a call that is played as it was made waits before each thing that was done: milliseconds.
const THINKING = 1500;
// How long a reply may take before the call ends: the sounds of a draft may have to be made first.
const ANSWER = 150_000;

const byId = id => document.getElementById(id);
const sleep = (ms, signal) => new Promise(done => {
  if (signal.aborted) return done();
  const timer = setTimeout(done, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
});

class Keypad {
  #listener = null;

  press(what) {
    const listener = this.#listener;
    this.#listener = null;
    listener?.(what);
  }

  // The next key, or null if `work` is done before one is pressed. A key stops `work` by its signal.
  async during(work, hangUp) {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, hangUp]);
    const pressed = new Promise(done => { this.#listener = done; });
    try {
      return await Promise.race([pressed, work(signal).then(() => null)]);
    } finally {
      this.#listener = null;
      stop.abort();
    }
  }
}

class Phone {
  #hangUp = new AbortController();
  #did = [];
  #revision = "";

  // `asked` is what was chosen before the call; `made`: what was done in an earlier call, to be done again.
  constructor(asked, made, keypad, show) {
    Object.assign(this, { asked, made, keypad, show });
  }

  // The call so far, as the line takes it.
  get soFar() {
    const { to, language, slow, ...rest } = this.asked;
    const begins = this.#did.length ? {} : { to, language, slow };
    return { ...rest, ...begins, did: this.#did, revision: this.#revision };
  }

  hangUp() {
    this.#hangUp.abort();
  }

  async ring() {
    await this.#announce();
    for (;;) {
      const reply = await this.#reply();
      const did = reply.twiml && await this.#play(reply);
      if (this.#hangUp.signal.aborted && reply.twiml) {
        this.#do(HUNG_UP);
        return (await this.#reply()).got;
      }
      if (!did) return reply.got;
      this.#do(did);
    }
  }

  // What a draft begins with, so that nobody takes it for what callers hear.
  async #announce() {
    const { announced, announcement } = byId("dial").dataset;
    if (!announced) return;
    this.show.state("The draft is being made ready.");
    this.show.line("DRAFT", announcement);
    try {
      await this.#played(announced, this.#hangUp.signal);
    } catch {
      await this.#spoken(announcement, this.#hangUp.signal);
    }
  }

  #do(did) {
    this.#did.push(did);
    this.show.line(...did);
  }

  async #reply() {
    const answer = await fetch(byId("dial").dataset.reply, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(this.soFar),
      signal: AbortSignal.timeout(ANSWER),
    });
    const reply = await answer.json().catch(() => ({ problem: whyNoReply(answer) }));
    if (!answer.ok || reply.problem) throw new Error(reply.problem);
    this.#revision = reply.revision;
    reply.did.forEach(did => this.#do(did));
    reply.noted.forEach(words => this.show.line("NOTED", words));
    this.show.place(reply.place);
    return reply;
  }

  // What was done, by which the next reply is found; nothing once the line has hung up.
  async #play(reply) {
    this.show.call(this.soFar);
    const document = new DOMParser().parseFromString(reply.twiml, "text/xml");
    if (document.querySelector("parsererror")) throw new Error("The line sent a reply that cannot be read.");
    this.reply = reply;
    for (const verb of document.documentElement.children) {
      const did = await this.#verb(verb);
      if (did || this.#hangUp.signal.aborted) return did;
    }
    return null;
  }

  async #verb(verb) {
    const waits = ["Gather", "Dial", "Record", "Redirect"].includes(verb.tagName);
    if (waits && this.made.length) return this.#again(verb);
    switch (verb.tagName) {
      case "Gather": return this.#gather(verb);
      case "Dial": return this.#dial(verb);
      case "Record": return this.#record(verb);
      case "Redirect": return SILENT;
      case "Hangup": return null;
      default: return this.#sound(verb, this.#hangUp.signal);
    }
  }

  // Does what was done in the earlier call, once everything is said.
  async #again(verb) {
    if (verb.tagName === "Gather") await this.#sounds(verb.children, this.#hangUp.signal);
    if (verb.tagName === "Dial") this.show.panel("adviser", this.reply.whisper.replace(/^hears: /, ""));
    this.show.state("The call is played as it was made.");
    await sleep(THINKING, this.#hangUp.signal);
    this.show.panel(null);
    return this.made.shift();
  }

  async #gather(verb) {
    const most = Number(verb.getAttribute("numDigits")) || Infinity, finish = verb.getAttribute("finishOnKey") ?? "#";
    const wait = () => this.#key(verb.getAttribute("timeout"), "The line waits for a key.");
    let typed = "", key = await this.keypad.during(signal => this.#sounds(verb.children, signal), this.#hangUp.signal);
    for (key ??= await wait(); key && key !== "wait"; key = await wait()) {
      if (key === finish) return [CALLER, `${typed}#`];
      typed += key;
      if (typed.length >= most) return [CALLER, typed];
    }
    if (typed) return [CALLER, typed];
    return verb.getAttribute("actionOnEmptyResult") === "true" ? SILENT : null;
  }

  #key(seconds, words) {
    this.show.state(words);
    return this.keypad.during(signal => sleep(Number(seconds) * 1000, signal), this.#hangUp.signal);
  }

  async #dial(verb) {
    this.show.panel("adviser", this.reply.whisper.replace(/^hears: /, ""));
    const did = await this.#key(verb.getAttribute("timeout"), "It rings. Star ends it.");
    this.show.panel(null);
    if (did === "*") return [CALLER, "*"];
    return [ADVISER, did?.startsWith("(") ? did : "(no answer)"];
  }

  async #record(verb) {
    this.show.panel("message");
    const did = await this.#key(verb.getAttribute("timeout"), "After the tone, the line records.");
    this.show.panel(null);
    return did && did !== "wait" ? [CALLER, did] : null;
  }

  async #sounds(verbs, signal) {
    for (const verb of verbs) await this.#sound(verb, signal);
  }

  async #sound(verb, signal) {
    if (signal.aborted) return null;
    this.show.state("The line speaks. You can press a key.");
    if (verb.tagName === "Play") return this.#file(verb.textContent, signal);
    if (verb.tagName === "Pause") return sleep(Number(verb.getAttribute("length") ?? 1) * 1000, signal);
    if (verb.tagName === "Say") return this.#say(verb.textContent.replace(/\s+/g, " ").trim(), signal);
    throw new Error(`The line sent <${verb.tagName}>, which this page cannot play.`);
  }

  async #file(address, signal) {
    const path = new URL(address).pathname, words = this.reply.words[address];
    if (words) this.show.words(words);
    try {
      await this.#played(path, signal, () => this.show.plays(path));
    } catch {
      if (signal.aborted) return;
      this.show.note(`A sound is missing: ${path}`);
      await this.#spoken(words ?? "", signal);
    }
  }

  // Plays a sound to its end. Fails if it is not there, or is no sound.
  async #played(path, signal, begins = () => {}) {
    const sound = new Audio(path);
    const ended = new Promise(done => {
      for (const end of ["ended", "error"]) sound.addEventListener(end, done, { once: true });
      signal.addEventListener("abort", () => { sound.pause(); done(); }, { once: true });
    });
    await sound.play();
    begins();
    await ended;
  }

  #say(words, signal) {
    this.show.words(words);
    return this.#spoken(words, signal);
  }

  #spoken(words, signal) {
    const voices = window.speechSynthesis?.getVoices() ?? [];
    if (!voices.length) return sleep(words.split(" ").length * WORD, signal);
    return new Promise(done => {
      const speech = new SpeechSynthesisUtterance(words);
      speech.lang = "en-GB";
      speech.onend = speech.onerror = done;
      signal.addEventListener("abort", () => { speechSynthesis.cancel(); done(); }, { once: true });
      speechSynthesis.speak(speech);
    });
  }
}

// Why an answer is not a reply: a proxy's or a server's page, or that of the sign-in.
function whyNoReply(answer) {
  if (answer.redirected || answer.status === 401) return "your sign-in has ended. Reload the page to sign in again.";
  return `the line sent something that is not a reply (${answer.status}).`;
}

// What the page shows. The words of one turn are in one line, as they are spoken.
const show = {
  current: null,

  line(who, words) {
    this.current = null;
    const line = document.createElement("p"), speaker = document.createElement("b");
    speaker.textContent = who;
    speaker.dir = "ltr";  // so that the words alone decide which way the line runs
    line.dir = "auto";  // words of another language may run from right to left
    line.append(speaker, ` ${words}`);
    byId("said").append(line);
    line.scrollIntoView({ block: "nearest" });
    return line;
  },
  words(words) {
    if (this.current) this.current.append(` ${words}`);
    else this.current = this.line("LINE", words);
  },
  state(words) { byId("state").textContent = words; },
  note(words) {
    this.line("NOTE", words);
    this.current = null;
  },
  // Keeps the call for the forms below the phone.
  call(soFar) { this.soFar = soFar; },
  place(name) {
    byId("said").dataset.place = name;
    const where = byId("where"), link = where.querySelector("a");
    where.hidden = false;
    link.textContent = name;
    if (link.dataset.map) link.href = `${link.dataset.map}#place-${name}`;
  },
  plays(path) { byId("said").dataset.plays = path; },
  panel(name, whisper = "") {
    for (const each of ["adviser", "message"]) byId(each).hidden = each !== name;
    if (whisper) byId("whisper").textContent = whisper;
  },
  busy(is) {
    for (const each of document.querySelectorAll("#keys button, #wait, #hang-up")) each.disabled = !is;
    for (const each of document.querySelectorAll("#dial :is(button, input, select)")) each.disabled = is;
  },
};

const keypad = new Keypad();
let phone = null;

const value = id => byId(id)?.value ?? "";

async function ring(asked, made) {
  byId("said").replaceChildren();
  show.current = null;
  show.busy(true);
  phone = new Phone(asked, made, keypad, show);
  try {
    const got = await phone.ring();
    show.line("GOT", got.join("; ") || "nothing");
    show.state("The call is over.");
  } catch (error) {
    const away = error instanceof TypeError || error.name === "TimeoutError";
    show.state(`The call is over: ${away ? "the line does not answer." : error.message}`);
  }
  show.call(phone.soFar);
  phone.hangUp();  // whatever still plays
  phone = null;
  show.panel(null);
  show.busy(false);
  byId("ring").focus();
}

byId("dial").addEventListener("submit", event => {
  event.preventDefault();
  ring({
    when: value("when"), caller: value("caller"), to: byId("dial").dataset.to ?? "", language: value("language"),
    slow: value("pace") === "slow", full: value("places") === "full",
  }, []);
});

byId("replay")?.addEventListener("click", event => {
  const { did, revision, ...asked } = JSON.parse(event.currentTarget.dataset.call);
  ring({ ...asked, to: "", language: "", slow: false }, did);
});

byId("moment").addEventListener("change", event => { byId("when").value = event.target.value; });
byId("when").addEventListener("input", () => { byId("moment").value = ""; });

for (const form of document.querySelectorAll("[data-with-call]")) {
  form.addEventListener("submit", event => {
    if (show.soFar?.did.length) form.elements.call.value = JSON.stringify(show.soFar);
    else if (form.dataset.withCall !== "optional") {
      event.preventDefault();
      show.state("Ring first: there is no call to keep yet.");
      byId("ring").focus();
    }
  });
}

byId("keys").addEventListener("click", event => event.target.dataset.key && keypad.press(event.target.dataset.key));
byId("wait").addEventListener("click", () => keypad.press("wait"));
byId("hang-up").addEventListener("click", () => phone?.hangUp());
for (const button of document.querySelectorAll("[data-did]")) {
  button.addEventListener("click", () => keypad.press(button.dataset.did));
}
document.addEventListener("keydown", event => {
  const typing = event.target.matches("input, select");
  if (phone && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && /^[0-9*#]$/.test(event.key)) {
    event.preventDefault();
    keypad.press(event.key);
  }
});
