"""The alerts for Prometheus: each fires on what it is for, none on a line that is well, and each has its section."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ivr.machine import config
from ivr.processes import pool
from ivr.processes.tools import Tools
from ivr.store import Store
from ivr.usecases.jobs import QUEUES
from tests.desk import NOW, ask
from tests.line import Line
from tests.needed import needs
from tests.rest import show_alive

RULES = config.ROOT / "scripts" / "deploy" / "prometheus.rules.yml"
ALERTS = [rule["alert"] for rule in YAML(typ="safe").load(RULES.read_text())["groups"][0]["rules"]]
#: A line that is well, as series over half an hour.
WELL = {
    'up{job="line"}': "1x60", 'probe_success{job="line-from-outside"}': "1x60", "ivr_redis_up": "1x60",
    'ivr_worker_alive{post="ivr"}': "1x60", "ivr_figures_age_seconds": "5x60", "ivr_trouble_total": "3x60",
    "ivr_refused_total": "0+0.1x60", 'ivr_turn_seconds_bucket{le="0.5"}': "0+10x60",
    'ivr_turn_seconds_bucket{le="1.0"}': "0+10x60", 'ivr_turn_seconds_bucket{le="+Inf"}': "0+10x60",
    "ivr_spool_oldest_seconds": "0x60", "ivr_spool_damaged": "0x60",
    "ivr_urgent_oldest_seconds": "600x60", "ivr_requests_late": "0x60", "ivr_messages_unheard": "0x60",
    'ivr_oldest_job_seconds{queue="ivr"}': "2x60", 'ivr_jobs_failed{queue="ivr"}': "0x60", "ivr_alerts_unsent": "0x60",
    'ivr_rest_errors_total{code="20003"}': "7x60", "ivr_prompts_without_sound_total": "2x60",
    "ivr_sound_missing_total": "0x60", "ivr_bank_holidays_end_timestamp_seconds": f"{400 * 86400}x60",
    'probe_ssl_earliest_cert_expiry{job="line-from-outside"}': f"{60 * 86400}x60",
}  # fmt: skip
#: What each alert is for: what is other than on a line that is well. None: the series is not there.
ILL: dict[str, dict[str, str | None]] = {
    "LineDown": {'up{job="line"}': "0x60"},
    "CallsFail": {"ivr_trouble_total": "0+1x60"},
    "WebhooksRefused": {"ivr_refused_total": "0+5x60"},
    "TurnsSlow": {'ivr_turn_seconds_bucket{le="0.5"}': "0+9x60"},
    "RedisAway": {"ivr_redis_up": "0x60", "ivr_figures_age_seconds": None},
    "SpoolNotEmpty": {"ivr_spool_oldest_seconds": "0+30x60"},
    "SpoolDamaged": {"ivr_spool_damaged": "1x60"},
    "WorkerDead": {'ivr_worker_alive{post="ivr"}': "0x60"},
    "WorkerHeldUp": {"ivr_figures_age_seconds": "0+30x60"},
    "UrgentWaits": {"ivr_urgent_oldest_seconds": "3700x60"},
    "PromisesLate": {"ivr_requests_late": "2x60"},
    "MessagesUnheard": {"ivr_messages_unheard": "1x60"},
    "TextsFail": {'ivr_oldest_job_seconds{queue="ivr"}': "0+30x60"},
    "AlertsFail": {"ivr_alerts_unsent": "1x60"},
    "TwilioRefuses": {'ivr_rest_errors_total{code="20003"}': "0+1x60"},
    "SoundsMissing": {"ivr_prompts_without_sound_total": "0+1x60"},
    "BankHolidaysEnd": {"ivr_bank_holidays_end_timestamp_seconds": f"{30 * 86400}x60"},
    "CertificateEnds": {'probe_ssl_earliest_cert_expiry{job="line-from-outside"}': f"{9 * 86400}x60"},
    "WayBroken": {'probe_success{job="line-from-outside"}': "0x60"},
}


def _case(changed: Mapping[str, str | None], expected: list[str]) -> dict[str, object]:
    series = {name: values for name, values in {**WELL, **changed}.items() if values}
    return {
        "interval": "30s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "25m",
                "exp_samples": [
                    {"labels": f'{{alertname="{name}"}}', "value": 1} for name in expected
                ],
            }
        ],
    }  # fmt: skip


def test_each_alert_fires_on_what_it_is_for_and_none_on_a_line_that_is_well(tmp_path: Path) -> None:
    program = shutil.which("promtool")
    needs(program, "promtool is needed to try the alerts")
    cases = [_case({}, []), *(_case(ILL[name], [name]) for name in ALERTS)]
    file = tmp_path / "cases.yml"
    with file.open("w") as handle:
        YAML().dump({"rule_files": [str(RULES)], "evaluation_interval": "30s", "tests": cases}, handle)

    tried = subprocess.run([str(program), "test", "rules", str(file)], capture_output=True, text=True, check=False)

    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_each_alert_has_a_section_that_says_what_to_do() -> None:
    page = (config.ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=\n## |\Z)", page, re.MULTILINE | re.DOTALL))

    assert sorted(sections) == sorted(ALERTS)
    severe = {rule["alert"] for rule in YAML(typ="safe").load(RULES.read_text())["groups"][0]["rules"]
              if rule["labels"]["severity"] == "page"}  # fmt: skip
    assert {name for name, words in sections.items() if words.startswith("**page.**")} == severe


@pytest.fixture
def told(line: Line, store: Store, tools: Tools) -> str:
    """The metrics of a line for which an urgent caller waits."""
    show_alive(store)
    ask(store, 1, urgent=True)
    pool._tell_figures(tools, pool.Upkeep(store), time.time())
    return line.client.get("/metrics").text


def test_each_metric_of_an_alert_exists(told: str) -> None:
    named = set(re.findall(r"\bivr_[a-z_]+", RULES.read_text()))
    queues = set(re.findall(r'queue="([^"]+)"', RULES.read_text()))

    there = set(re.findall(r"^# TYPE (ivr_[a-z_]+)", told, re.MULTILINE))
    assert {re.sub(r"_bucket$", "", name) for name in named} <= there
    assert queues <= set(QUEUES)


def test_how_long_an_urgent_caller_waits_is_told(told: str) -> None:
    (waits,) = re.findall(r"^ivr_urgent_oldest_seconds (.*)$", told, re.MULTILINE)

    assert float(waits) == pytest.approx(time.time() - NOW, rel=0.01)


def test_nobody_urgent_means_nobody_waits(line: Line, store: Store, tools: Tools) -> None:
    ask(store, 1)
    pool._tell_figures(tools, pool.Upkeep(store), time.time())

    assert "\nivr_urgent_oldest_seconds 0.0\n" in line.client.get("/metrics").text


def test_the_last_known_bank_holiday_is_told(line: Line) -> None:
    (ends,) = re.findall(
        r"^ivr_bank_holidays_end_timestamp_seconds (.*)$", line.client.get("/metrics").text, re.MULTILINE
    )

    assert float(ends) > time.time()
