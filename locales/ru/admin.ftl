# Панель управления: то, что читают операторы. Всё показывается как текст, без разметки.

## Рамка каждой страницы

admin-skip = Перейти к содержанию
admin-rooms = Страницы
admin-room-tree = Дерево
admin-room-sessions = Кто вошёл
admin-language-other = In English
admin-logout = Выйти
admin-role-read = наблюдает
admin-role-support = помогает людям
admin-role-owner = владелец
admin-reason = Причина
admin-reason-hint = Она попадёт в журнал действий.

## Промежутки времени

admin-span-days = { $n } д
admin-span-hours = { $n } ч
admin-span-minutes = { $n } мин
admin-span-seconds = { $n } с
admin-span-short = { $n } с
admin-span-milliseconds = { $n } мс

## Вход

admin-login = Вход
admin-login-name = Имя
admin-login-password = Пароль
admin-login-next = Дальше
admin-login-wrong = Имя или пароль не подходят.
admin-login-wait = { $seconds ->
    [one] Слишком много попыток. Следующая будет рассмотрена через { $seconds } секунду.
    [few] Слишком много попыток. Следующая будет рассмотрена через { $seconds } секунды.
   *[many] Слишком много попыток. Следующая будет рассмотрена через { $seconds } секунд.
}
admin-code = Одноразовый код
admin-code-code = Код
admin-code-by-app = Шесть цифр, которые сейчас показывает приложение.
admin-code-by-bot = Шесть цифр, которые бот прислал вам в Telegram; они действуют пять минут. Ничего не пришло? Напишите боту /start и начните заново.
admin-code-next = Войти
admin-code-back = Начать заново
admin-code-wrong = Это не тот код, или он уже использован.
admin-code-message = Ваш код для панели управления: { $code }. Он действует пять минут. Если вы сейчас не входите, кто-то знает ваш пароль: смените его.

## Кто вошёл

admin-sessions-caption = Действующие сеансы
admin-sessions-who = Кто
admin-sessions-from = Откуда
admin-sessions-with = Чем
admin-sessions-since = С какого времени
admin-sessions-seen = Последнее действие
admin-sessions-end = Завершить
admin-sessions-own = этот сеанс
admin-sessions-end-whose = Завершить сеанс { $name }
admin-accounts = Учётные записи
admin-accounts-name = Имя
admin-accounts-role = Роль
admin-accounts-code = Откуда код
admin-accounts-state = Состояние
admin-accounts-app = приложение
admin-accounts-telegram = бот
admin-accounts-good = действует
admin-accounts-disabled = отключена
admin-accounts-how = Учётные записи создаются, меняются и отключаются на сервере:

## Дерево

admin-live-off = на этот миг; обновите страницу, чтобы увидеть больше
admin-live-on = в реальном времени
admin-live-lost = нет связи, пробуем снова
admin-tree-news = Здесь говорится о том, что происходит в дереве.
admin-tree-caption = Все места дерева, в порядке запуска
admin-tree-place = Место
admin-tree-state = Состояние
admin-tree-up = Работает
admin-tree-restarts = Рестарты
admin-tree-mailbox = Очередь
admin-tree-oldest = Ждут
admin-tree-rate = Скорость
admin-tree-slowest = p99, время
admin-tree-fall = Падение
admin-tree-rule = Правило
admin-tree-below = Мест ниже
admin-tree-handled = Обработано
admin-tree-busy = Занятость
admin-tree-dropped = Отброшено
admin-tree-dead = Мёртвые письма
admin-tree-of = { $n } из { $most }
admin-tree-of-within = { $n } из { $most } за { $span }
admin-tree-ago = { $span } назад
admin-tree-a-second = { $n } в секунду
admin-tree-percent = { $n ->
    [one] { $n } процент
    [few] { $n } процента
   *[many] { $n } процентов
}
admin-tree-number = { $n ->
    [one] { $n } сообщение
    [few] { $n } сообщения
   *[many] { $n } сообщений
}
admin-state-starting = запускается
admin-state-running = работает
admin-state-stopping = останавливается
admin-state-restarting = перезапускается
admin-state-stopped = остановлено
admin-state-ignored = не нужно
admin-falls = Последние падения
admin-falls-none = С запуска не падало.

