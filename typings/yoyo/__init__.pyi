# What vitte uses of yoyo, which has no types of its own.
from yoyo.migrations import MigrationList

def read_migrations(*sources: str) -> MigrationList: ...
