### /status: one line on the plan, one on the character, one on the day, one on the minute.
### $days are whole days (0 is today), $until is a moment, the rest are counts of messages.

status-title = <b>{ $name }</b>, here is how things stand:
status-free = Plan: free.
status-premium =
    { $days ->
        [0] Plan: premium. It ends today.
        [one] Plan: premium, { $days } more day, until { DATETIME($until, dateStyle: "long") }.
       *[other] Plan: premium, { $days } more days, until { DATETIME($until, dateStyle: "long") }.
    }
status-ended =
    { $days ->
        [0] Plan: free. Premium ended today.
        [1] Plan: free. Premium ended yesterday.
       *[other] Plan: free. Premium ended on { DATETIME($until, dateStyle: "long") }.
    }
status-character = Talking with you: { $character }.
status-day =
    { $used ->
        [one] Today: { $used } message of { $limit }, { $left } left.
       *[other] Today: { $used } messages of { $limit }, { $left } left.
    }
status-minute = This minute: { $used } of { $limit }, { $left } left.
