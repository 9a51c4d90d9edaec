"""Every error that the runtime raises on purpose.

One root of its own: the runtime can be lifted out and used without the rest.
"""


class RuntimeFault(Exception):
    """Raised when the runtime refuses or reports something on purpose; the root of the rest."""


class ActorGone(RuntimeFault):
    """Raised when the actor fell or was stopped before it answered, or takes nothing any more."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name}: {reason}")


class AskTimedOut(RuntimeFault):
    """Raised when a question was not answered within its time."""

    def __init__(self, name: str, within: float) -> None:
        self.name = name
        self.within = within
        super().__init__(f"{name} did not answer within {within:g} s")


class MailboxFull(RuntimeFault):
    """Raised when a mailbox has no room and its policy, or the sender, does not wait."""

    def __init__(self, name: str, capacity: int) -> None:
        self.name = name
        self.capacity = capacity
        super().__init__(f"{name} holds {capacity} messages and takes no more")


class ShutdownAsked(RuntimeFault):
    """Raised when an actor that traps its exit is to end: finish, then return from ``run``."""


class StartFailed(RuntimeFault):
    """Raised when a child did not become ready; what had been started before it is stopped."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} did not start: {reason}")


class EndedEarly(RuntimeFault):
    """Raised when an actor returned from ``run`` without having said that it is ready."""


class Killed(RuntimeFault):
    """Raised when a life was ended from outside by ``kill``: an abnormal end."""


class GaveUp(RuntimeFault):
    """Raised when a supervisor had more restarts in its period than it is allowed."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} gave up: {reason}")


class BadTree(RuntimeFault):
    """Raised when a description of a tree contradicts itself; nothing has been started."""


class NoSuchPlace(RuntimeFault):
    """Raised when the tree has no place of this path."""


class AlreadyStarted(RuntimeFault):
    """Raised when a child of this id runs already."""


class AlreadyPresent(RuntimeFault):
    """Raised when a child of this id is known, though it does not run: restart or delete it."""


class StillRunning(RuntimeFault):
    """Raised when a child would have to be stopped for what was asked."""


class StillRestarting(RuntimeFault):
    """Raised when a child is between a fall and its next life."""


class WrongKind(RuntimeFault):
    """Raised when a dynamic supervisor is asked for what only named children know."""


class NoMoreRoom(RuntimeFault):
    """Raised when a dynamic supervisor has as many children as it may."""
