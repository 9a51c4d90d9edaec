"""What the owner of a process sees of it, and where."""

import stat
from pathlib import Path

import anyio

from tests.fragile import living
from vitte.actors import watch
from vitte.runtime import Child
from vitte.runtime.control import connected


async def test_a_data_folder_that_is_not_there_yet_is_made_and_is_its_owners_alone(
    tmp_path: Path,
) -> None:
    data = tmp_path / "lib" / "vitte"

    async with living(Child("control", lambda: watch.Control(str(data)))):
        async with connected(watch.socket_in(str(data))) as client:
            snapshot = await client.snapshot()

        assert snapshot.places
        assert stat.S_IMODE(data.stat().st_mode) == 0o700


async def test_where_no_folder_can_be_made_the_process_does_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    async with living(Child("control", lambda: watch.Control(str(tmp_path / "file" / "data")))):
        await anyio.lowlevel.checkpoint()
