// Draws one message as a bubble. Whatever came from a bot or a person is put in as text,
// never as markup.

import {clockTime, word} from "./words.js";

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#draw-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export function initials(user) {
  const words = [user.first_name, user.last_name].filter(Boolean);
  return words.map((each) => [...each][0].toUpperCase()).join("") || "?";
}

export function avatar(node, user) {
  node.textContent = initials(user);
  node.dataset.colour = user.id % 7;
  return node;
}

// -- Formatting: entities lie inside one another or apart, as Telegram sees to it.

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
  spoiler: "span",
};

export function formatted(text, entities, act) {
  const points = new Set([0, text.length]);
  for (const {offset, length} of entities) points.add(offset).add(offset + length);
  return nested(text, 0, text.length, [...entities], act);
}

function nested(text, start, end, entities, act) {
  const parts = document.createDocumentFragment();
  let position = start;
  while (entities.length) {
    const entity = entities.shift();
    const from = Math.max(entity.offset, position);
    const to = Math.min(entity.offset + entity.length, end);
    if (from >= to) continue;
    if (from > position) parts.append(text.slice(position, from));
    const inside = [];
    const later = [];
    for (const other of entities) {
      if (other.offset < to) {
        inside.push(other);
        if (other.offset + other.length > to) later.push({...other, offset: to, length: other.offset + other.length - to});
      } else later.push(other);
    }
    parts.append(dressed(entity, text.slice(from, to), nested(text, from, to, inside, act), act));
    position = to;
    entities = later;
  }
  if (position < end) parts.append(text.slice(position, end));
  return parts;
}

