### /status: строка о подписке, о собеседнике, о дне и о минуте.
### $days — полные дни (0 — сегодня), $until — момент, остальное — число сообщений.

status-title = <b>{ $name }</b>, вот как обстоят дела:
status-free = Подписка: бесплатная.
status-premium =
    { $days ->
        [0] Подписка: премиум. Сегодня последний день.
        [one] Подписка: премиум, ещё { $days } день, до { DATETIME($until, dateStyle: "long") }
        [few] Подписка: премиум, ещё { $days } дня, до { DATETIME($until, dateStyle: "long") }
       *[other] Подписка: премиум, ещё { $days } дней, до { DATETIME($until, dateStyle: "long") }
    }
status-ended =
    { $days ->
        [0] Подписка: бесплатная. Премиум закончился сегодня.
        [1] Подписка: бесплатная. Премиум закончился вчера.
       *[other] Подписка: бесплатная. Премиум закончился { DATETIME($until, dateStyle: "long") }
    }
status-character = С тобой говорит { $character }.
status-day =
    { $used ->
        [one] Сегодня: { $used } сообщение из { $limit }, осталось { $left }.
        [few] Сегодня: { $used } сообщения из { $limit }, осталось { $left }.
       *[other] Сегодня: { $used } сообщений из { $limit }, осталось { $left }.
    }
status-minute = За эту минуту: { $used } из { $limit }, осталось { $left }.
