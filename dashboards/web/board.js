// Keeps the board live: asks every two seconds, changes only what differs, and says so when golive is silent.
"use strict";

(() => {
  const EVERY = 2000;
  const PATIENCE = 3000;
  const STALE = 6;

  let etag = "";
  let asking = false;
  let heard = performance.now();
  let lead = null; // the daemon's clock less ours, milliseconds

  const board = () => document.getElementById("board");
  const now = () => Date.now() + (lead ?? 0);

  // Spans and countdowns as the server writes them.
  const two = (n) => String(n).padStart(2, "0");
  const long = (s) => {
    if (s < 60) return `${s}s`;
    if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
    if (s < 86400) return `${Math.floor(s / 3600)}h${two(Math.floor((s % 3600) / 60))}m`;
    return `${Math.floor(s / 86400)}d${two(Math.floor((s % 86400) / 3600))}h`;
  };
  const span = (s) => {
    if (s >= 600 && s < 3600) return `${Math.floor(s / 60)}m`;
    const text = long(s);
    return text.length <= 5 ? text : `${Math.floor(s / 86400)}d`;
  };
  const clock = (s) => `${two(Math.floor((s % 86400) / 3600))}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  const elapsed = (s) => (s >= 86400 ? `${Math.floor(s / 86400)}d ${clock(s)}` : clock(s));
  const countdown = (s) => {
    if (s <= 0) return "expired";
    if (s < 3600) return `${two(Math.floor(s / 60))}:${two(s % 60)}`;
    return `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  };

  const put = (node, text) => {
    if (node.textContent !== text) node.textContent = text;
  };

  const tick = () => {
    const at = now() / 1000;
    for (const node of document.querySelectorAll("[data-since]")) {
      const past = Math.max(0, Math.floor(at - Number(node.dataset.since)));
      put(node, node.dataset.kind === "elapsed" ? elapsed(past) : span(past));
    }
    for (const node of document.querySelectorAll("[data-until]")) {
      put(node, countdown(Math.floor(Number(node.dataset.until) - at)));
    }
    judge(at);
  };

  // Whether what is shown is still the present: golive must have been heard, and its own clock must go on.
  const judge = (at) => {
    const shown = board();
    if (!shown.dataset.at) return;
    const behind = at - Number(shown.dataset.at);
    const silent = (performance.now() - heard) / 1000;
    const stale = behind > STALE || silent > STALE;
    shown.classList.toggle("stale", stale);
    document.title = stale ? `OLD, was ${shown.dataset.title}` : shown.dataset.title;
    const aloud = document.getElementById("aloud");
    if (stale && !aloud.dataset.said) {
      aloud.dataset.said = aloud.textContent;
      aloud.textContent = "golive is silent. What is shown is old; the verdict is unknown.";
    } else if (!stale && aloud.dataset.said) {
      aloud.textContent = aloud.dataset.said;
      delete aloud.dataset.said;
    }
  };

  // Make one element like another, touching only what differs, so that focus, scroll and selection stay.
  const alike = (a, b) =>
    a.nodeType === b.nodeType &&
    (a.nodeType !== 1 || (a.tagName === b.tagName && a.id === b.id && a.dataset.key === b.dataset.key));

  const morph = (old, fresh) => {
    if (old.nodeType !== 1) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    if (old.dataset.since || old.dataset.until) return; // its text is the clock's
    let place = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      let found = place;
      if (child.dataset?.key) while (found && !alike(found, child)) found = found.nextSibling;
      if (found && alike(found, child)) {
        if (found === place) place = place.nextSibling;
        else old.insertBefore(found, place);
        morph(found, child);
      } else {
        old.insertBefore(document.importNode(child, true), place);
      }
    }
    while (place) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
  };

  const ask = async () => {
    if (asking) return;
    asking = true;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE);
    try {
      const answer = await fetch("/board/now", {
        headers: etag ? { "If-None-Match": etag } : {},
        cache: "no-store",
        signal: stop.signal,
      });
      if (answer.status === 401) {
        location.reload();
        return;
      }
      if (answer.status !== 200 && answer.status !== 304) return;
      const date = Date.parse(answer.headers.get("Date"));
      if (answer.status === 200) {
        const text = await answer.text();
        const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("board");
        if (!fresh) return;
        etag = answer.headers.get("ETag") ?? "";
        morph(board(), fresh);
      }
      heard = performance.now();
      if (!Number.isNaN(date)) {
        // The header tells whole seconds: the greatest lead seen is the nearest to the truth, unless a clock was set.
        const seen = date - Date.now();
        lead = lead === null || seen > lead || lead - seen > 3000 ? seen : lead;
      }
    } catch {
      // Silence shows by itself.
    } finally {
      clearTimeout(timer);
      asking = false;
      tick();
    }
  };

  setInterval(ask, EVERY);
  setInterval(tick, 500);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) ask();
  });
  ask();
})();
