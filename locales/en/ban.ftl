### To who is banned, once a day at the most. $until is a moment, by the person's own calendar.

ban-good = Your messages are not answered here any more.
ban-until = Your messages are not answered for now. We can go on after { DATETIME($until, dateStyle: "long") }.
