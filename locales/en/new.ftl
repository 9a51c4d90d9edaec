### /new: a new dialog with the same character.

new-begun = A fresh start. { $character } is listening: what shall we talk about?
new-empty = We have only just begun. { $character } is listening: what shall we talk about?
