// Takes the page away as soon as its session ends: here, in another tab or on another device. The page works without it.
"use strict";

const { user, afterLogout } = document.body.dataset;
const line = document.getElementById("live");
const tabs = new BroadcastChannel("session");
const reasons = {
  logged_out: "You logged out.",
  logged_out_elsewhere: "You logged this device out from another one.",
  administrator: "An administrator logged you out.",
  credentials_changed: "Your password was changed.",
  account_disabled: "Your account is disabled.",
  too_many_attempts: "The password was wrong too often.",
  session_limit: "You logged in on too many other devices.",
  idle_timeout: "You were away for too long.",
  absolute_timeout: "It is time to log in again.",
};
let left = false;

// A form, such as the one that logs out, leads to a page of its own.
addEventListener("submit", () => (left = true));

if (afterLogout) {
  tabs.onmessage = check;
} else {
  // Nobody is logged in on this page, which other tabs may not know yet.
  tabs.postMessage("check");
}

if (line && navigator.locks) {
  // Over HTTP/1.1 a browser opens six connections to a site, so one tab listens for all.
  say("Live: another tab is listening.");
  navigator.locks.request("live", () => new Promise(listen));
} else if (line) {
  listen();
}

function listen() {
  const stream = new EventSource("/v1/events");
  stream.onopen = () => say("Live: you will see it here when this session ends.", true);
  stream.addEventListener("tick", showTime);
  stream.addEventListener("logged_out", (event) => {
    stream.close();
    leave(reasons[event.data]);
  });
  stream.onerror = async () => {
    say("Not live at the moment.");
    // The browser connects again by itself, but not after a refusal.
    if (stream.readyState === EventSource.CLOSED && (await check())) setTimeout(listen, 60_000);
  };
}

async function check() {
  const me = await fetch("/v1/me", { cache: "no-store" }).catch(() => null);
  if (me?.status === 401) leave();
  else if (me?.ok && (await me.json()).username !== user) location.reload();
  return me?.status !== 401;
}

function leave(reason = "") {
  if (left) return;
  left = true;
  tabs.postMessage("check");
  const message = document.createElement("p");
  message.setAttribute("role", "alert");
  message.className = "error";
  document.querySelector("main").replaceChildren(message);
  message.textContent = `You are logged out. ${reason}`;
  setTimeout(() => location.replace(afterLogout), 2000);
}

function say(text, live = false) {
  line.textContent = text;
  line.classList.toggle("on", live);
}

function showTime() {
  document.getElementById("tick").textContent = new Date().toLocaleTimeString();
}
