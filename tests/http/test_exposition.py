"""/metrics: every metric by its name, on a port of its own, and nobody's data."""

import re

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.whole import Whole
from vitte import metrics


async def scraped(vitte: Whole) -> tuple[str, list[Metric]]:
    async with vitte.metrics.get("http://vitte/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        text = await response.text()
    return text, list(text_string_to_metric_families(text))


async def test_every_metric_is_there_with_what_it_means(vitte: Whole) -> None:
    _, families = await scraped(vitte)

    names = {family.name for family in families}
    ours = {metric.name for metric in metrics.REGISTRY.collect()}
    assert ours <= names
    assert all(family.documentation for family in families)


async def test_what_was_done_is_counted(vitte: Whole) -> None:
    anna = vitte.telegram.person("Anna", language_code="en", id=7_123_456_789)
    await anna.writes("hello")
    await anna.hears_one()
    await vitte.settled()

    text, families = await scraped(vitte)

    values = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }
    assert values["vitte_updates_received_total", ("kind", "message")] >= 1
    assert values["vitte_updates_done_total", ("outcome", "answered")] >= 1
    assert values["vitte_updates_pending",] == 0
    assert values["vitte_telegram_calls_total", ("method", "sendMessage"), ("outcome", "sent")] >= 1
    assert values["vitte_messages_stored_total", ("role", "character")] >= 1
    assert str(anna.id) not in text
    assert "Anna" not in text
    assert vitte.telegram.token not in text


async def test_labels_have_few_values_and_nobodys_number(vitte: Whole) -> None:
    _, families = await scraped(vitte)

    values: dict[str, set[str]] = {}
    for family in families:
        for sample in family.samples:
            for name, value in sample.labels.items():
                values.setdefault(name, set()).add(value)
    routes, _ = values.pop("route"), values.pop("le")  # as many as the tables of routes have
    few = set[str]().union(*values.values())
    assert len(few) < 150
    assert [value for value in routes | few if not re.fullmatch(r"[\w /.{}_-]+", value)] == []
    values.pop("status", None)
    named = routes.union(*values.values())
    assert [value for value in named if re.search(r"\d\d", value)] == []


async def test_it_stands_on_its_own_port_alone(vitte: Whole) -> None:
    status, _ = await vitte.get("/metrics")
    async with vitte.metrics.get("http://vitte/api/v1/health") as response:
        assert (status, response.status) == (404, 404)
