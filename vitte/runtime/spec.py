"""What a tree is: pure data, one nested literal, checked when it is built.

Order is start order; stopping goes in reverse. Intensities multiply across
levels: three restarts a minute above ten a minute are thirty falls before the end.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeAlias, TypeVar

from vitte.runtime.errors import BadTree
from vitte.runtime.mailbox import Full, Mailbox

if TYPE_CHECKING:
    from vitte.runtime.actor import Life
    from vitte.runtime.registry import Registry

M = TypeVar("M")
K = TypeVar("K")


class Actor(Protocol[M]):
    """What a start factory gives: one object for one life, from a start to the next fall."""

    async def run(self, life: "Life[M]") -> None:
        """Say that it is ready, then receive until the end."""
        ...


class Rules(Protocol):
    """What a supervisor must know of a child, worker or supervisor, to keep it."""

    @property
    def restart(self) -> "Restart":
        """When it is started again."""
        ...

    @property
    def shutdown(self) -> "Shutdown":
        """How long it has to end."""
        ...

    @property
    def start_within(self) -> float | None:
        """How long it has to become ready."""
        ...

    @property
    def significant(self) -> bool:
        """Whether its end may end its supervisor."""
        ...

    @property
    def backoff(self) -> "Backoff | None":
        """How long to wait before a restart."""
        ...


class Restart(Enum):
    """When a child is started again after its end."""

    PERMANENT = "permanent"
    """After any end at all."""
    TRANSIENT = "transient"
    """After an abnormal end only."""
    TEMPORARY = "temporary"
    """Never; it is forgotten."""


class Strategy(Enum):
    """Whom the fall of one child concerns."""

    ONE_FOR_ONE = "one_for_one"
    """Itself alone."""
    ONE_FOR_ALL = "one_for_all"
    """All its siblings: they are stopped, and all are started again."""
    REST_FOR_ONE = "rest_for_one"
    """Those that were started after it."""


class AutoShutdown(Enum):
    """Whether the end of significant children ends their supervisor."""

    NEVER = "never"
    ANY_SIGNIFICANT = "any_significant"
    ALL_SIGNIFICANT = "all_significant"


class Limitless(Enum):
    """The two shutdown times that are no number of seconds."""

    BRUTAL = "brutal"
    INFINITY = "infinity"


PERMANENT: Final = Restart.PERMANENT
TRANSIENT: Final = Restart.TRANSIENT
TEMPORARY: Final = Restart.TEMPORARY
ONE_FOR_ONE: Final = Strategy.ONE_FOR_ONE
ONE_FOR_ALL: Final = Strategy.ONE_FOR_ALL
REST_FOR_ONE: Final = Strategy.REST_FOR_ONE
NEVER: Final = AutoShutdown.NEVER
ANY_SIGNIFICANT: Final = AutoShutdown.ANY_SIGNIFICANT
ALL_SIGNIFICANT: Final = AutoShutdown.ALL_SIGNIFICANT
BRUTAL: Final = Limitless.BRUTAL
INFINITY: Final = Limitless.INFINITY

Body: TypeAlias = Actor[M] | Callable[["Life[M]"], Awaitable[None]]
Shutdown: TypeAlias = float | Limitless


@dataclass(frozen=True, slots=True)
class Intensity:
    """How many restarts are allowed in a sliding period; one more and the supervisor gives up."""

    limit: int
    period: float

    def __post_init__(self) -> None:
        if self.limit < 0 or self.period <= 0:
            raise BadTree("an intensity allows nought or more restarts in more than no time")


def within(limit: int, *, seconds: float = 0.0, minutes: float = 0.0) -> Intensity:
    """Allow so many restarts in that time: ``within(3, minutes=1)``."""
    return Intensity(limit, seconds + 60.0 * minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait before a restart: longer after each fall, up to a maximum.

    Args:
        minimum: seconds before the first restart.
        maximum: seconds that are never passed, but by the jitter.
        factor: how much longer each wait is than the one before.
        jitter: the part of a wait that chance may add: 0.1 is up to a tenth.
        calm: seconds without a fall after which counting begins anew.
    """

    minimum: float = 0.1
    maximum: float = 30.0
    factor: float = 2.0
    jitter: float = 0.1
    calm: float = 60.0

    def __post_init__(self) -> None:
        if not 0 < self.minimum <= self.maximum or self.factor < 1 or self.jitter < 0:
            raise BadTree("a back-off goes from a minimum above nought up to its maximum")


