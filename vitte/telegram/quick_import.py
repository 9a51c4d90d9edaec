"""Imports aiogram without building what is not used yet.

aiogram builds the validators and serializers of its 400 types and 190 methods
while it is imported, although a bot uses a few dozen. Pydantic is able to build a
model when it is first used; while the import runs, the root classes of aiogram
answer its question for their schema with "not yet", and pydantic leaves them for
later by its own means. Annotations are resolved at once, so that a later build
needs nothing but the class.

The two hooks sit on aiogram's classes, not on pydantic's, only while the import
runs and only for the thread that imports. If anything is not as expected (a new
aiogram, a new pydantic), the half-made import is thrown away, aiogram is imported
plainly and the log says so: slower, never wrong.

What the import costs beyond aiohttp and pydantic, which others need as well, on a
core that takes 4.6 s for the plain one (aiogram 3.31.0, pydantic 2.13.5):

===========================  ==========  ==========
..                           plain       quick
===========================  ==========  ==========
CPU                          4.6 s       0.8 s
memory                       126 MB      22 MB
first message sent           0 ms        15 ms
its answer read              5 ms        12 ms
===========================  ==========  ==========

Loaded beside the event loop, the loop's longest silence is 50 ms (pydantic builds
the two largest models without letting go of the interpreter), else 10 ms.
"""

from __future__ import annotations

import importlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from anyio import to_thread

if TYPE_CHECKING:  # pydantic, too, waits until it is asked for
    from pydantic import BaseModel

ROOTS = {"aiogram.types.base": "TelegramObject", "aiogram.methods.base": "TelegramMethod"}
"""Where the classes are born from which all types and methods descend."""

HOOKS = ("__get_pydantic_core_schema__", "model_rebuild")
"""What pydantic and aiogram ask a class for, and what the roots answer during the import."""

_log = logging.getLogger(__name__)
_lock = threading.Lock()


async def load(module: str = "aiogram") -> ModuleType:
    """Import aiogram, then the given module, beside the event loop, which goes on meanwhile."""
    return await to_thread.run_sync(now, module)


def now(module: str = "aiogram") -> ModuleType:
    """Import aiogram quickly, then the given module, which may build on it."""
    with _lock:
        if "aiogram" not in sys.modules:
            _import_aiogram()
        return importlib.import_module(module)


def _import_aiogram() -> None:
    try:
        _import_deferred()
    except Exception:  # noqa: BLE001 - whatever it is, the plain import is the answer to it
        _log.warning("aiogram is not as expected, importing it the slow way", exc_info=True)
        for name in [name for name in sys.modules if f"{name}.".startswith("aiogram.")]:
            del sys.modules[name]
        importlib.import_module("aiogram")


def _import_deferred() -> None:
    """Import aiogram with its builds put off; raise if anything is not as expected."""
    with _NotYet() as roots:
        aiogram = importlib.import_module("aiogram")
    if len(roots) != len(ROOTS):
        raise ImportError(f"found only {roots} of {ROOTS}")
    unclear = [
        model
        for root in roots
        for model in _descendants(root)
        if not model.__pydantic_fields_complete__
    ]
    if unclear:
        raise ImportError(f"annotations that are not resolved: {unclear}")
    for root in roots:
        _serialize_when_asked(root)
    # Every bot needs these two, and nearly all types are part of them: the best proof.
    aiogram.types.Message.model_rebuild()
    aiogram.types.Update.model_rebuild()


def _serialize_when_asked(root: type[BaseModel]) -> None:
    """Let the models that wait be built also when one of their objects is written out.

    Pydantic sees to it in every way but one: where a field has no type of its own,
    it takes the serializer of the value's class without asking whether it is built.
    """
    for model in {root, *_descendants(root)}:
        if not model.__pydantic_complete__:
            stand_in = vars(model)["__pydantic_serializer__"]
            model.__pydantic_serializer__ = cast("Any", _Serializer(stand_in))


class _Serializer:
    """What stands for a serializer until its model is built and puts the real one there."""

    def __init__(self, stand_in: object) -> None:
        self._stand_in = stand_in

    def __get__(self, asking: BaseModel | None, model: type[BaseModel]) -> object:
        """Give pydantic's stand-in to a class that asks, the real one to an object."""
        if asking is None:
            return self._stand_in
        model.model_rebuild()
        return vars(model)["__pydantic_serializer__"]


def _descendants(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in root.__subclasses__():
        yield child
        yield from _descendants(child)


class _NotYet(MetaPathFinder):
    """Puts off the builds of aiogram's models while one thread imports them."""

    def __init__(self) -> None:
        self._roots: list[type[BaseModel]] = []

    def __enter__(self) -> list[type[BaseModel]]:
        sys.meta_path.insert(0, self)
        return self._roots

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)
        for root in self._roots:
            for name in HOOKS:
                delattr(root, name)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the modules of the roots as ever, to be told when they are there."""
        if fullname not in ROOTS:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Telling(spec.loader, self._put_off)
        return spec

    def _put_off(self, module: ModuleType) -> None:
        """Let a root and its descendants answer that their schema is not there yet."""
        from pydantic import BaseModel, PydanticUndefinedAnnotation  # noqa: PLC0415 - as above

        root: type[BaseModel] = getattr(module, ROOTS[module.__name__])
        importing = threading.get_ident()
        resolve: Callable[..., bool | None] = BaseModel.model_rebuild.__func__

        def not_yet(cls: type[BaseModel], source: Any, handler: Callable[[Any], Any]) -> Any:
            if threading.get_ident() != importing:
                return handler(source)
            raise PydanticUndefinedAnnotation(cls.__name__, "not built while aiogram is imported")

        def rebuild(cls: type[BaseModel], **how: Any) -> bool | None:
            # Resolves the annotations, finds no schema, leaves the class to be built later.
            return resolve(cls, **{**how, "raise_errors": False})

        for name, hook in zip(HOOKS, cast("list[Any]", [not_yet, rebuild]), strict=True):
            setattr(root, name, classmethod(hook))
        self._roots.append(root)


class _Telling(Loader):
    """Loads a module as its own loader does, then tells that it is there."""

    def __init__(self, loader: Loader, tell: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._tell = tell

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the module's own loader."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, its own loader back in place, and tell."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._tell(module)
