// News as they come, on every page of somebody who signed in: what is told on /live/events, and at once when nothing is.
// The browser's clock is never asked for the time of day: only how long ago something was, and times are the server's.
import { Line } from "./line.js";
import { alarm } from "./sound.js";

const SILENT_MS = 16000; // three beats of the server, and a little
const BROKEN_MS = 4000; // a line that broke comes back by itself within that, where there is anybody to come back to
const state = document.getElementById("state");
const cut = document.getElementById("cut");
const board = document.getElementById("board");
const title = document.title;

let lastWord = { serverUs: null, at: performance.now() };
let shownState = state?.querySelector(".fine") ? "ok" : "other";
let failedSince = null;
let brokenAt = null;
let refusedSince = null;
let isOut = false;
const line = new Line(state?.dataset.number || "", hear, check);

function serverTime(us) {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: state.dataset.zone };
  const at = new Date(us / 1000);
  const utc = at.toISOString().slice(11, 19) + " UTC";
  try {
    return `${new Intl.DateTimeFormat(document.documentElement.lang, options).format(at)} (${utc})`;
  } catch {
    return utc;
  }
}

function nowOnServer() {
  return lastWord.serverUs === null ? null : lastWord.serverUs + (performance.now() - lastWord.at) * 1000;
}

function say(words) {
  const shown = cut.textContent;
  if (shown === words) return;
  cut.textContent = "";
  if (words) cut.appendChild(document.createElement("p")).textContent = words;
}

function signedOut() {
  if (isOut) return;
  isOut = true;
  line.close();
  document.documentElement.toggleAttribute("data-cut", true);
  say(state.dataset.signedOut);
  const link = cut.firstChild.appendChild(document.createElement("a"));
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.textContent = state.dataset.signIn;
  link.before(" ");
}

function telling() {
  if (isOut) return;
  const broken = brokenAt !== null && refusedSince === null && performance.now() - brokenAt > BROKEN_MS;
  const silent = broken || (refusedSince === null && performance.now() - lastWord.at > SILENT_MS);
  document.documentElement.toggleAttribute("data-cut", silent || refusedSince !== null);
  if (silent) {
    say(state.dataset.offline.replace("{time}", lastWord.serverUs === null ? "–" : serverTime(lastWord.serverUs)));
  } else if (refusedSince !== null) {
    say(state.dataset.refused.replace("{time}", serverTime(refusedSince)));
  } else if (failedSince !== null) {
    say(state.dataset.old.replace("{time}", serverTime(failedSince)));
  } else {
    say("");
  }
}

const UNITS = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang);

function ages() {
  const now = nowOnServer();
  if (now === null) return;
  for (const element of document.querySelectorAll("[data-ago]")) {
    const passed = Math.max(0, Math.floor((now - Number(element.dataset.ago)) / 1e6));
    const [seconds, unit] = UNITS.find(([each]) => passed >= each) ?? UNITS[3];
    const told = relative.format(-Math.floor(passed / seconds), unit);
    if (element.textContent !== told) element.textContent = told;
  }
}

function heard(serverUs) {
  lastWord = { serverUs: serverUs ?? nowOnServer(), at: performance.now() };
  brokenAt = null;
  refusedSince = null;
  telling();
}

async function fetched(path) {
  const answer = await fetch(path, { headers: { "HX-Request": "true" }, credentials: "same-origin", redirect: "manual" });
  if (answer.type === "opaqueredirect" || answer.status === 401) {
    signedOut();
    throw new Error("signed out");
  }
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.text();
}

async function swap(element, path) {
  try {
    const html = await fetched(path);
    const card = element.contains(document.activeElement) ? document.activeElement.closest("[data-incident]") : null;
    const place = card ? [...card.querySelectorAll("a, button")].indexOf(document.activeElement) : -1;
    element.innerHTML = html;
    window.htmx?.process(element);
    if (card) {
      // Who went through the list by keyboard stays where they were.
      const same = element.querySelector(`[data-incident="${CSS.escape(card.dataset.incident)}"]`);
      same?.querySelectorAll("a, button")[place]?.focus({ preventScroll: true });
    }
    failedSince = null;
  } catch (error) {
    failedSince ??= nowOnServer() ?? Number(state.dataset.now);
    throw error;
  } finally {
    telling();
  }
}

// The board: one look at a time, and another one after it where news came meanwhile.
let looking = false;
let again = false;
async function look() {
  if (!board || isOut) return;
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  try {
    const before = waiting();
    await swap(board, board.dataset.live);
    arrived(before);
    const map = document.getElementById("map");
    if (map && !new URLSearchParams(location.search).has("show")) {
      map.dispatchEvent(new CustomEvent("news", { bubbles: true }));
      if (!map.classList.contains("drawn")) await swap(map, map.dataset.live);
    }
  } catch {
    setTimeout(look, 2000);
  } finally {
    looking = false;
    if (again) {
      again = false;
      look();
    }
  }
}

function waiting() {
  return new Set([...board.querySelectorAll(".card.new")].map((card) => card.dataset.incident));
}

function arrived(before) {
  const fresh = [...board.querySelectorAll(".card.new")].filter((card) => !before.has(card.dataset.incident));
  heading();
  if (!fresh.length) return;
  for (const card of fresh) card.classList.add("arrived");
  document.getElementById("said").textContent = fresh.map((card) => card.querySelector("h3").innerText + ", " + card.querySelector(".where").innerText).join("; ");
  alarm();
}

function heading() {
  const inner = board?.querySelector("[data-waiting]");
  const n = Number(inner?.dataset.waiting || 0);
  document.title = n ? `(${n}) ${inner.dataset.words}` : title;
}

async function check() {
  try {
    await fetched("/live/state");
    return "in";
  } catch {
    return isOut ? "out" : "away";
  }
}

function hear(kind, body) {
  if (kind === "beat") {
    heard(body.now_us);
    if (body.state !== shownState || body.state !== "ok") {
      shownState = body.state;
      swap(state, "/live/state").catch(() => {});
    }
  } else if (kind === "news") {
    heard();
    look();
  } else if (kind === "opened") {
    look();
  } else if (kind === "broken") {
    brokenAt ??= performance.now();
  } else if (kind === "refused") {
    // The server answers and gives no line: then the list is asked for as often as the line is.
    refusedSince ??= nowOnServer() ?? Number(state.dataset.now);
    swap(state, "/live/state").catch(() => {});
    look();
  } else if (kind === "away") {
    refusedSince = null;
  } else if (kind === "out") {
    check();
  }
}

function comeBack() {
  // After sleep or a cut line: look at once, whatever the stream tells.
  if (document.visibilityState === "visible") {
    line.again();
    look();
  }
}

// What says that it will be otherwise soon (a dry run) is looked at again.
const trial = document.querySelector("[data-again]");
if (trial) setTimeout(() => location.reload(), Number(trial.dataset.again) * 1000);

if (state) {
  line.open();
  if (board) {
    heading();
    document.body.addEventListener("htmx:afterSwap", heading);
  }
  setInterval(() => {
    telling();
    ages();
  }, 1000);
  window.addEventListener("online", comeBack);
  window.addEventListener("offline", () => {
    lastWord.at = Math.min(lastWord.at, performance.now() - SILENT_MS - 1);
    telling();
  });
  document.addEventListener("visibilitychange", () => {
    if (performance.now() - lastWord.at > SILENT_MS) comeBack();
  });
}