function dressed(entity, text, content, act) {
  switch (entity.type) {
    case "text_link":
      return outward(entity.url, content);
    case "url":
      return outward(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`, content);
    case "email":
      return make("span", {class: "link"}, content);
    case "bot_command":
      return make("button", {type: "button", class: "link", onclick: () => act.command(text)}, content);
    case "mention":
    case "text_mention":
    case "hashtag":
    case "cashtag":
    case "phone_number":
      return make("span", {class: "link"}, content);
    case "pre":
      return make("pre", {"data-language": entity.language}, make("code", {}, content));
    case "spoiler":
      return spoiler(content);
    case "expandable_blockquote":
      return foldable(content);
    default:
      return make(TAGS[entity.type] ?? "span", {}, content);
  }
}

function outward(address, content) {
  if (!/^(https?|tg):/i.test(address)) return make("span", {class: "link"}, content);
  return make("a", {href: address, target: "_blank", rel: "noopener noreferrer", title: address}, content);
}

function spoiler(content) {
  const node = make("span", {class: "spoiler", role: "button", tabindex: 0, "aria-pressed": "false"}, content);
  const reveal = () => {
    node.classList.add("open");
    node.setAttribute("aria-pressed", "true");
  };
  node.addEventListener("click", reveal);
  node.addEventListener("keydown", (event) => event.key === "Enter" && reveal());
  return node;
}

function foldable(content) {
  const node = make("blockquote", {class: "foldable", tabindex: 0}, content);
  node.addEventListener("click", () => node.classList.toggle("open"));
  return node;
}

// -- Content

function photo(message) {
  const size = message.photo.at(-1);
  const image = make("img", {
    src: `/page/live/file?id=${encodeURIComponent(size.file_id)}`,
    alt: message.caption ?? word("photo"),
    width: size.width,
    height: size.height,
  });
  const frame = make("div", {class: "photo"}, image);
  if (message.has_media_spoiler) frame.classList.add("hidden-photo");
  frame.addEventListener("click", () => frame.classList.remove("hidden-photo"));
  image.addEventListener("error", () => frame.replaceChildren(icon("photo"), make("span", {}, word("photo"))));
  return frame;
}

function voice(message) {
  const bars = make("span", {class: "wave", "aria-hidden": "true"});
  for (let bar = 0; bar < 28; bar += 1) {
    const height = 18 + Math.round(80 * Math.abs(Math.sin(bar * 1.7 + message.message_id) * Math.cos(bar * 0.6)));
    const node = make("i");
    node.style.height = `${height}%`;
    bars.append(node);
  }
  const seconds = String(message.voice.duration).padStart(2, "0");
  return make("div", {class: "voice", "aria-label": word("voice")}, make("span", {class: "play"}, icon("play")), bars, make("span", {class: "quiet"}, `0:${seconds}`));
}

const OTHERS = ["document", "audio", "video", "animation", "video_note", "location", "venue", "contact", "dice", "poll", "invoice", "game", "story"];

function media(message) {
  if (message.photo) return photo(message);
  if (message.voice) return voice(message);
  if (message.sticker) return make("div", {class: "sticker", role: "img", "aria-label": `${word("sticker")} ${message.sticker.emoji ?? ""}`}, icon("face"));
  const kind = OTHERS.find((name) => message[name]);
  if (kind) return make("div", {class: "other"}, icon("attach"), make("span", {}, message[kind].file_name ?? message[kind].title ?? kind));
  return null;
}

export function preview(message) {
  if (!message) return "";
  const text = message.text ?? message.caption;
  if (text) return text.replace(/\s+/g, " ");
  if (message.photo) return word("photo");
  if (message.sticker) return `${message.sticker.emoji ?? ""} ${word("sticker")}`.trim();
  if (message.voice) return word("voice");
  const kind = OTHERS.find((name) => message[name]);
  return kind ?? word("unknown");
}

// -- Buttons

function buttons(message, act) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  if (!rows.length) return null;
  const keyboard = make("div", {class: "buttons"});
  for (const row of rows) {
    keyboard.append(make("div", {class: "row"}, ...row.map((each) => button(message, each, act))));
  }
  return keyboard;
}

function button(message, each, act) {
  const attributes = {class: "inline", "data-style": each.style};
  if (each.url && /^https?:/i.test(each.url)) {
    return make("a", {...attributes, href: each.url, target: "_blank", rel: "noopener noreferrer"}, make("span", {}, each.text), icon("link"));
  }
  const node = make("button", {...attributes, type: "button"}, make("span", {}, each.text));
  if (each.callback_data !== undefined) node.dataset.data = each.callback_data;
  node.addEventListener("click", () => act.press(message, each, node));
  return node;
}

// -- The bubble

export function bubble(message, own, act) {
  const text = message.text ?? message.caption ?? "";
  const entities = message.entities ?? message.caption_entities ?? [];
  const content = media(message);
  const foot = make("span", {class: "foot-note"},
    message.edit_date ? make("span", {class: "edited"}, word("edited")) : null,
    make("time", {datetime: new Date(message.date * 1000).toISOString()}, clockTime(message.date)),
    own ? icon("ticks") : null);
  const body = make("div", {class: "body"});
  if (message.reply_to_message) body.append(quoted(message.reply_to_message, act));
  if (content) body.append(content);
  if (text) body.append(make("div", {class: "text"}, formatted(text, entities, act), foot));
  else if (content) body.append(foot);
  else body.append(make("div", {class: "text quiet"}, word("unknown"), foot));
  const tools = make("div", {class: "tools"},
    tool("reply", "reply", () => act.reply(message)),
    own && message.text ? tool("edit", "edit", () => act.edit(message)) : null,
    tool("raw", "raw", () => act.origin(message)));
  const node = make("li", {
    class: `message ${own ? "own" : "theirs"}`,
    id: `message-${message.message_id}`,
    "data-message": message.message_id,
    tabindex: -1,
  }, make("div", {class: "stack"}, make("div", {class: "said"}, body, tools), buttons(message, act)));
  if (message.sticker || loud(text, entities)) node.classList.add("bare");
  if (message.photo) node.classList.add("pictured");
  return node;
}

function loud(text, entities) {
  return !entities.length && /^(\p{Extended_Pictographic}\ufe0f?){1,3}$/u.test(text);
}

function quoted(message, act) {
  return make("button", {type: "button", class: "quoted", onclick: () => act.show(message.message_id)},
    make("strong", {}, message.from?.first_name ?? ""), make("span", {}, preview(message)));
}

function tool(name, label, action) {
  return make("button", {type: "button", class: "tool", title: word(label), "aria-label": word(label), onclick: action}, icon(name));
}
