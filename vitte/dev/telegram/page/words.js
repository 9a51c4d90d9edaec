// The page's own words, in English and Russian. What bots and people say is not touched.

const WORDS = {
  en: {
    "add": "Add",
    "attach": "Send a photo, sticker or voice message",
    "back": "Back to the people",
    "block": "Block the bot",
    "blocked": "You blocked this bot",
    "bot": "Bot",
    "cancel": "Cancel",
    "close": "Close",
    "commands": "Commands of the bot",
    "connected": "Connected",
    "copied": "Copied",
    "copy": "Copy",
    "document": "File",
    "draft": "is writing…",
    "edit": "Edit",
    "edited": "edited",
    "editing": "Editing",
    "empty-text": "Press Start below: the bot learns who you are and answers.",
    "empty-title": "Nothing has been said yet",
    "keyboard": "Keyboard of the bot",
    "lost": "Connection lost, trying again…",
    "messages": "Messages",
    "name": "First name",
    "new-person": "New person",
    "no-commands": "The bot has set no commands",
    "no-language": "no language",
    "not-here": "This kind of button does nothing here",
    "nothing": "No messages yet",
    "offline": "waiting for the bot's program…",
    "ok": "OK",
    "online": "bot",
    "origin-call": "The bot's call",
    "origin-update": "Update to the bot",
    "people": "People",
    "photo": "Photo",
    "premium": "Telegram Premium",
    "raw": "Show as JSON",
    "reply": "Reply",
    "replying": "Reply to",
    "send": "Send",
    "speaks": "Language code (may stay empty)",
    "start": "Start",
    "sticker": "Sticker",
    "switch-language": "Переключить на русский",
    "switch-theme": "Light or dark",
    "to-end": "To the newest message",
    "today": "Today",
    "typing": "is typing",
    "unblock": "Unblock the bot",
    "unknown": "Message of a kind that is not shown here",
    "voice": "Voice message",
    "who": "Who are you?",
    "working": "is sending something",
    "write": "Message",
    "yesterday": "Yesterday",
    "you": "You",
  },
  ru: {
    "add": "Добавить",
    "attach": "Отправить фото, стикер или голосовое",
    "back": "К списку людей",
    "block": "Заблокировать бота",
    "blocked": "Вы заблокировали бота",
    "bot": "Бот",
    "cancel": "Отмена",
    "close": "Закрыть",
    "commands": "Команды бота",
    "connected": "На связи",
    "copied": "Скопировано",
    "copy": "Скопировать",
    "document": "Файл",
    "draft": "пишет…",
    "edit": "Изменить",
    "edited": "изменено",
    "editing": "Изменение",
    "empty-text": "Нажмите «Старт» внизу: бот узнает, кто вы, и ответит.",
    "empty-title": "Здесь пока ничего не сказано",
    "keyboard": "Клавиатура бота",
    "lost": "Связь потеряна, пробуем снова…",
    "messages": "Сообщения",
    "name": "Имя",
    "new-person": "Новый человек",
    "no-commands": "У бота нет команд",
    "no-language": "без языка",
    "not-here": "Такая кнопка здесь не работает",
    "nothing": "Сообщений пока нет",
    "offline": "ждём программу бота…",
    "ok": "Понятно",
    "online": "бот",
    "origin-call": "Вызов бота",
    "origin-update": "Обновление для бота",
    "people": "Люди",
    "photo": "Фото",
    "premium": "Telegram Premium",
    "raw": "Показать JSON",
    "reply": "Ответить",
    "replying": "Ответ на",
    "send": "Отправить",
    "speaks": "Код языка (можно оставить пустым)",
    "start": "Старт",
    "sticker": "Стикер",
    "switch-language": "Switch to English",
    "switch-theme": "Светлая или тёмная тема",
    "to-end": "К последнему сообщению",
    "today": "Сегодня",
    "typing": "печатает",
    "unblock": "Разблокировать бота",
    "unknown": "Сообщение, которое здесь не показать",
    "voice": "Голосовое сообщение",
    "who": "Кто вы?",
    "working": "что-то отправляет",
    "write": "Сообщение",
    "yesterday": "Вчера",
    "you": "Вы",
  },
};

let language = localStorage.getItem("language") === "ru" ? "ru" : "en";

export function word(name) {
  return WORDS[language][name] ?? name;
}

export function spoken() {
  return language;
}

export function speak(chosen) {
  language = chosen;
  localStorage.setItem("language", chosen);
  dress();
}

// Puts the words into everything that names one: as text, as label, as hint.
export function dress() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-word]")) {
    node.textContent = word(node.dataset.word);
  }
  for (const node of document.querySelectorAll("[data-label]")) {
    const label = word(node.dataset.label);
    node.setAttribute("aria-label", label);
    if (node.tagName === "BUTTON") node.title = label;
  }
  for (const node of document.querySelectorAll("[data-hint]")) {
    node.placeholder = word(node.dataset.hint);
  }
  document.getElementById("language-name").textContent = language === "en" ? "RU" : "EN";
}

export function clockTime(seconds) {
  const format = new Intl.DateTimeFormat(language, {hour: "2-digit", minute: "2-digit", hour12: false});
  return format.format(new Date(seconds * 1000));
}

export function dayName(seconds) {
  const day = new Date(seconds * 1000);
  const ago = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 864e5);
  if (ago === 0) return word("today");
  if (ago === 1) return word("yesterday");
  return new Intl.DateTimeFormat(language, {day: "numeric", month: "long"}).format(day);
}
