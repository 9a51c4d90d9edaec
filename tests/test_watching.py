"""Dashboards, rules and runbook: made from the metrics that there are, and true to one another."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from vitte import cli, config, metrics
from vitte.resources import ROOT

CONFIG = ROOT / "config"
DASHBOARDS = CONFIG / "grafana" / "dashboards"
SEVERITIES = {"critical", "warning", "info"}
OURS = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules(name: str) -> list[Any]:
    return [
        rule
        for group in read(CONFIG / "prometheus" / f"{name}.yml")["groups"]
        for rule in group["rules"]
    ]


ALERTS = rules("alerts")
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def series() -> Iterator[str]:
    """Every name under which Prometheus finds something of ours."""
    for metric in metrics.REGISTRY.collect():
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
        yield from (metric.name + ending for ending in endings.get(metric.type, ("",)))
    yield from ("up", "process_cpu_seconds_total")


def asked_for(expression: str) -> set[str]:
    """The metrics that an expression names."""
    return set(re.findall(r"\b(?:vitte|process)_\w+|\bup\b", expression))


def test_the_dashboards_are_those_that_the_metrics_make() -> None:
    made = runpy.run_path(str(CONFIG / "grafana" / "make_dashboards.py"))["files"]()

    kept = {path.name: path.read_text(encoding="utf-8") for path in DASHBOARDS.glob("*.json")}
    assert kept == made, "make dashboards"


def test_every_metric_is_on_a_dashboard_and_no_other() -> None:
    drawn = {
        name
        for path in DASHBOARDS.glob("*.json")
        for name in asked_for(path.read_text(encoding="utf-8"))
        if name.startswith("vitte_")
    }

    assert drawn <= set(series())
    bare = {re.sub(r"_(total|bucket)$", "", name) for name in drawn}
    assert {described.name for metric in OURS for described in metric.describe()} == bare


@pytest.mark.parametrize("metric", OURS, ids=lambda metric: next(iter(metric.describe())).name)
def test_no_label_has_a_name_that_prometheus_gives_itself(metric: MetricWrapperBase) -> None:
    # It would come out as exported_job, and every sum by (job) would be over something else.
    assert not {"job", "instance"} & set(metric._labelnames)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType, reportUnknownArgumentType]  # it cannot be asked


def test_rules_ask_for_metrics_and_labels_that_exist() -> None:
    recorded = {rule["record"] for rule in rules("recording")}
    known = set(series())

    for rule in (*ALERTS, *rules("recording")):
        assert asked_for(rule["expr"]) <= known, rule
        assert set(re.findall(r"vitte:[\w:]+", rule["expr"])) <= recorded, rule
    used = {name for rule in ALERTS for name in re.findall(r"vitte:[\w:]+", rule["expr"])}
    assert used == recorded


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_has_a_gravity_a_sentence_and_its_paragraph(alert: Any) -> None:
    name, severity = alert["alert"], alert["labels"]["severity"]
    [section] = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)

    assert severity in SEVERITIES
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"
    assert section.strip().startswith(f"*{severity}.* **Means:** ")
    assert "\n**Look at:** " in section
    assert "\n**Do:** " in section


def test_the_runbook_has_no_paragraph_too_many() -> None:
    assert re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE) == [a["alert"] for a in ALERTS]


def test_the_runbook_names_commands_and_keys_that_exist() -> None:
    keys = {key.path for key in config.every_key()}
    sections = {path.partition(".")[0] for path in keys}

    commands = set(re.findall(r"`vitte ([a-z][a-z-]+)", RUNBOOK))
    named = {
        found
        for found in re.findall(r"`([a-z_]+\.[a-z_]+)`", RUNBOOK)
        if found.partition(".")[0] in sections
    }
    assert commands <= set(cli.COMMANDS)
    assert named
    assert named <= keys


def test_every_alert_is_tried() -> None:
    tried = {case["name"] for case in read(ROOT / "tests/operations/alerts.test.yml")["tests"]}

    assert {alert["alert"] for alert in ALERTS} <= tried


def test_prometheus_reads_where_vitte_listens_by_default() -> None:
    [scrape] = read(CONFIG / "prometheus" / "prometheus.yml")["scrape_configs"]

    assert scrape["job_name"] == "vitte"
    assert scrape["static_configs"][0]["targets"] == [config.Metrics().listen]