## Приказы месту

admin-act-restart = Перезапустить
    .sure = Перезапустить { $place }?
    .means = Оно остановится по порядку и запустится заново вместе с теми, кто на нём построен. То, что ждёт в очереди, сохранится.
    .done = Запущено заново.
admin-act-pause = Приостановить
    .sure = Приостановить { $place }?
    .means = Оно остановится по порядку и останется так, пока вы его не продолжите или пока заново не запустится то, что над ним. Его работа тем временем стоит.
    .done = Приостановлено.
admin-act-drain = Доработать и приостановить
    .sure = Доработать очередь { $place }?
    .means = Оно обработает то, что ждёт в очереди, но не дольше двадцати секунд; затем приостановится.
    .done = Очередь доработана, место приостановлено.
admin-act-resume = Продолжить
    .sure = Продолжить { $place }?
    .means = Оно запустится снова и возьмётся за то, что его ждёт.
    .done = Снова работает.
admin-act-none = Отсюда с этим местом ничего нельзя сделать: на нём стоит сама панель.
admin-act-not = Нет, не надо
admin-news-fell = Упало место { $place }: { $reason }
admin-news-back = Снова работает место { $place }
admin-news-gave-up = Место { $place } сдалось: { $reason }
admin-news-letter = Мёртвое письмо у места { $place }

## Места дерева: зачем каждое из них

admin-place-vitte = сдаётся: процесс завершается, systemd запускает его заново
admin-place-stores = где всё хранится
admin-place-database = пул соединений: без него нет смысла ни в ком ниже
admin-place-services = их спрашивают многие, а они хранилища — один раз
admin-place-cache = то, что читают снова и снова
admin-place-limiter = как часто человек может говорить
admin-place-updates = путь обновления, от конца к началу
admin-place-outbox = говорит каждое слово Telegram, один раз
admin-place-scribe = записывает, чем кончилось обновление, одной транзакцией
admin-place-bot = знает, что ответить
admin-place-chats = чьи слова в работе, знает приёмная
admin-place-conversations = по одной на чат: его порядок
admin-place-inbox = записывает обновления до того, как их подтвердить
admin-place-crons = то, что идёт по часам
admin-place-edges = последними встают, первыми уходят
admin-place-api = сюда приходят программы и вебхук Telegram
admin-place-admin = отсюда операторы смотрят и помогают
admin-place-metrics = отсюда читает Prometheus
admin-place-poller = спрашивает у Telegram обновления
admin-place-watch = наблюдает и никому не мешает
admin-place-loop = насколько опаздывает цикл событий и кто его держит
admin-place-gauges = то, что Prometheus читает о дереве
admin-place-minutes = записывает каждую минуту в числах, для графиков обзора
admin-place-worker = выполняет то, чему пришёл срок, по одному запуску
admin-place-cron = следит, чтобы всё, чему приходит срок, было в книге
admin-place-census = считает то, что знает только PostgreSQL
admin-place-control = показывает дерево его владельцу: vitte tree --live
admin-place-broadcasts = доносит сказанное многим, понемногу
admin-place-redis = смотрит, вернулся ли он; пока его нет, никто его не спрашивает
admin-place-clerk = записывает то, о чём просят программы, для многих сразу
admin-place-scenes = то, что нужно для ответа
admin-place-user-stats = вчерашний день в числах
admin-place-herald = говорит systemd, что всё живо, пока это так

## Когда страницу нельзя показать

admin-fault-input = Это не может быть так задумано
    .text = В запросе что-то не то, чего ждёт панель.
admin-fault-nobody = Никто не вошёл
    .text = Сеанс окончен. Войдите снова.
admin-fault-role = Не с этой ролью
    .text = Ваша роль этого не разрешает. Владелец может изменить её на сервере.
admin-fault-foreign = Не с этой страницы
    .text = Страница осталась от другого сеанса, или запрос пришёл с другого сайта; ничего не изменилось. Если это повторится, ваш браузер не хранит здесь куки: нужен https или другой браузер.
