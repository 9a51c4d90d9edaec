### /new: a new dialog with the same character.

# The character's own greeting follows.
new-begun = A fresh start. { $character } is listening.
