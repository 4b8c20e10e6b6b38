// Tells your cxapp what visitors do in the shop; docs/tracking.md is its manual.
// Before consent it stores nothing on the device, and it talks to nobody but your own cxapp.
(() => {
  "use strict";

  const early = window.cx || []; // what the page asked for before this file was there
  if (early.version) return; // included twice
  const tag = document.currentScript;

  const VERSION = "1.0";
  const STORE = "cx"; // our one entry in localStorage, written with consent only
  const PAUSE = 1000; // what happens within a second travels together
  const LONGEST_PAUSE = 60000;
  const MOST_IN_BATCH = 50;
  const MOST_LETTERS = 50000; // a browser lets 64 KB leave with a page that closes
  const MOST_WAITING = 1000; // of a server that stays away, the oldest events are given up

  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  let key = "";
  let host = "";
  let anonymousId = newId(); // in memory: without consent every page begins a new one
  let userId = "";
  let consent = null; // {textVersion, at} as long as tracking is allowed
  let person = null; // who logged in without consent: told when consent comes, else never
  let waiting = [];
  let sending = false;
  let failures = 0;
  let timer = 0;

  // --- what is remembered on the device ------------------------------------------------------------------------------

  // Global Privacy Control and Do Not Track are a no that no banner overrules.
  const refuses = () => Boolean(navigator.globalPrivacyControl) || navigator.doNotTrack === "1";

  function kept() {
    try {
      return JSON.parse(localStorage.getItem(STORE)) || {};
    } catch {
      return {}; // storage is forbidden, or somebody else wrote there
    }
  }

  function keep() {
    try {
      if (consent) localStorage.setItem(STORE, JSON.stringify({ id: anonymousId, user: userId, consent }));
      else localStorage.removeItem(STORE);
    } catch {} // full or forbidden: this page works from memory
  }

  function forget() {
    consent = null;
    userId = "";
    anonymousId = newId();
    keep();
  }

  function recall() {
    const { id, user, consent: given } = kept();
    if (given && refuses()) forget();
    else if (id && given) [anonymousId, userId, consent] = [id, user || "", given];
    else if (consent) [anonymousId, userId, consent] = [newId(), "", null]; // withdrawn in another tab
  }

  // --- addresses without people --------------------------------------------------------------------------------------

  const PERSONAL_NAME = /mail|phone|^tel|^(first|last|full|user|sur)?[-_]?name$|pass|pwd|token|secret|auth|session|^sid$|^key$|iban|birth|address|street/i;
  const MAIL = /[^\s/?&=#,;]+(@|%40)[^\s/?&=#,;]+/gi;
  const PHONE = /^\s*(\+|00)[\d\s()/.-]{7,}$/;

  function clean(address) {
    try {
      const url = new URL(address, location.href);
      for (const [name, value] of [...url.searchParams]) {
        if (PERSONAL_NAME.test(name) || value.search(MAIL) >= 0 || PHONE.test(value)) url.searchParams.delete(name);
      }
      url.pathname = url.pathname.replace(MAIL, "-");
      url.username = url.password = url.hash = "";
      return url;
    } catch {
      return null;
    }
  }

  function context() {
    const url = clean(location.href);
    const page = { url: url.href, path: url.pathname, search: url.search, title: document.title };
    const from = document.referrer && clean(document.referrer);
    if (from) page.referrer = from.href;
    const campaign = {};
    for (const [name, value] of url.searchParams) {
      if (name.startsWith("utm_")) campaign[name === "utm_campaign" ? "name" : name.slice(4)] = value;
    }
    return {
      library: { name: "cx.js", version: VERSION },
      page,
      locale: navigator.language,
      consent: { tracking: Boolean(consent), ...(consent && { text_version: consent.textVersion }) },
      ...(Object.keys(campaign).length && { campaign }),
    };
  }

  // --- sending -------------------------------------------------------------------------------------------------------

  function note(type, fields) {
    const message = { type, messageId: newId(), anonymousId, timestamp: new Date().toISOString(), channel: "web", context: context() };
    if (userId) message.userId = userId;
    // As text at once: what the page does to its objects afterwards changes nothing.
    waiting.push(JSON.stringify({ ...message, ...fields }));
    waiting.splice(0, waiting.length - MOST_WAITING);
    if (!timer) later(PAUSE);
  }

  function later(pause) {
    clearTimeout(timer);
    timer = setTimeout(flush, pause);
  }

  function take() {
    let count = 0;
    for (let letters = 0; count < Math.min(waiting.length, MOST_IN_BATCH); count++) {
      letters += waiting[count].length;
      if (count && letters > MOST_LETTERS) break;
    }
    return waiting.splice(0, count);
  }

  // As text/plain with the key inside, so that no browser asks for permission first (CORS preflight).
  const bodyOf = (batch) => `{"writeKey":${JSON.stringify(key)},"sentAt":"${new Date().toISOString()}","batch":[${batch}]}`;
  const address = () => `${host}/api/v1/batch`;

  async function flush() {
    clearTimeout(timer);
    timer = 0;
    if (sending || !waiting.length) return;
    sending = true;
    const batch = take();
    let pause = 0;
    try {
      const body = bodyOf(batch);
      const keepalive = body.length <= MOST_LETTERS + 5000;
      const answer = await fetch(address(), { method: "POST", body, keepalive, credentials: "omit", headers: { "Content-Type": "text/plain" } });
      if (answer.status === 429 || answer.status === 408 || answer.status >= 500) throw answer;
      const told = await answer.json().catch(() => ({}));
      if (told.rejected || !answer.ok) console.warn("cx.js: refused", told.detail || told.results || answer.status);
      failures = 0;
    } catch (error) {
      // The server knows a message by its id: what did arrive is not counted again.
      waiting.unshift(...batch);
      waiting.splice(0, waiting.length - MOST_WAITING);
      const asked = error.headers ? Number(error.headers.get("Retry-After")) * 1000 || 0 : 0;
      pause = Math.max(asked, Math.min(PAUSE * 2 ** failures++, LONGEST_PAUSE) * (0.5 + Math.random() / 2));
    }
    sending = false;
    if (waiting.length) later(pause);
  }

  function leave() {
    while (waiting.length) {
      const batch = take();
      if (navigator.sendBeacon?.(address(), new Blob([bodyOf(batch)], { type: "text/plain" }))) continue;
      waiting.unshift(...batch);
      return flush();
    }
  }

  // --- what a shop calls ---------------------------------------------------------------------------------------------

  const listed = (given) => (Array.isArray(given) ? { products: given } : given);

  const api = {
    init(options) {
      if (key || !options.key) return;
      key = options.key;
      host = (options.host || (tag?.src ? new URL(tag.src).origin : location.origin)).replace(/\/+$/, "");
      recall();
      window.addEventListener("storage", (event) => event.key === STORE && recall());
      window.addEventListener("online", flush);
      window.addEventListener("pagehide", leave);
      // Hidden may be the last that a phone tells; the answer is waited for, since most pages come back. What cannot wait
      // for an answer that is still out goes without one.
      document.addEventListener("visibilitychange", () => document.hidden && (sending ? leave() : flush()));
      for (const call of early.splice(0)) api.push(call);
    },
    page: (name, properties) => (typeof name === "string" ? note("page", { name, properties }) : note("page", { properties: name })),
    track: (event, properties) => note("track", { event, properties }),
    product: (product) => api.track("Product Viewed", product),
    added: (product) => api.track("Product Added", product),
    removed: (product) => api.track("Product Removed", product),
    cart: (cart) => api.track("Cart Viewed", listed(cart)),
    checkout: (cart) => api.track("Checkout Started", listed(cart)),
    search: (query) => api.track("Products Searched", typeof query === "string" ? { query } : query),

    identify(id, traits) {
      if (!consent) {
        person = [id, traits];
        return;
      }
      person = null;
      if (typeof id === "object") traits = id;
      else userId = String(id);
      keep();
      note("identify", { traits });
    },

    // Without an argument it only tells what holds.
    consent(choice) {
      if (!choice) return { tracking: Boolean(consent) };
      const { tracking } = choice;
      const textVersion = String(choice.textVersion ?? "").slice(0, 40);
      if (tracking && !refuses()) {
        if (!consent) anonymousId = newId(); // what was seen before stays without a link to what is seen from now on
        consent = { textVersion, at: new Date().toISOString() };
        keep();
        api.track("Consent Given", { purpose: "tracking", textVersion });
        if (person) api.identify(...person);
      } else {
        const withdrawn = consent;
        consent = null;
        if (withdrawn) api.track("Consent Withdrawn", { purpose: "tracking", textVersion });
        forget();
      }
      return api.consent();
    },

    // Somebody logged out: who comes next on this device is somebody else.
    reset() {
      userId = "";
      person = null;
      anonymousId = newId();
      keep();
    },

    flush,

    // cx.push(["product", {…}]): works before this file is there, and after.
    push(call) {
      const [name, ...given] = call;
      if (!key && name !== "init") return early.push(call);
      try {
        return api[name](...given);
      } catch (error) {
        console.warn(`cx.js: ${name}`, error); // a shop's page never stumbles over us
      }
    },
  };

  const guarded = { version: VERSION, push: api.push };
  for (const name of Object.keys(api)) guarded[name] ||= (...given) => api.push([name, ...given]);

  function start() {
    window.cx = guarded;
    const { key: given, host: at, page } = tag?.dataset || {};
    const init = early.findIndex(([name]) => name === "init");
    if (init >= 0) api.push(early.splice(init, 1)[0]);
    else if (given) api.init({ key: given, host: at });
    if (given && page !== "off") guarded.page();
  }

  // A page that is only rendered ahead was not seen yet.
  if (document.prerendering) document.addEventListener("prerenderingchange", start, { once: true });
  else start();
})();