admin-fault-missing = Такого нет
    .text = Этого нет или уже нет.
admin-fault-slow = Слишком медленно
    .text = Форма не пришла вовремя. Отправьте её ещё раз.
admin-fault-contradiction = Не сейчас
    .text = Тем временем это изменилось, или в этом состоянии так нельзя. Посмотрите ещё раз.
admin-fault-busy = Слишком много дел
    .text = Спрашивают сразу столько, что это заняло слишком много времени. Попробуйте чуть позже.
admin-fault-away = PostgreSQL недоступен
    .text = То, что хранится, сейчас нельзя ни прочесть, ни изменить. Кто уже вошёл, может смотреть на дерево.
admin-fault-ours = Это наша ошибка
    .text = Страница упала; в журнале записано где.
admin-fault-back = На первую страницу

## Письма

admin-more = Показать более старые
admin-room-people = Люди
admin-room-letters = Мёртвые письма
admin-room-audit = Журнал действий
admin-letters-lead = Обновления, которые не удались трижды. Человек прочёл извинение, и беседа пошла дальше.
admin-letters-none = Все обновления удались: здесь нечего делать.
admin-letters-one = Письмо { $number }
admin-letters-update = Обновление
admin-letters-chat = Чат
admin-letters-kind = Вид
admin-letters-reason = Почему не удалось
admin-letters-failed = Не удалось
admin-letters-received = Получено
admin-letters-tries = Попытки
admin-letters-body = Что пришло из Telegram
admin-letters-hidden = Текст письма скрыт
admin-letters-reveal = Показать
admin-letters-requeue = Попробовать снова
    .done = Через несколько секунд оно будет обработано снова.
admin-letters-drop = Отказаться
    .done = От него отказались; в книгах оно останется отклонённым.

## Люди

admin-people-words = Номер, имя или @имя
admin-people-find = Найти
admin-people-none = Никого так не зовут. Имя ищется по началу.
admin-people-empty = Боту ещё никто не писал.
admin-people-name = Имя
admin-people-username = Имя пользователя
admin-people-id = Номер
admin-people-language = Язык
admin-people-plan = План
    .done = Подписка изменена.
admin-people-since = С какого времени
admin-people-marks = Пометки
admin-people-premium = премиум
admin-people-free = бесплатный
    .done = Писать снова можно сразу.
admin-people-reachable = на связи
admin-people-unreachable = недоступен для бота
admin-people-unreachable-since = Недоступен для бота с
admin-people-until = До
admin-people-until-hint = До конца этого дня; только для премиума.
admin-people-timezone = Часовой пояс
admin-people-reminders = Напоминания
admin-people-yes = да
admin-people-no = нет
admin-people-link = Пришёл по ссылке
admin-people-change-plan = Изменить подписку
admin-people-change = Изменить
admin-people-ban =
    .done = Блокировка действует.
admin-people-unban =
    .done = Блокировка снята.
admin-people-changes = Что меняли

## Лимиты

admin-limits = Лимиты
admin-limits-window = Окно
admin-limits-used = Потрачено
admin-limits-most = Всего
admin-limits-left = Осталось
admin-limits-free = Следующее пройдёт
admin-limits-minute = любые { $seconds } секунд
admin-limits-day = день человека
admin-limits-now = сейчас
admin-limits-in = через { $span }
admin-limits-midnight = после полуночи человека
admin-limits-silent = лимитер не отвечает
admin-limits-free-minute = Дать писать сразу
admin-limits-means = Забывает, что пропущено за последнюю минуту. Счёт дня остаётся.

## Блокировки

admin-ban = Блокировка
admin-ban-state = Состояние
admin-ban-banned = под блокировкой
admin-ban-mark = блокировка до { $day }
admin-ban-mark-good = блокировка навсегда
admin-ban-ended = закончилась
admin-ban-since = С
admin-ban-until = До
admin-ban-until-hint = До конца этого дня. Пустое поле — навсегда.
admin-ban-good = навсегда
admin-ban-told = Последнее уведомление
admin-ban-means = Сообщения остаются без ответа, раз в день об этом говорится. Платежи, остановка бота и /stop проходят. Напоминаний и рассылок не будет.
admin-ban-impose = Заблокировать
admin-ban-another = Изменить блокировку
admin-ban-lift = Снять блокировку

