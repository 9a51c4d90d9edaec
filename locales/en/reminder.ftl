### Premium is about to end, or has just ended. $days is 7, 3 or 1.

reminder-soon =
    { $days ->
        [1] <b>{ $name }</b>, your premium ends tomorrow, on { DATETIME($until, dateStyle: "long") }.
       *[other] <b>{ $name }</b>, your premium ends in { $days } days, on { DATETIME($until, dateStyle: "long") }.
    }
reminder-ended = <b>{ $name }</b>, your premium ended yesterday. We can go on talking, only a little less each day.
