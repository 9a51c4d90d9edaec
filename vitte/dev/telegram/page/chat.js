// The page's life: who one is, what stands in the chat, what happens next.

import {avatar, bubble, formatted, icon, make, preview} from "./bubble.js";
import {clockTime, dayName, dress, speak, spoken, word} from "./words.js";

const $ = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 760px)");
const GROUPED_SECONDS = 300;
const EDGE_PIXELS = 80;
const WAITING_SECONDS = 15;

const state = {
  bot: null,
  bots: [],
  online: {},
  people: new Map(),
  person: Number(location.hash.slice(1)) || null,
  messages: new Map(),
  commands: [],
  blocked: false,
  keyboard: null,
  pressing: new Map(),
  early: new Set(),
  concerning: null,
  chosen: 0,
  following: true,
  top: 0,
  connected: false,
};

// -- Talking to the server

async function read(path, query = {}) {
  const answer = await fetch(`/page/live/${path}?${new URLSearchParams(query)}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function tell(path, content) {
  const answer = await fetch(`/page/live/${path}`, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify(content),
  });
  const result = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    toast(result.problem ?? `${answer.status}`);
    throw new Error(result.problem);
  }
  return result;
}

function act(does, more = {}) {
  return tell("act", {person: state.person, bot: state.bot, does, ...more});
}

function listen() {
  const events = new EventSource("/page/live/events");
  events.onopen = () => {
    state.connected = true;
    load();
  };
  events.onerror = () => {
    state.connected = false;
    showConnection();
    // A stream that the server has ended for good is opened anew.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
  events.onmessage = (event) => happened(JSON.parse(event.data));
}

async function load() {
  const found = await read("state", state.bot ? {bot: state.bot} : {});
  state.bot = found.bot;
  state.bots = found.bots;
  state.online = found.online;
  const unread = new Map([...state.people].map(([id, each]) => [id, each.unread]));
  state.people = new Map(found.people.map((each) => [each.user.id, {...each, unread: unread.get(each.user.id) ?? 0}]));
  if (!state.people.has(state.person)) state.person = narrow.matches ? null : found.people[0]?.user.id ?? null;
  showConnection();
  showBots();
  showPeople();
  if (state.person) await open(state.person);
}

async function open(person) {
  const before = state.person;
  state.person = person;
  const found = await read("chat", {bot: state.bot, person});
  if (state.person !== person) return;
  if (before !== person) forget();
  state.messages = new Map(found.messages.map((message) => [message.message_id, message]));
  state.commands = found.commands;
  state.blocked = found.blocked;
  state.keyboard = found.keyboard;
  const known = state.people.get(person);
  if (known) known.unread = 0;
  history.replaceState(null, "", `${location.search}#${person}`);
  $("messenger").dataset.open = "chat";
  showHead();
  showMessages();
  showFoot();
  showPeople();
  if (found.action) working(found.action);
  else rest();
  if (found.draft) showDraft(found.draft);
}

// -- What happens

function happened({kind, bot, chat, content, online}) {
  if (kind === "pulse") {
    state.online = online;
    showConnection();
    showHead();
    return;
  }
  if (bot !== state.bot) return;
  if (chat === state.person) CHANGES[kind]?.(content);
  remember(kind, chat, content);
}

const CHANGES = {
  message(message) {
    rest();
    endDraft();
    add(message);
  },
  said: (message) => add(message),
  edited: (message) => change(message),
  deleted: ({message_id}) => remove(message_id),
  action: (content) => working(content),
  draft: (content) => showDraft(content),
  answered: (content) => answered(content),
  member({blocked}) {
    state.blocked = blocked;
    showFoot();
  },
  keyboard(markup) {
    state.keyboard = markup.remove_keyboard ? null : markup;
    showFoot();
  },
  async commands() {
    const found = await read("chat", {bot: state.bot, person: state.person});
    state.commands = found.commands;
    showCommands();
  },
};

// Keeps the list of people true: the last word of each chat and what was not read yet.
function remember(kind, chat, content) {
  const known = state.people.get(chat);
  if (!known) return;
  if (kind === "message" || kind === "said") {
    known.last = content;
    if (kind === "message" && chat !== state.person) known.unread += 1;
  } else if (kind === "edited" && known.last?.message_id === content.message_id) {
    known.last = content;
  } else if (kind === "member") {
    known.blocked = content.blocked;
  } else return;
  showPeople();
}

function add(message) {
  if (state.messages.has(message.message_id)) return;
  const follow = atEnd() || own(message);
  const first = state.messages.size === 0;
  state.messages.set(message.message_id, message);
  const node = drawn(message);
  node.classList.add("new");
  $("messages").append(node);
  arrange();
  if (first) showFoot();
  if (follow) toEnd();
  else $("to-end").hidden = false;
}

function change(message) {
  if (!state.messages.has(message.message_id)) return;
  const follow = atEnd();
  state.messages.set(message.message_id, message);
  const node = drawn(message);
  node.classList.add("changed");
  $(`message-${message.message_id}`)?.replaceWith(node);
  arrange();
  if (follow) toEnd();
}

function remove(number) {
  state.messages.delete(number);
  const node = $(`message-${number}`);
  if (!node) return;
  node.classList.add("gone");
  const end = () => {
    node.remove();
    arrange();
  };
  node.addEventListener("animationend", end, {once: true});
  setTimeout(end, 400);
}

let resting = 0;

function working({action, seconds}) {
  clearTimeout(resting);
  state.action = action;
  resting = setTimeout(rest, seconds * 1000);
  showHead();
}

function rest() {
  clearTimeout(resting);
  state.action = null;
  showHead();
}

let ending = 0;

function showDraft(content) {
  clearTimeout(ending);
  const follow = atEnd();
  const body = make("div", {class: "body"},
    make("div", {class: "text"}, formatted(content.text, content.entities ?? [], handlers), make("span", {class: "dots", "aria-label": word("draft")})));
  const node = make("li", {class: "message theirs draft first last", id: "draft"}, make("div", {class: "stack"}, make("div", {class: "said"}, body)));
  $("draft")?.remove();
  $("messages").append(node);
  if (follow) toEnd();
  ending = setTimeout(endDraft, content.seconds * 1000);
}

function endDraft() {
  clearTimeout(ending);
  $("draft")?.remove();
}

function answered({query, person, text, show_alert, url}) {
  const node = state.pressing.get(query);
  state.pressing.delete(query);
  if (node) node.classList.remove("waiting");
  else state.early.add(query);
  if (person !== state.person) return;
  if (url) toast(url);
  if (!text) return;
  if (show_alert) {
    $("alert-text").textContent = text;
    $("alert").showModal();
  } else toast(text);
}

// -- What one does

const handlers = {
  command: (text) => send(text),
  reply: (message) => concern("reply", message),
  edit: (message) => concern("edit", message),
  origin: (message) => showOrigin(message),
  show: (number) => show(number),
  press: (message, button, node) => press(message, button, node),
};

async function send(text) {
  if (!text.trim()) return;
  await act("writes", {text});
  toEnd();
}

async function submit() {
  const text = $("text").value;
  if (!text.trim()) return;
  const {concerning} = state;
  $("text").value = "";
  forget();
  typed();
  try {
    if (concerning?.how === "edit") await act("edits", {text, message: concerning.message.message_id});
    else await act("writes", {text, reply_to: concerning?.message.message_id ?? 0});
    toEnd();
  } catch {
    $("text").value = text;
    typed();
  }
}

async function press(message, button, node) {
  if (button.callback_data === undefined) {
    if (button.copy_text) await copy(button.copy_text.text);
    else toast(word("not-here"));
    return;
  }
  node.classList.add("waiting");
  try {
    const {query} = await act("presses", {message: message.message_id, data: button.callback_data});
    // The bot may be quicker than the answer that tells which press this was.
    if (state.early.delete(query)) node.classList.remove("waiting");
    else state.pressing.set(query, node);
    setTimeout(() => state.pressing.delete(query) && node.classList.remove("waiting"), WAITING_SECONDS * 1000);
  } catch {
    node.classList.remove("waiting");
  }
}

async function showOrigin(message) {
  const found = await read("origin", {bot: state.bot, person: state.person, message: message.message_id});
  $("origin-title").textContent = word(own(message) ? "origin-update" : "origin-call");
  $("origin-json").textContent = JSON.stringify(found.origin ?? found.message, null, 2);
  $("origin").showModal();
}

function show(number) {
  const node = $(`message-${number}`);
  if (!node) return;
  node.scrollIntoView({block: "center", behavior: "smooth"});
  node.classList.remove("shown");
  requestAnimationFrame(() => node.classList.add("shown"));
}

function concern(how, message) {
  state.concerning = {how, message};
  $("concerning").hidden = false;
  $("concerning-icon").setAttribute("href", `#draw-${how}`);
  $("concerning-title").textContent = how === "edit" ? word("editing") : `${word("replying")} ${message.from?.first_name ?? ""}`;
  $("concerning-text").textContent = preview(message);
  if (how === "edit") $("text").value = message.text;
  typed();
  $("text").focus();
}

function forget() {
  if (state.concerning?.how === "edit") $("text").value = "";
  state.concerning = null;
  $("concerning").hidden = true;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(word("copied"));
  } catch {
    toast(text);
  }
}

