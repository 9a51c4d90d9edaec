### /help: a title, a line for each command of the registry, an ending.

help-title =
    Just write, and you will be answered. Some things have a command:
help-command = /{ $command } — { $description }
help-end =
    I read text only: no photos, no voice messages yet. And I speak one to one, not in groups.
