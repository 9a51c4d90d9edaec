// Makes a page live that works without: puts in place what the server sends.
// Every piece comes ready from the server, which escapes; the policy of the page forbids
// scripts in it in any case.
"use strict";

const live = document.querySelector("[data-live]");

function show(state) {
  for (const each of document.querySelectorAll("[data-pulse]")) {
    each.hidden = each.dataset.pulse !== state;
  }
}

function read(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Whoever stands on a link with the keyboard still stands there when its row is a new one,
// and what was opened stays open.
function keeping(change) {
  const key = document.activeElement?.dataset?.focus;
  const open = [...live.querySelectorAll("details")].map((each) => each.open);
  change();
  live.querySelectorAll("details").forEach((each, place) => { each.open = open[place] ?? false; });
  if (key && document.activeElement?.dataset?.focus !== key) {
    [...live.querySelectorAll("[data-focus]")].find((each) => each.dataset.focus === key)?.focus();
  }
}

function part(html) {
  const fresh = read(html).firstElementChild;
  const old = [...live.children].find((each) => each.dataset.key === fresh.dataset.key);
  if (!old) return;
  const state = (row) => row.querySelector(".badge")?.textContent;
  if (state(old) !== state(fresh)) fresh.classList.add("changed");
  keeping(() => old.replaceWith(fresh));
}

function follow() {
  const source = new EventSource(live.dataset.live);
  source.addEventListener("open", () => show("on"));
  source.addEventListener("error", () => show("lost"));
  source.addEventListener("all", (event) => keeping(() => live.replaceChildren(read(event.data))));
  source.addEventListener("part", (event) => part(event.data));
  source.addEventListener("news", (event) => {
    const news = document.getElementById("news");
    if (news) news.textContent = event.data;
  });
  source.addEventListener("over", () => {
    source.close();
    location.reload();
  });
  addEventListener("pagehide", () => source.close());
}

if (live) follow();
