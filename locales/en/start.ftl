### The first meeting, and every next one; choosing whom to talk to.
### $name is the person's first name, $character the name of a character.

start-welcome =
    Hi, <b>{ $name }</b>! I'm vitte: there is always somebody here to talk to.

    You can tell about your day, think aloud or just chat. Who would you like to talk to?
start-welcome-back =
    Welcome back, <b>{ $name }</b>! { $character } is here and listening.

    Just write, or choose somebody else:
start-choose = Who would you like to talk to?
start-chosen =
    <b>{ $character }</b> is with you now. Write the first thing that comes to mind.
    .notice = { $character } is here
start-same =
    <b>{ $character }</b> is with you already. Just write.
    .notice = { $character } is already here
