### /language: the question, the buttons (each in its own language), the answer in the new one.

language-choose =
    Which language shall we speak?
    .ru = Русский
    .en = English
language-chosen =
    English it is.
    .notice = English it is