## Что стало с каждым сообщением

admin-timeline = Что с этим стало
admin-timeline-none = Из этого чата ничего не приходило.
admin-timeline-received = получено: { $kind }
admin-timeline-pending = ещё не готово; неудачных попыток: { $tries }
admin-timeline-answered = ответ составлен за { $span }
admin-timeline-refused = отклонено через { $span }
admin-timeline-failed = не удалось через { $span }
admin-timeline-letter = к письму
admin-update-pending = в работе
admin-update-answered = отвечено
admin-update-refused = отклонено
admin-update-failed = не удалось
admin-word-waiting = ждёт
admin-word-sent = отправлено
admin-word-failed = не отправлено
admin-word-tries = с попытки { $n }
admin-word-repeated = возможно, сказано дважды
admin-verdict-well = На последнее дан ответ, и Telegram принял каждое слово.
admin-verdict-silent = Последнее не требовало ответа.
admin-verdict-pending = Последнее ждёт ответа: посмотрите на дереве, не остановлена ли какая-то часть.
admin-verdict-refused = Последнее отклонено.
admin-verdict-failed = Последнее не удалось; письмо можно обработать снова.
admin-verdict-unsent = На последнее дан ответ; слова ждут Telegram.
admin-verdict-unsaid = На последнее дан ответ; Telegram не принял слова.

## Диалоги

admin-dialogs = Диалоги
admin-dialog-none = Диалогов ещё не было.
admin-dialog-title = Название
admin-dialog-state = Состояние
admin-dialog-last = Последнее сообщение
admin-dialog-begun = Начат
admin-dialog-open = открыт
admin-dialog-closed = закрыт
admin-dialog-archived = в архиве
admin-dialog-one = Диалог { $number }
admin-dialog-character = Персонаж
admin-dialogs-all = Все диалоги
admin-line-none = Здесь ничего не сказано, или это уже не хранится.
admin-line-when = Когда
admin-line-role = Кто
admin-line-length = Знаков
admin-line-text = Слова
admin-line-user = человек
admin-line-character = персонаж
admin-line-hidden = Сказанное скрыто
admin-line-reveal = Показать слова

## Персонажи

admin-room-characters = Персонажи
admin-character-lead = Те, кто отвечает. Каждая правка — новая версия, она действует со следующего сообщения; версии не теряются.
admin-character-none = Персонажей нет, говорить не с кем: примените миграции.
admin-character-name = Имя
admin-character-names = Имя
admin-character-about = Описание
admin-character-greetings = Первые слова
admin-character-in-ru = { $what } (по-русски)
admin-character-in-en = { $what } (по-английски)
admin-character-temperament = Нрав
admin-character-position = Место в ряду
admin-character-offered = Предлагается
admin-character-active = Предлагать для новых диалогов
admin-character-version = Версия
admin-character-changed = Изменение
admin-character-yes = предлагается
admin-character-no = не предлагается
admin-character-save = Сохранить как новую версию
    .done = Новая версия действует.
admin-character-create = Сохранить персонажа
    .done = Персонаж сохранён, это версия 1.