@dataclass(frozen=True)
class Child(Generic[M]):
    """One worker's place in the tree.

    Args:
        id: unique among its siblings.
        start: builds the actor of one life; does no I/O.
        mailbox: outlives the lives; its ``ref`` is the address.
        restart: when it is started again.
        shutdown: seconds it has to end when it is stopped; then it is cut off.
        start_within: seconds it has to become ready.
        significant: whether its end may end its supervisor (see ``auto_shutdown``).
        backoff: how long to wait before a restart; without it there is no wait.
        note: a short word on why it stands there.
    """

    id: str
    start: "Callable[[], Body[M]]"
    _: KW_ONLY
    mailbox: Mailbox[M] | None = None
    restart: Restart = PERMANENT
    shutdown: Shutdown = 5.0
    start_within: float = 30.0
    significant: bool = False
    backoff: Backoff | None = None
    note: str = ""

    def __post_init__(self) -> None:
        refuse_permanent_significance(self.id, self.restart, significant=self.significant)


@dataclass(frozen=True, slots=True)
class Supervisor:
    """One supervisor and its children, in start order.

    It has no shutdown time of its own: it ends when its children have ended.
    """

    id: str
    strategy: Strategy
    intensity: Intensity
    children: "Sequence[Spec]"
    _: KW_ONLY
    auto_shutdown: AutoShutdown = NEVER
    restart: Restart = PERMANENT
    significant: bool = False
    backoff: Backoff | None = None
    note: str = ""
    shutdown: Shutdown = field(default=INFINITY, init=False)
    start_within: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        refuse_permanent_significance(self.id, self.restart, significant=self.significant)
        seen: set[str] = set()
        for child in self.children:
            refuse(child, seen, self)
            seen.add(child.id)


@dataclass(frozen=True)
class Dynamic(Generic[K, M]):
    """One supervisor for many alike, started and stopped at run time by key: one actor a chat.

    Args:
        id: unique among its siblings.
        registry: finds and starts children by their key; hand it to whoever needs one.
        start: builds the actor of one life, for a key; does no I/O.
        intensity: counted over all its children together.
        max_children: the ceiling; a start above it is refused.
        idle: seconds without a message after which a child is ended and forgotten.
        capacity: of each child's mailbox; ``full`` and ``deliveries`` likewise.
        child_restart: when a child is started again; ``child_backoff`` likewise.
        shutdown: seconds each child has to end; all are asked at once.
        start_within: seconds each child has to become ready.
        restart: when the supervisor itself is started again; ``backoff`` likewise.
    """

    id: str
    registry: "Registry[K, M]"
    start: "Callable[[K], Body[M]]"
    intensity: Intensity
    _: KW_ONLY
    max_children: int | None = None
    idle: float | None = None
    capacity: int = 1024
    full: Full = Full.WAIT
    deliveries: int = 3
    child_restart: Restart = TRANSIENT
    shutdown: Shutdown = 5.0
    start_within: float = 30.0
    child_backoff: Backoff | None = None
    restart: Restart = PERMANENT
    significant: bool = False
    backoff: Backoff | None = None
    note: str = ""
    strategy: Strategy = field(default=ONE_FOR_ONE, init=False)
    auto_shutdown: AutoShutdown = field(default=NEVER, init=False)

    def __post_init__(self) -> None:
        refuse_permanent_significance(self.id, self.restart, significant=self.significant)


Spec: TypeAlias = "Child[Any] | Supervisor | Dynamic[Any, Any]"


def refuse_permanent_significance(name: str, restart: Restart, *, significant: bool) -> None:
    """Refuse what can never come to pass: a permanent child has no last end."""
    if "/" in name or not name:
        raise BadTree(f"{name!r} cannot be a part of a path")
    if significant and restart is PERMANENT:
        raise BadTree(f"{name} cannot be significant and permanent: it never ends for good")


def refuse(child: Spec, seen: set[str], above: Supervisor) -> None:
    """Refuse a child that cannot stand under this supervisor."""
    if child.id in seen:
        raise BadTree(f"{above.id} has two children named {child.id}")
    if child.significant and above.auto_shutdown is NEVER:
        raise BadTree(f"{child.id} is significant, but {above.id} never shuts down by itself")
