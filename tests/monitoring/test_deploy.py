"""The dashboard and the alert rules of `deploy/` fit the metrics that the bot has."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from aion_bot.domain.turn import EndReason, Turn
from aion_bot.monitoring.metrics import Metrics
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.ports.rate_limits import PlatformRequest, RequestStatus

DEPLOY = Path(__file__).parents[2] / "deploy"
DURATION = r"\d+(ms|s|m|h|d|w|y)"
WORDS = {
    "absent", "and", "bool", "by", "histogram_quantile", "increase", "rate", "sum", "max", "min", "avg", "without", "or",
}  # fmt: skip
"""PromQL's own words in these files."""


def served() -> dict[str, set[str]]:
    """Return every metric that `/metrics` can have, with the names of its labels."""
    metrics = Metrics(["slack"], lambda _: True)
    turn = Turn("0" * 16, ThreadKey("slack", "T/C/1"), Person("U", ""), "")
    metrics.accepted(turn)
    metrics.received(turn, 1, 1)
    metrics.showed(turn, text=True, until=float("inf"))
    metrics.end_shown(turn, 1.0)
    metrics.ended(turn, EndReason.ANSWERED, timed=True)
    metrics.plan_decided("slack", "approve", "done")
    metrics.aion_answered("messages", None)
    metrics.requests_of("slack").answered(PlatformRequest("chat.update"), RequestStatus.RATE_LIMITED)
    metrics.received_request("slack", "ok")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "alerts.yml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))["panels"]
    return found


def queries() -> Iterator[tuple[str, str]]:
    """Return every expression, and the template that names labels of its result."""
    for rule in rules():
        yield rule["expr"], " ".join(rule["annotations"].values()).replace("$labels.", "")
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"], target["legendFormat"]


def wrong(expression: str, template: str, metrics: dict[str, set[str]]) -> list[str]:
    """Return what an expression and its template name that no metric in it has."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    names = set(re.findall(r"\baion_bot_\w+", bare))
    labels = set[str]().union(*(metrics.get(name, set()) for name in names))
    used = set(re.findall(r"(\w+)\s*[=!]~?\s*\"\"", bare)) | set(re.findall(r"\{\{\s*(\w+)\s*\}\}", template))
    for listed in re.findall(r"\bby\s*\(([^)]*)\)", bare):
        used |= {one.strip() for one in listed.split(",")}
    left = set(re.findall(r"\b[a-z_]\w*", re.sub(rf"\[{DURATION}\]", "", bare))) - WORDS - names - used
    return sorted((names - metrics.keys()) | (used - labels) | left) + ["no metric"] * (not names)


def test_every_metric_and_label_that_they_name_exists() -> None:
    """Each expression and each legend names metrics and labels of the real `/metrics` alone."""
    metrics, found = served(), list(queries())
    assert len(found) > 20
    for expression, template in found:
        assert wrong(expression, template, metrics) == [], expression


def test_every_expression_is_promql() -> None:
    """A parser of Prometheus' grammar takes each, with an interval for Grafana's own; it refuses what is none."""
    for expression, _ in queries():
        assert promql_parser.parse(expression.replace("$__rate_interval", "5m"))
    for broken in (
        "sum by (",
        "rate(aion_bot_turns_total)",
        "aion_bot_turns_total >> 1",
        "summ(aion_bot_turns_total)",
    ):
        with pytest.raises(ValueError):  # noqa: PT011  # its words are the library's
            promql_parser.parse(broken)


@pytest.mark.parametrize(
    ("expression", "template"),
    [
        ("rate(aion_bot_turns[5m])", ""),
        ('aion_bot_turns_total{result="x"}', ""),
        ("sum by (channel) (aion_bot_turns_total)", ""),
        ("aion_bot_turns_total", "{{ status }}"),
        ("summ(aion_bot_turns_total)", ""),
        ("up", ""),
    ],
)
def test_what_does_not_exist_is_found(expression: str, template: str) -> None:
    """The search finds an unknown metric, label, label of a legend, and function."""
    assert wrong(expression, template, served()) != []


def test_every_metric_is_on_the_dashboard() -> None:
    """Nothing that is measured is left out."""
    shown = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    bases = {re.sub(r"_(bucket|count|sum)$", "", name) for name in served()}
    assert [name for name in sorted(bases) if name not in shown] == []


def test_every_rule_has_the_form_of_prometheus() -> None:
    """Each has a name of its own, an expression, a duration, a severity and what to do; no other key."""
    found = rules()
    assert len({rule["alert"] for rule in found}) == len(found) > 5
    for rule in found:
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(DURATION, rule["for"])
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description"}


def test_panels_do_not_cover_each_other() -> None:
    """Each panel has an id and a place of its own."""
    places = [panel["gridPos"] for panel in panels()]
    assert len({panel["id"] for panel in panels()}) == len(places)
    for a, b in itertools.combinations(places, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart


def test_every_alert_has_its_first_look() -> None:
    """docs/operations.md says of each alert where to look, and names no other."""
    text = (DEPLOY.parent / "docs" / "operations.md").read_text("utf-8")
    assert set(re.findall(r"`(AionBot\w+)`", text)) == {rule["alert"] for rule in rules()}