// -- What is shown

function own(message) {
  return message.from?.id === state.person;
}

function drawn(message) {
  return bubble(message, own(message), handlers);
}

function showConnection() {
  const node = $("connection");
  node.textContent = word(state.connected ? "connected" : "lost");
  node.dataset.state = state.connected ? "good" : "bad";
}

function showBots() {
  $("bots-label").hidden = state.bots.length < 2;
  $("bots").replaceChildren(...state.bots.map((bot) => make("option", {value: bot.id, selected: bot.id === state.bot}, bot.first_name)));
}

// Only rows that look different are drawn anew, and the focus stays where it was.
function showPeople() {
  const focused = document.activeElement?.closest?.("#people [data-person]")?.dataset.person;
  const old = new Map([...$("people").children].map((row) => [row.dataset.look, row]));
  const rows = [...state.people.values()].map((each) => {
    const look = JSON.stringify([each, each.user.id === state.person, spoken()]);
    const row = old.get(look) ?? personRow(each);
    row.dataset.look = look;
    return row;
  });
  const shown = $("people").children;
  if (rows.length === shown.length && rows.every((row, place) => row === shown[place])) return;
  $("people").replaceChildren(...rows);
  if (focused) $("people").querySelector(`[data-person="${focused}"]`)?.focus();
}

