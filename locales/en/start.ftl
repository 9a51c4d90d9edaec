### The first meeting, and every next one; choosing whom to talk to.
### $name is the person's first name, $character the name of a character.

start-welcome =
    Hi, <b>{ $name }</b>! I'm vitte: there is always somebody here to talk to.

    You can tell about your day, think aloud or just chat.
start-welcome-back =
    Welcome back, <b>{ $name }</b>! { $character } is here and listening: just write.
# Stands below either welcome, above the buttons.
start-choose = Here is who you can talk to:
start-chosen =
    <b>{ $character }</b> is with you now.
    .notice = { $character } is here
start-same =
    .notice = { $character } is already here
