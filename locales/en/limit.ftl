### Too much at once, and too much for one day. $hours are rounded up.

limit-minute =
    { $seconds ->
        [one] Too many messages at once. Let me catch my breath: write again in { $seconds } second.
       *[other] Too many messages at once. Let me catch my breath: write again in { $seconds } seconds.
    }
limit-day =
    { $limit ->
        [one] That was today's only message.
       *[other] Those were all { $limit } messages for today.
    } { $hours ->
        [one] In { $hours } hour we can go on; I'll be here.
       *[other] In { $hours } hours we can go on; I'll be here.
    }