function personRow({user, last, unread, blocked}) {
  const name = [user.first_name, user.last_name].filter(Boolean).join(" ");
  const lastWord = last ? preview(last) : word("nothing");
  return make("li", {}, make("button", {
    type: "button",
    class: "person-row",
    "data-person": user.id,
    "aria-current": user.id === state.person ? "true" : null,
    onclick: () => choose(user.id),
  },
  avatar(make("span", {class: "avatar", "aria-hidden": "true"}), user),
  make("span", {class: "person-name"}, make("b", {}, name),
    user.is_premium ? make("span", {class: "premium", title: word("premium"), role: "img", "aria-label": word("premium")}, icon("star")) : null,
    make("span", {class: "speaks"}, user.language_code ?? word("no-language"))),
  make("time", {}, last ? clockTime(last.date) : ""),
  make("span", {class: "last-word"}, last?.from?.id === user.id ? make("i", {}, `${word("you")}: `) : null, blocked ? word("blocked") : lastWord),
  unread ? make("span", {class: "unread"}, String(unread)) : null));
}

async function choose(person) {
  await open(person);
  if (narrow.matches) return;
  for (const id of ["text", "start", "unblock"]) $(id).focus();
}

function showHead() {
  const bot = state.bots.find((each) => each.id === state.bot);
  if (!bot) return;
  avatar($("bot-avatar"), bot);
  avatar($("empty-avatar"), bot);
  $("bot-name").textContent = bot.first_name;
  const node = $("bot-state");
  const there = state.online[state.bot];
  node.classList.toggle("busy", Boolean(state.action));
  if (state.action) node.textContent = word(state.action === "typing" ? "typing" : "working");
  else node.textContent = word(there ? "online" : "offline");
}

function showMessages() {
  $("messages").replaceChildren(...[...state.messages.values()].sort((one, other) => one.message_id - other.message_id).map(drawn));
  arrange();
  toEnd("instant");
}

