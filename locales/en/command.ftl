### One line for each command: the menu of Telegram and /help are made of them.
### No markup; 256 characters at most.

command-start = begin, or choose who talks with you
command-help = what I can do
command-status = your plan and what is left for today
command-language = choose the language
command-new = begin a new conversation
command-stop = break off the answer being written
