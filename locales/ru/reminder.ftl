### Премиум скоро закончится или только что закончился. $days — это 7, 3 или 1.

reminder-soon =
    { $days ->
        [1] <b>{ $name }</b>, завтра закончится твой премиум: { DATETIME($until, dateStyle: "long") }
        [one] <b>{ $name }</b>, через { $days } день закончится твой премиум: { DATETIME($until, dateStyle: "long") }
        [few] <b>{ $name }</b>, через { $days } дня закончится твой премиум: { DATETIME($until, dateStyle: "long") }
       *[other] <b>{ $name }</b>, через { $days } дней закончится твой премиум: { DATETIME($until, dateStyle: "long") }
    }
reminder-ended = <b>{ $name }</b>, вчера закончился твой премиум. Говорить по-прежнему можно, только чуть меньше каждый день.