// Groups what one side said in a row, and puts the day between days.
function arrange() {
  for (const day of $("messages").querySelectorAll(".day")) day.remove();
  let before = null;
  for (const node of [...$("messages").querySelectorAll(".message:not(.draft):not(.gone)")]) {
    const message = state.messages.get(Number(node.dataset.message));
    if (!message) continue;
    const sameDay = before && new Date(before.message.date * 1000).toDateString() === new Date(message.date * 1000).toDateString();
    const together = sameDay && own(before.message) === own(message) && message.date - before.message.date < GROUPED_SECONDS;
    if (!sameDay) node.before(make("li", {class: "day"}, make("span", {}, dayName(message.date))));
    node.classList.toggle("first", !together);
    node.classList.add("last");
    if (together) before.node.classList.remove("last");
    before = {node, message};
  }
  $("empty").hidden = state.messages.size > 0;
}

function showFoot() {
  const fresh = state.messages.size === 0 && !state.blocked;
  $("composer").hidden = fresh || state.blocked;
  $("start").hidden = !fresh;
  $("unblock").hidden = !state.blocked;
  $("block").hidden = fresh || state.blocked;
  showKeyboard();
  showCommands();
}

function showKeyboard() {
  const rows = state.blocked ? [] : state.keyboard?.keyboard ?? [];
  $("keyboard").hidden = rows.length === 0;
  $("keyboard").replaceChildren(...rows.map((row) => make("div", {class: "row"}, ...row.map((each) => {
    const label = typeof each === "string" ? each : each.text;
    return make("button", {type: "button", class: "key", onclick: () => send(label)}, label);
  }))));
}

// -- The menu of commands

function matching() {
  const text = $("text").value;
  if (!text.startsWith("/") || /\s/.test(text)) return null;
  return state.commands.filter(({command}) => command.startsWith(text.slice(1).toLowerCase()));
}

function showCommands(all = false) {
  const found = all ? state.commands : matching();
  const open = found !== null && (found.length > 0 || all) && !$("composer").hidden;
  $("commands").hidden = !open;
  for (const id of ["text", "show-commands"]) $(id).setAttribute("aria-expanded", String(open));
  if (!open) {
    $("text").removeAttribute("aria-activedescendant");
    return;
  }
  state.chosen = Math.min(state.chosen, Math.max(0, found.length - 1));
  $("commands").replaceChildren(...found.map((each, place) => make("div", {
    class: "command",
    role: "option",
    id: `command-${place}`,
    "data-command": each.command,
    "aria-selected": String(place === state.chosen),
    onclick: () => pick(each.command),
  }, make("b", {}, `/${each.command}`), make("span", {}, each.description))));
  if (!found.length) $("commands").append(make("p", {class: "quiet"}, word("no-commands")));
  $("text").setAttribute("aria-activedescendant", `command-${state.chosen}`);
  $(`command-${state.chosen}`)?.scrollIntoView({block: "nearest"});
}

function move(step) {
  const count = $("commands").querySelectorAll(".command").length;
  state.chosen = (state.chosen + step + count) % count;
  showCommands(!matching());
}

async function pick(command) {
  $("text").value = "";
  closeMenus();
  typed();
  await send(`/${command}`);
  if (!narrow.matches) $("text").focus();
}

function closeMenus() {
  $("commands").hidden = true;
  $("attachments").hidden = true;
  $("attach").setAttribute("aria-expanded", "false");
  $("show-commands").setAttribute("aria-expanded", "false");
  $("text").setAttribute("aria-expanded", "false");
}

function typed() {
  const node = $("text");
  node.style.height = "auto";
  node.style.height = `${Math.min(node.scrollHeight, 200)}px`;
  $("composer").classList.toggle("full", node.value.trim() !== "");
  showCommands();
}

// -- Scrolling, notes

function atEnd() {
  const node = $("scroll");
  return node.scrollHeight - node.scrollTop - node.clientHeight < EDGE_PIXELS;
}

function toEnd(behavior = "smooth") {
  state.following = true;
  $("to-end").hidden = true;
  $("scroll").scrollTo({top: $("scroll").scrollHeight, behavior});
}

function toast(text) {
  const node = make("div", {class: "toast"}, text);
  $("toasts").append(node);
  setTimeout(() => node.classList.add("leaving"), 3200);
  setTimeout(() => node.remove(), 3600);
}

// -- Light and dark