admin-character-new = Новый персонаж
admin-character-new-lead = Ещё один, кто отвечает, на обоих языках. Бот предложит его сразу; снимите галочку, чтобы сначала подготовить.
admin-character-slug = Короткое имя
admin-character-slug-hint = Строчные латинские буквы, цифры и дефисы, первой буква. По нему персонажа знают программы и журнал действий; изменить его нельзя.
admin-character-wrong = Ничего не сохранено:
admin-character-wrong-name = { $what }: от 1 до { $most } знаков в одну строку, и хотя бы один из них видимый.
admin-character-wrong-text = { $what }: от 1 до { $most } знаков, и хотя бы один из них видимый.
admin-character-wrong-slug = Короткое имя — до { $most } строчных латинских букв, цифр и дефисов, первой идёт буква.
admin-character-wrong-taken = Короткое имя { $slug } уже у другого персонажа.
admin-character-wrong-temperament = Нужно выбрать нрав.
admin-character-wrong-position = Место в ряду — целое число от 0 до { $most }.
admin-character-wrong-reason = Не хватает причины: она сохранится вместе с версией и попадёт в журнал действий.
admin-character-last = Это последний персонаж, который предлагается, а новым людям нужно с кем-то говорить. Сначала предложите другого.
admin-character-many = Telegram показывает не больше { $most } кнопок, и столько персонажей уже предлагается. Сначала уберите одного.
admin-character-retire = Больше не предлагать
    .sure = { $name }: больше не предлагать?
    .means = { $name } исчезнет с кнопок бота и из списка API, и новых диалогов никто не начнёт. Кто уже беседует, продолжит и ничего не потеряет. Вернуть можно в любой момент.
    .done = Новых диалогов с этим персонажем не начать; начатые идут дальше.
admin-character-restore = Предлагать снова
    .sure = { $name }: предлагать снова?
    .means = { $name } снова появится на кнопках бота и в списке API со следующего сообщения, в словах нынешней версии.
    .done = Персонаж снова предлагается.
admin-character-rollback = Вернуть
    .done = Старая версия снова действует, как новая.
admin-character-meanwhile = Тем временем появилась версия { $version }. Ничего не затёрто: ваш текст стоит ниже, а над ним отличия. Сохраните ещё раз, чтобы поставить свой текст на её место.
admin-character-same = Ничего не изменилось, поэтому новой версии нет.
admin-character-theirs = Ваше рядом с действующим
    .one = Ваше
admin-temperament-warm = тёплый
admin-temperament-curious = любопытный
admin-temperament-playful = игривый
admin-version-all = Версии
admin-version-none = Версий не записано.
admin-version-number = Версия
admin-version-when = Когда
admin-version-who = Кто
admin-version-why = Почему
admin-version-look = Сравнить
admin-version-compare = сравнить { $version }
admin-version-current = действует
admin-version-older = Версия { $version } рядом с действующей
    .one = Версия { $version }
admin-version-now = Действует (версия { $version })
admin-version-what = Что
admin-version-same = Они говорят одно и то же.
admin-version-reason = Она сохранится вместе с версией и попадёт в журнал действий.
admin-version-back = Возвращает
    .sure = Вернуть версию { $version }?
    .means = Она станет новой версией и будет действовать со следующего сообщения; нынешняя сохранится.
    .button = Вернуть

## Рассылки

admin-room-broadcasts = Рассылки
admin-broadcast-lead = То, что говорится многим: в том темпе, который разрешает Telegram, и после всех ответов; каждому один раз.
admin-broadcast-none = Рассылок ещё не было. Первую пишет владелец.
admin-broadcast-new = Новая рассылка
admin-broadcast-name = Название
admin-broadcast-state = Состояние
admin-broadcast-to = Кому
admin-broadcast-reached = Начато
admin-broadcast-sent = Отправлено
admin-broadcast-blocked = Заблокировано
admin-broadcast-failed = Не удалось
admin-broadcast-waiting = Ждёт
admin-broadcast-forgotten = Уже неизвестно
admin-broadcast-written = Написана
admin-broadcast-started = Запущена
admin-broadcast-ended = Окончена
admin-broadcast-of = { $n } из { $most }
admin-broadcast-is-draft = черновик
admin-broadcast-is-running = идёт
admin-broadcast-is-paused = приостановлена
admin-broadcast-is-done = закончена
admin-broadcast-is-cancelled = остановлена
admin-broadcast-everybody = всем
admin-broadcast-plan-free = бесплатный план
admin-broadcast-plan-premium = премиум
admin-broadcast-reads-ru = кто читает по-русски
admin-broadcast-reads-en = кто читает по-английски
admin-broadcast-active = { $days ->
    [one] активные за { $days } день
    [few] активные за { $days } дня
   *[many] активные за { $days } дней
}
admin-broadcast-people = { $people ->
    [one] Сейчас её получит { $n } человек. Те, кто заблокировал бота, не в счёт.
    [few] Сейчас её получат { $n } человека. Те, кто заблокировал бота, не в счёт.
   *[many] Сейчас её получат { $n } человек. Те, кто заблокировал бота, не в счёт.
}
admin-broadcast-preview = Так её прочтёт { $name }
admin-broadcast-create = Написать
    .done = Черновик сохранён. Посмотрите на него, попробуйте на себе, затем запускайте.
