### Whatever is not a text or a known command: a polite word for each.

odd-photo = I can't see pictures yet. Tell me what is in it?
odd-sticker = A sticker! I can't see it, but I take it kindly. What is it about?
odd-animation = Something is moving there, I suppose, but I can't see it. What happens in it?
odd-voice = I can't hear voice messages yet. Could you put it in words?
odd-audio = I can't listen to music yet. What is it like?
odd-video = I can't watch videos yet. Tell me what is in it?
odd-document = I can't open files. If it is a text, just paste the part that matters.
odd-location = I can't find my way on maps. What is that place like?
odd-contact = I don't keep contacts, and that one stays unread. Tell me about the person, if you like.
odd-poll = I don't vote in polls, but tell me: what would you choose?
odd-dice = I don't bet! But I hope you were lucky.
odd-other = I can't read that yet. Write it in words?
odd-edit = I see that you have changed a message, but I answer only new ones. Write it once more?
odd-command = I don't know /{ $command }. See /help for those that I know.
odd-group = I speak one to one only. Write to me in private: @{ $bot }
odd-button-old =
    .notice = This button is from an earlier time. Send /start for a new one.
odd-sale =
    .notice = There is nothing to buy here yet. No money was taken.
