### When it is our fault. Nothing about causes: a person needs to know only what to do.

# Also said when a line is missing, so it has no variables.
error-ours = Something went wrong on our side. Please write that again in a minute.
