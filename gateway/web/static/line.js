// One line to /live/events for all tabs of a browser: HTTP/1.1 gives a site six connections, and a seventh page would not
// load. Whoever has the lock holds the line and passes on what comes; the others hear it, and one follows when it goes.
// A leader that a visible tab hears nothing of (a phone put it to sleep) is left without the lock. Where a browser has no
// locks, each tab has a line of its own while it is shown.
const NAME = "soundpost-live";
const EVENTS = "/live/events";
const WORD_MS = 4000; // how often a leader says that it is there
const SILENT_MS = 14000; // a leader that says nothing for so long is none
const ASK_MS = 2000; // or that does not answer within this
const FIRST_MS = 1000;
const LONGEST_MS = 15000;
const isShared = "locks" in navigator && "BroadcastChannel" in window;

function isShown() {
  return document.visibilityState === "visible";
}

export class Line {
  #hear; // (kind, body): opened, beat, news, broken, refused, away, out
  #check; // whether the server lets this browser in: "in", "out", or "away" where it does not answer
  #source = null;
  #channel = null;
  #queued = null;
  #letGo = null;
  #retryMs = FIRST_MS;
  #retry = 0;
  #word = 0;
  #heardAt = performance.now();
  #wasBroken = false;
  #isOver = false;

  constructor(number, hear, check) {
    this.number = number; // of the newest row that was told of
    this.#hear = hear;
    this.#check = check;
  }

  open() {
    document.addEventListener("visibilitychange", () => this.#turned());
    if (!isShared) {
      if (isShown()) this.#connect();
      return;
    }
    this.#channel = new BroadcastChannel(NAME);
    this.#channel.onmessage = (event) => this.#told(event.data);
    this.#wait();
    this.#channel.postMessage({ kind: "who" });
    this.#word = setInterval(() => this.#say(), WORD_MS);
  }

  // After sleep or a line that was cut.
  again() {
    if (this.#isOver) return;
    if (this.#letGo || !isShared) this.#connect();
    else this.#ask();
  }

  // Nobody is let in any more: for good.
  close() {
    this.#isOver = true;
    clearInterval(this.#word);
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#queued?.abort();
    this.#letGo?.();
    this.#channel?.close();
    this.#channel = null;
  }

  #wait() {
    this.#queued = new AbortController();
    this.#hold({ signal: this.#queued.signal });
  }

  #take() {
    if (this.#letGo || this.#isOver) return;
    this.#queued.abort();
    this.#hold({ steal: true });
  }

  #hold(how) {
    const held = () =>
      new Promise((letGo) => {
        this.#letGo = letGo;
        if (this.#isOver) letGo();
        else this.#connect();
      });
    navigator.locks.request(NAME, how, held).catch(() => {
      // Aborted while it waited, or taken by another tab while it was held.
      if (how.signal?.aborted || this.#isOver) return;
      this.#letGo = null;
      this.#closed();
      clearTimeout(this.#retry);
      this.#heardAt = performance.now();
      this.#wait();
    });
  }

  #closed() {
    this.#source?.close();
    this.#source = null; // what still waits for an answer of it sees that it is another's turn
  }

  #say() {
    if (this.#letGo) this.#channel.postMessage({ kind: "here", number: this.number });
    else if (isShown() && performance.now() - this.#heardAt > SILENT_MS) this.#take();
  }

  #ask() {
    const asked = performance.now();
    this.#channel.postMessage({ kind: "who" });
    setTimeout(() => {
      if (this.#heardAt < asked && isShown()) this.#take();
    }, ASK_MS);
  }

  #turned() {
    if (this.#isOver) return;
    if (!isShared) {
      clearTimeout(this.#retry);
      if (isShown()) this.#connect();
      else this.#closed();
    } else if (this.#letGo) {
      if (!isShown()) this.#channel.postMessage({ kind: "hidden" });
    } else if (isShown()) {
      this.#ask();
    }
  }

  #told({ kind, body, number }) {
    if (this.#letGo) {
      if (kind === "who") this.#say();
      return;
    }
    if (kind === "who") return;
    this.#heardAt = performance.now();
    if (kind === "hidden") {
      if (isShown()) this.#take();
      return;
    }
    const isBehind = number && number !== this.number;
    this.number = number || this.number;
    if (kind !== "here") this.#hear(kind, body);
    else if (isBehind) this.#hear("opened");
  }

  #tell(kind, body) {
    this.#channel?.postMessage({ kind, body, number: this.number });
    this.#hear(kind, body);
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#source?.close();
    const source = new EventSource(EVENTS + (this.number ? `?after=${this.number}` : ""));
    this.#source = source;
    source.onopen = () => {
      if (this.#wasBroken) this.#tell("opened");
      this.#wasBroken = false;
    };
    source.addEventListener("beat", (event) => {
      this.#retryMs = FIRST_MS;
      this.#tell("beat", JSON.parse(event.data));
    });
    source.addEventListener("news", (event) => {
      this.number = event.lastEventId || this.number;
      this.#tell("news", JSON.parse(event.data));
    });
    source.onerror = () => this.#failed(source);
  }

  async #failed(source) {
    this.#wasBroken = true;
    this.#tell("broken");
    // A browser comes back by itself after a line that broke, not after an answer that was refused.
    if (source.readyState !== EventSource.CLOSED) return;
    const is = await this.#check();
    if (this.#isOver || source !== this.#source) return;
    if (is === "out") {
      this.#tell("out");
      return;
    }
    this.#tell(is === "in" ? "refused" : "away");
    this.#retry = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_MS);
  }
}