admin-broadcast-edit = Изменить
admin-broadcast-try = Отправить на этот номер
    .done = Оба текста в пути.
admin-broadcast-try-head = Попробовать на себе
admin-broadcast-try-to = Ваш номер в Telegram
admin-broadcast-try-hint = Номер того, кто уже писал боту; отправляются оба текста, в счёт это не идёт.
admin-broadcast-start = Запустить
    .sure = Запустить { $name }?
    .means = Получателей: { $people }. То, что Telegram уже принял, назад не вернуть.
    .done = Рассылка запущена.
admin-broadcast-pause = Приостановить
    .sure = Приостановить { $name }?
    .means = Нового не начнётся, пока её не продолжат; около шестидесяти слов уже в пути.
    .done = Рассылка приостановлена.
admin-broadcast-resume = Продолжить
    .sure = Продолжить { $name }?
    .means = Она пойдёт с того же места; дважды её не получит никто.
    .done = Рассылка идёт дальше.
admin-broadcast-cancel = Остановить навсегда
    .sure = Остановить { $name } навсегда?
    .means = Нового не начнётся, и продолжить её будет нельзя. Отчёт о сделанном сохранится.
    .done = Рассылка остановлена.
admin-language-ru = Русский
admin-language-en = Английский
admin-draft-lead = Пока ничего не отправляется: черновик сохраняется и показывается так, как его прочтут.
admin-draft-wrong = Черновик не сохранён:
admin-draft-name-hint = Латинские буквы, цифры, точки и дефисы. Его видят только операторы.
admin-draft-name-wrong = В названии до 64 латинских букв, цифр, точек, дефисов и подчёркиваний; первой идёт буква или цифра.
admin-draft-text-hint = Как в строке Fluent: $name в фигурных скобках станет именем. Можно писать HTML, который понимает Telegram: b, i, u, s, a, code, pre, blockquote, tg-spoiler.
admin-draft-any = все
admin-draft-days = Активные за дни
admin-draft-days-hint = Только те, кто писал персонажу за столько дней; пусто значит все.
admin-draft-days-wrong = Дни — целое число от 1 до 36500, или пусто.
admin-draft-keep = Сохранить черновик
admin-draft-meanwhile = Рассылку с этим названием тем временем написали или запустили. Ваш текст всё ещё здесь; сначала посмотрите на ту, другую, или выберите другое название.

## Задания

admin-room-jobs = Задания
admin-jobs-lead = То, что идёт по часам. У каждого срока есть строка: задание выполнено один раз, или сказано, почему нет.
admin-jobs-name = Задание
admin-jobs-state = Состояние
admin-jobs-next = Следующий срок
admin-jobs-last = Последний срок
admin-jobs-success = Удалось
admin-jobs-schedule = Расписание
admin-jobs-timezone = Часовой пояс
admin-jobs-missed = Пропущенные сроки
admin-jobs-catch-up-none = не навёрстываются
admin-jobs-catch-up-once = навёрстывается последний
admin-jobs-catch-up-all = навёрстываются все
admin-jobs-overlap = Пока идёт один запуск
admin-jobs-overlap-skip = следующий пропускается
admin-jobs-overlap-queue = следующий ждёт
admin-jobs-limit = Предел времени
admin-jobs-retries = Повторных попыток
admin-jobs-rests-since = Отдыхает с
admin-jobs-rests-by = Кто остановил
admin-jobs-times = Следующие сроки ({ $zone })
admin-jobs-times-skipped = Задание отдыхает: эти сроки будут пропущены, пока его не продолжат.
admin-jobs-runs = Запуски
admin-jobs-runs-none = Запусков ещё не было. Первый будет в ближайший срок, или когда вы запустите задание сейчас.
admin-jobs-when = Срок
admin-jobs-job = Задание
admin-jobs-tries = Попытки
admin-jobs-late = Опоздание
admin-jobs-took = Длительность
admin-jobs-rows = Строки
admin-jobs-by = Кто запустил
admin-jobs-by-clock = часы
admin-jobs-why = Почему
admin-jobs-rests = отдыхает
admin-jobs-never = ещё не запускалось
admin-jobs-not-yet = ещё нет
admin-jobs-run = Запустить сейчас
    .sure = Запустить { $job } сейчас?
    .means = Свободный работник возьмётся за него через несколько секунд, словно сейчас его срок, даже если задание отдыхает. Повторный запуск за тот же срок безвреден.
    .done = Ждёт работника; тот возьмётся за него через несколько секунд.
