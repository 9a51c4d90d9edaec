"""The panel's own files: style, script, icon. Read once, and named by what is in them."""

import hashlib
from pathlib import Path
from typing import Final

from aiohttp import web

from vitte.admin.desk import Visit
from vitte.errors import NotThere

_KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_BODIES: Final = {
    path.name: path.read_bytes()
    for path in sorted((Path(__file__).parent / "static").iterdir())
    if path.suffix in _KINDS
}
_MARKS: Final = {name: hashlib.sha256(body).hexdigest()[:12] for name, body in _BODIES.items()}


def address(name: str) -> str:
    """Where a file is; the address changes with its content, so a browser may keep it for ever."""
    return f"/static/{_MARKS[name]}/{name}"


async def serve(visit: Visit) -> web.Response:
    """Give a file.

    Raises:
        NotThere: There is none of that name.
    """
    name = visit.request.match_info["name"]
    if name not in _BODIES:
        raise NotThere("file")
    forever = visit.request.match_info["mark"] == _MARKS[name]
    kept = "public, max-age=31536000, immutable" if forever else "no-store"
    return web.Response(
        body=_BODIES[name],
        content_type=_KINDS[Path(name).suffix],
        charset="utf-8",
        headers={"Cache-Control": kept},
    )