function paint(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

function toggleTheme() {
  const dark = getComputedStyle(document.documentElement).getPropertyValue("color-scheme").trim() === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const theme = dark ? "light" : "dark";
  localStorage.setItem("theme", theme);
  paint(theme);
}

// -- Wiring

function keyed(event) {
  const menu = !$("commands").hidden && $("commands").querySelector(".command");
  if (event.isComposing) return;
  if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (menu && (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey))) {
    event.preventDefault();
    const {command} = $(`command-${state.chosen}`).dataset;
    if (event.key === "Enter") pick(command);
    else {
      $("text").value = `/${command} `;
      typed();
    }
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    submit();
  } else if (event.key === "Escape") {
    if ($("commands").hidden && $("attachments").hidden) forget();
    closeMenus();
    typed();
  } else if (event.key === "ArrowUp" && $("text").value === "") {
    const last = [...state.messages.values()].filter((message) => own(message) && message.text).at(-1);
    if (last) {
      event.preventDefault();
      concern("edit", last);
    }
  }
}

function wire() {
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  $("text").addEventListener("keydown", keyed);
  $("text").addEventListener("input", () => {
    state.chosen = 0;
    typed();
  });
  $("start").addEventListener("click", () => {
    const payload = new URLSearchParams(location.search).get("start");
    send(payload ? `/start ${payload}` : "/start");
  });
  $("block").addEventListener("click", () => act("blocks"));
  $("unblock").addEventListener("click", () => act("unblocks"));
  $("concerning-end").addEventListener("click", () => {
    forget();
    typed();
  });
  $("show-commands").addEventListener("click", () => {
    const open = $("commands").hidden;
    closeMenus();
    state.chosen = 0;
    if (open) showCommands(true);
    $("text").focus();
  });
  $("attach").addEventListener("click", () => {
    const open = $("attachments").hidden;
    closeMenus();
    $("attachments").hidden = !open;
    $("attach").setAttribute("aria-expanded", String(open));
    if (open) $("attachments").querySelector("button").focus();
  });
  $("attachments").addEventListener("click", (event) => {
    const does = event.target.closest("[data-does]")?.dataset.does;
    if (!does) return;
    closeMenus();
    act(does, does === "sticker" ? {text: "🦊"} : {});
    $("text").focus();
  });
  $("attachments").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    closeMenus();
    $("attach").focus();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".foot")) closeMenus();
  });
  $("back").addEventListener("click", () => {
    $("messenger").dataset.open = "people";
    state.person = null;
    history.replaceState(null, "", location.pathname + location.search);
    showPeople();
  });
  $("bots").addEventListener("change", () => {
    state.bot = Number($("bots").value);
    load();
  });
  $("language").addEventListener("click", () => {
    speak(spoken() === "en" ? "ru" : "en");
    load();
  });
  $("theme").addEventListener("click", toggleTheme);
  $("to-end").addEventListener("click", () => toEnd());
  $("scroll").addEventListener("scroll", () => {
    // Only who scrolls up leaves the end; what grows below does not count.
    const top = $("scroll").scrollTop;
    if (atEnd()) state.following = true;
    else if (top < state.top) state.following = false;
    state.top = top;
    if (state.following) $("to-end").hidden = true;
  });
  // A picture that arrives later, or a keyboard that opens, does not push the end out of sight.
  const keep = new ResizeObserver(() => state.following && $("scroll").scrollTo({top: $("scroll").scrollHeight, behavior: "instant"}));
  keep.observe($("messages"));
  keep.observe($("scroll"));
  $("origin-copy").addEventListener("click", () => copy($("origin-json").textContent));
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  $("newcomer").addEventListener("click", () => $("person").showModal());
  $("person-cancel").addEventListener("click", () => $("person").close());
  $("person-form").addEventListener("submit", addPerson);
}

async function addPerson(event) {
  event.preventDefault();
  const user = await tell("people", {
    first_name: $("person-name").value,
    language_code: $("person-language").value.trim(),
    is_premium: $("person-premium").checked,
  });
  $("person").close();
  event.target.reset();
  state.people.set(user.id, {user, last: null, blocked: false, unread: 0});
  choose(user.id);
}

paint(localStorage.getItem("theme"));
dress();
wire();
showConnection();
listen();
