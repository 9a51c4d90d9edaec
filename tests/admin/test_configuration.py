"""The configuration page: what is in force, and no secret of it."""

from msgspec import structs

from tests.admin.conftest import Panel
from vitte import config


async def test_every_key_is_shown_and_no_secret(panel: Panel) -> None:
    in_force = panel.vitte.house.services.config
    browser = await panel.inside()

    page = await browser.get("/configuration")

    secrets = [secret.reveal() for _, secret in config.every_secret(in_force)]
    assert secrets
    assert not [secret for secret in secrets if secret in page.text]
    for section in ("telegram", "database", "limiter", "cron"):
        for key in structs.asdict(getattr(in_force, section)):
            assert f"{section}.{key}" in page.plain
    assert in_force.telegram.api in page.plain
    assert "is set" in page.plain


async def test_only_an_owner_sees_it(panel: Panel) -> None:
    browser = await panel.inside("anna", "support")

    assert (await browser.get("/configuration")).status == 403
    assert "/configuration" not in (await browser.get("/tree")).text