admin-jobs-pause = Дать отдохнуть
    .sure = Дать { $job } отдохнуть?
    .means = Его сроки будут пропущены, каждый со строкой об этом, пока его не продолжат. Запуск, который уже идёт, дойдёт до конца.
    .done = Задание отдыхает.
admin-jobs-resume = Продолжить
    .sure = Продолжить { $job }?
    .means = Задание снова пойдёт со следующего срока. Пропущенное за время отдыха не навёрстывается.
    .done = Задание снова идёт по часам.
admin-run-due = ждёт
admin-run-running = идёт
admin-run-ok = удалось
admin-run-failed = не удалось
admin-run-skipped = пропущено
admin-run-lost = потеряно
admin-skip-missed = некому было выполнить
admin-skip-late = слишком поздно
admin-skip-overlap = предыдущее ещё шло
admin-skip-paused = задание отдыхало
admin-job-clean-messages = удаляется то, чего план больше не хранит
admin-job-archive-dialogs = давно умолкшие диалоги уходят в архив
admin-job-user-stats = вчерашний день в числах
admin-job-remind-expiring = напоминания тем, у кого кончается подписка
admin-job-expire-subscriptions = закрываются подписки, которые кончились
admin-job-make-partitions = готовятся месяцы для будущих сообщений
admin-job-trim-records = удаляются старые обновления, слова и запуски

## Все данные человека

admin-room-receipts = Квитанции
admin-personal = Все данные этого человека
admin-personal-export = Выгрузить все данные
    .sure = Выгрузить все данные { $user }?
    .means = Файл JSON со всем, что хранится об этом человеке, включая сказанное. Больше никому его не передавайте. Контрольная сумма останется в квитанции.
admin-personal-delete = Удалить все данные
    .sure = Удалить все данные { $user } навсегда?
    .means = Диалоги, сообщения, настройки, подписка и имя исчезнут, вернуть их нельзя. То, что нужно для учёта и закона, останется без слов и имён: что обновления приходили, что и когда меняли, действующая блокировка. Новое сообщение начнёт знакомство заново.
admin-personal-number = Номер человека
admin-personal-number-hint = Ещё раз, чтобы не удалить чужое.

## Квитанции

admin-receipts-lead = Что выгружено из данных людей и что удалено. О самом человеке здесь только номер.
admin-receipts-of = Номер человека
admin-receipts-none = Ничего не выгружали и не удаляли. И то и другое — на странице человека.
admin-receipts-one = Квитанция { $number }
admin-receipts-number = Квитанция
admin-receipts-kind = Что
admin-receipts-export = выгрузка
admin-receipts-deletion = удаление
admin-receipts-user = Человек
admin-receipts-who = Кто
admin-receipts-begun = Начало
admin-receipts-ended = Конец
admin-receipts-broken = не целиком
admin-receipts-again = Конца нет: работа ещё идёт или прервалась. Если прервалась, повторите.
admin-receipts-size = Байт
admin-receipts-checksum = SHA-256 файла
admin-receipts-table = Таблица
admin-receipts-rows = Строк
admin-receipts-nothing = Строк не было.
admin-receipts-kept = Очищенные строки остаются без слов и имён: учёту и закону нужно, что они были.

## Журнал действий

admin-audit-when = Когда
admin-audit-who = Кто
admin-audit-what = Что
admin-audit-whom = Кого
admin-audit-change = Изменение
admin-audit-why = Почему
admin-audit-from = Откуда
admin-audit-none = Ещё ничего не делали.

