"""A tree drawn as text, one line a place: for ``ARCHITECTURE.md`` and for who asks."""

from vitte.runtime.spec import NEVER, PERMANENT, Child, Dynamic, Spec, Supervisor


def draw(spec: Spec) -> str:
    """Draw a description of a tree, with strategies, intensities and notes."""
    lines = list(_lines(spec, "", ""))
    width = max(len(left) for left, _ in lines)
    return "\n".join(f"{left:<{width}}  {note}".rstrip() for left, note in lines)


def _lines(spec: Spec, first: str, rest: str) -> list[tuple[str, str]]:
    found = [(f"{first}{spec.id}{_rules(spec)}", spec.note)]
    children = list(spec.children) if isinstance(spec, Supervisor) else []
    for child in children:
        last = child is children[-1]
        found += _lines(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
    return found


def _rules(spec: Spec) -> str:
    words: list[str] = []
    if isinstance(spec, Supervisor):
        words.append(spec.strategy.value)
    if isinstance(spec, Dynamic):
        words.append("one a key")
    if not isinstance(spec, Child):
        words.append(f"{spec.intensity.limit} in {_duration(spec.intensity.period)}")
        if spec.auto_shutdown is not NEVER:
            words.append(spec.auto_shutdown.value)
    if spec.restart is not PERMANENT:
        words.append(spec.restart.value)
    if spec.significant:
        words.append("significant")
    return f" ({', '.join(words)})" if words else ""


def _duration(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds:g} s"  # noqa: PLR2004
