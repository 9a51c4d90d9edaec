### When it is our fault. Nothing about causes: a person needs to know only what to do.

# Also said when a line is missing, so it has no variables.
error-ours = Something went wrong on our side. Please write that again in a minute.
error-kept = I can't reach my memory right now. Your message is not lost: I'll answer as soon as I can.
error-again = I can't reach my memory right now, so this message is not kept. Please write it again in a minute.
error-voice = I'm lost for words, sorry. Please write that again?