## Обзор

admin-room-overview = Обзор
admin-overview-span = Промежуток
admin-overview-hour = Час
admin-overview-day = Сутки
admin-overview-month = Месяц
admin-overview-none = За этот промежуток не записано ни одной минуты: первая появляется через минуту после старта.
admin-overview-russian = По-русски
admin-overview-english = По-английски
admin-overview-active = Кто писал
admin-overview-active-none = Активных считают раз в сутки, ночью. Пока их не считали; задание можно запустить сейчас:
admin-overview-who = Кто
admin-overview-everybody = Все
admin-overview-days-1 = За день
admin-overview-days-7 = За 7 дней
admin-overview-days-30 = За 30 дней
admin-overview-counted = К концу дня { $day } ({ $zone }), по ночной статистике.
admin-runbook = Что делать при тревогах
admin-alarms = Тревоги сейчас
admin-alarm-none = Ни одно из правил, которые проверяются здесь, не сработало.
admin-alarm-limits = Так обстоит дело сейчас, по этому процессу и таблицам. Prometheus, если он есть, ждёт, пока значение продержится, и судит ещё о скоростях и о том, чего мёртвый процесс не скажет.
admin-alarm-do = что делать: { $rule }
admin-alarm-where = посмотреть
admin-severity-critical = срочно
admin-severity-warning = внимание
admin-severity-info = к сведению
admin-alarm-postgres-away = PostgreSQL не отвечает.
admin-alarm-updates-wait = Самое старое обновление ждёт { $n } с.
admin-alarm-words-wait = Ответы ждут отправки { $n } с.
admin-alarm-updates-pile-up = Ждущих обновлений: { $n }.
admin-alarm-dead-letters = За четверть часа обновление стало мёртвым письмом.
admin-alarm-pool-exhausted = Ждут соединения с PostgreSQL: { $n }.
admin-alarm-redis-away = Redis не отвечает; vitte работает без него.
admin-alarm-actor-falls = Падений за четверть часа у места { $of }: { $n }.
admin-alarm-mailbox-full = Ждущих сообщений у места { $of }: { $n }.
admin-alarm-memory = Процесс занимает { $n } МиБ.
admin-alarm-files = Открыто { $n } процентов файлов от предела.
admin-alarm-cron-fails = За час не удался или потерян запуск { $of }.
admin-alarm-cron-overdue = Задание { $of } не удавалось уже { $n } ч.
admin-alarm-cron-late = Задание { $of } началось позже срока больше чем на пять минут.
admin-alarm-cache-deaf = Кеш не слышит, что меняют другие процессы.
admin-overview-total = всего { $n }
admin-overview-most = не больше { $n }
admin-plot-updates = Обновления
admin-plot-latency = До готового ответа
admin-plot-new = Новые люди
admin-plot-limited = Отказы лимитера
admin-plot-words = Слова для Telegram
admin-plot-queues = Что ждёт внутри
admin-plot-database = Ждут соединения с PostgreSQL
admin-plot-redis = Сбои Redis
admin-plot-none = Этого ещё никто не записал. Запись идёт каждую минуту, пока работает процесс.
admin-plot-numbers = Числа
admin-series-answered = отвечено
admin-series-refused = отклонено
admin-series-failed = не удалось
admin-series-half-within = половина за
admin-series-most-within = 99 из 100 за
admin-series-new = новые
admin-series-limited = отказано
admin-series-words-sent = отправлено
admin-series-words-failed = не отправлено
admin-series-in-hand = обновления в работе
admin-series-in-mailboxes = сообщения в ящиках
admin-series-pool-waits = ждущие
admin-series-redis-faults = сбои

## Настройки

admin-room-configuration = Настройки
admin-configuration-lead = Так они прочитаны при старте. Меняют их в файле или окружении, затем нужен перезапуск.
admin-configuration-key = Ключ
admin-configuration-value = Значение
admin-configuration-usual = По умолчанию, если иначе
admin-configuration-set = задано
admin-configuration-unset = не задано
