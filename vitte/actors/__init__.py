"""The actors: one process, one file. ``vitte.tree`` says who stands where."""
