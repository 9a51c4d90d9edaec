from collections.abc import Iterable, Sequence

from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend

default_migration_table: str

class Migration:
    id: str
    hash: str
    path: str
    use_transactions: bool
    def load(self) -> None: ...
    def process_steps(self, backend: PostgresqlPsycopgBackend, direction: str) -> None: ...

class MigrationList(Sequence[Migration]): ...

def topological_sort(migrations: Iterable[Migration]) -> Iterable[Migration]: ...
