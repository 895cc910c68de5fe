"""The metric inventory holds exactly the agreed metrics, each of them readable by Prometheus."""

from __future__ import annotations

import subprocess

import msgspec
import pytest

from monitor.catalogue.faults import faults
from monitor.catalogue.inventory import CATALOGUE, COMMON_LABELS, OWN, CatalogueError, label_names, merge
from monitor.catalogue.ruled import UNITS, name_of
from monitor.model import Kind, Metric
from monitor.serving.exposition.lines import Style, head
from tests.rig.programs import program

# number, name, kind, labels beyond the common ones, direction, tier
TABLE = """
1 golive_media_jitter_seconds histogram direction,codec,source,device L C
2 golive_media_packet_loss_ratio gauge direction,source,device L C
3 golive_media_packets_expected_total counter direction,source N C
4 golive_media_packets_lost_total counter direction,source L C
5 golive_media_round_trip_seconds histogram leg,direction,source,device L C
6 golive_media_one_way_delay_seconds gauge direction,source,device L C
7 golive_media_mos histogram method,direction,source,device H C
8 golive_media_r_factor gauge method,direction,device H C
9 golive_media_burst_loss_density_ratio gauge direction,source,device L C
10 golive_media_jitter_buffer_discard_ratio gauge direction,source,device L C
87 golive_media_quality_alerts_total counter type,severity,direction,source,device L C
11 golive_media_poor_calls_ratio gauge - L C
12 golive_media_one_way_calls_total counter source L C
13 golive_media_silent_calls_total counter cause L C
14 golive_link_up gauge link,role H C
15 golive_link_failover_active gauge link L C
16 golive_link_voice_bytes_per_second gauge link,direction N O
17 golive_link_headroom_ratio gauge link H C
18 golive_softphone_errors_total counter error_type L A
19 golive_softphone_error_ratio gauge - L A
20 golive_calls_total counter direction,outcome N C
81 golive_calls_offered_total counter direction N C
82 golive_calls_accepted_total counter direction N C
83 golive_calls_lost_between_platforms gauge - L C
84 golive_calls_lost_between_platforms_ratio gauge - L C
21 golive_call_answer_seizure_ratio gauge direction H C
22 golive_call_network_effectiveness_ratio gauge - H C
23 golive_call_post_dial_delay_seconds histogram direction L C
24 golive_call_dropped_ratio gauge cause L C
25 golive_calls_concurrent gauge - N O
26 golive_calls_concurrent_quota_ratio gauge - L C
27 golive_calls_rejected_total counter reason L C
28 golive_flow_errors_total counter flow,severity L C
29 golive_test_call_success_ratio gauge scenario H C
30 golive_test_call_setup_seconds gauge scenario L C
31 golive_queue_contacts_waiting gauge - L C
32 golive_queue_oldest_contact_age_seconds gauge - L C
33 golive_queue_estimated_wait_seconds gauge - L C
34 golive_queue_contacts_offered_total counter - N C
35 golive_queue_contacts_answered_total counter - H C
36 golive_queue_contacts_abandoned_total counter short L C
85 golive_queue_balance_error gauge - N C
37 golive_queue_service_level_ratio gauge definition,threshold_seconds H C
38 golive_queue_abandonment_ratio gauge - L C
90 golive_queue_average_answer_seconds gauge - L C
91 golive_queue_average_handle_seconds gauge - L A
92 golive_queue_average_after_contact_work_seconds gauge - L A
39 golive_queue_answer_seconds histogram - L C
86 golive_queue_abandon_seconds histogram - N C
40 golive_queue_handle_seconds histogram - L A
41 golive_queue_after_contact_work_seconds histogram - L A
42 golive_queue_transfer_ratio gauge - L C
43 golive_first_contact_resolution_ratio gauge case_template H C
44 golive_customer_satisfaction_ratio gauge - H C
45 golive_agents gauge state N A
46 golive_agents_planned gauge - N A
47 golive_agents_ready_ratio gauge - H A
48 golive_agent_login_success_ratio gauge - H A
49 golive_agent_occupancy_ratio gauge team N A
50 golive_agent_adherence_ratio gauge team H A
51 golive_agent_shrinkage_ratio gauge team L A
52 golive_agent_missed_offers_ratio gauge team L A
93 golive_agent_missed_contacts_total counter - L C
53 golive_agent_certified_ratio gauge - H A
54 golive_integration_up gauge integration H A
55 golive_integration_request_seconds histogram integration,operation L A
88 golive_integration_phase_seconds gauge integration,operation,phase L A
56 golive_integration_requests_total counter integration,operation,outcome N A
57 golive_integration_error_ratio gauge integration L A
58 golive_screen_pop_seconds histogram integration L A
59 golive_screen_pop_success_ratio gauge integration H A
60 golive_tls_certificate_expiry_timestamp_seconds gauge endpoint H O
89 golive_tls_version gauge endpoint H O
61 golive_recording_failures_total counter - L O
62 golive_reconciliation_records gauge entity,side N A
63 golive_reconciliation_mismatch_ratio gauge entity,kind L A
64 golive_mfa_enrolled_ratio gauge role H O
65 golive_audit_log_lag_seconds gauge - L O
66 golive_vendor_incidents_open gauge vendor,severity L O
67 golive_vendor_response_sla_used_ratio gauge vendor,severity L O
68 golive_baseline_deviation_ratio gauge metric N C
69 golive_cutover_phase gauge phase N O
70 golive_gate_state gauge gate,state N O
71 golive_rollback_window_remaining_seconds gauge - H O
72 golive_dual_run_seconds gauge - L O
73 golive_alerts_firing gauge severity,tier L O
74 golive_runbook_runs_total counter runbook,outcome N O
75 golive_runbook_step_seconds histogram runbook,step L O
76 golive_collector_up gauge collector,source H O
77 golive_collector_last_success_timestamp_seconds gauge collector H O
78 golive_collector_errors_total counter collector,kind L O
79 golive_collector_sample_lag_seconds gauge collector L O
80 golive_dropped_samples_total counter collector,reason L O
"""

ROWS = [line.split() for line in TABLE.strip().splitlines()]
_DIRECTION = {"H": "high", "L": "low", "N": "neutral"}
_TIER = {"C": "customer", "A": "agent", "O": "operator"}


def user_metric(**changes: object) -> Metric:
    """A user's metric that is in order, but for the changes."""
    base = Metric(name="acme_lifts_waiting", kind=Kind.GAUGE, unit="count", help="Lifts that wait.", labels=("floor",))
    return msgspec.structs.replace(base, **changes)


def test_the_catalogue_is_the_agreed_list_in_its_order():
    """Every agreed name is there, no other is, and the order is the agreed one."""
    ruled = ("seconds", "ratio", "bytes_per_second", "score", "value", "timestamp_seconds", "state")
    assert list(CATALOGUE) == [row[1] for row in ROWS] + [f"golive_ruled_{ending}" for ending in ruled]


def test_what_a_ruler_measured_can_carry_the_labels_that_any_rule_groups_by():
    """An estimate of a rule by any label of the catalogue has a place in which it is told apart."""
    labels = {label for metric in CATALOGUE.values() for label in metric.labels}
    for unit in UNITS:
        metric = CATALOGUE[name_of(unit)]
        assert metric.unit == unit
        assert set(metric.labels) == labels
        assert metric.low < 0 < metric.high


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_each_metric_is_what_was_agreed(row):
    """Kind, labels, direction and tier of a metric are those of the agreed table."""
    _, name, kind, labels, direction, tier = row
    metric = CATALOGUE[name]
    assert metric.kind.value == kind
    assert ",".join(metric.labels) == labels.strip("-")
    assert metric.direction.value == _DIRECTION[direction]
    assert metric.tier.value == _TIER[tier]


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)
def test_each_metric_is_sound(metric):
    """A metric of ours passes the checks that users' metrics must pass, and its help is a sentence."""
    assert faults(metric) == []
    assert metric.help.endswith(".")
    assert len(metric.help) > 15
    assert not set(metric.labels) & set(COMMON_LABELS)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("golive_media_mos", 1.0, 5.0),
        ("golive_media_r_factor", 0.0, 100.0),
        ("golive_queue_service_level_ratio", 0.0, 1.0),
        ("golive_media_packet_loss_ratio", 0.0, 1.0),
        ("golive_link_up", 0.0, 1.0),
    ],
)
def test_ranges_refuse_what_cannot_be(name, low, high):
    """A service level of 140 %, a MOS of 0 and an R of 130 lie outside the range of their metric."""
    assert (CATALOGUE[name].low, CATALOGUE[name].high) == (low, high)


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("golive_media_mos", (3.6, 4.0)),
        ("golive_media_jitter_seconds", (0.02, 0.03)),
        ("golive_media_round_trip_seconds", (0.3, 0.5)),
        ("golive_call_post_dial_delay_seconds", (3.0, 6.0)),
        ("golive_integration_request_seconds", (1.0, 3.0)),
        ("golive_screen_pop_seconds", (2.0, 4.0)),
        ("golive_queue_answer_seconds", (20.0, 60.0)),
    ],
)
def test_a_threshold_is_a_bucket_bound(name, limits):
    """The usual warn and breach limits are bounds, so that a quantile near them is not smeared."""
    assert set(limits) <= set(CATALOGUE[name].bounds)


@pytest.mark.real
def test_promtool_accepts_every_name_and_help():
    """The real promtool has no complaint about any metric of the catalogue."""
    page = []
    for metric in CATALOGUE.values():
        page.append(head(metric.name, metric.kind, metric.help, Style.TEXT))
        if metric.kind is Kind.HISTOGRAM:
            page.append(f'{metric.name}_bucket{{le="+Inf"}} 1\n{metric.name}_sum 1\n{metric.name}_count 1\n')
        else:
            page.append(f"{metric.name} 1\n")
    done = subprocess.run(
        [program("promtool"), "check", "metrics"], input="".join(page), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_users_metric_joins_the_catalogue():
    """A metric of a user's own stands beside ours and may carry the common labels too."""
    merged = merge([user_metric()])
    assert len(merged) == len(CATALOGUE) + 1
    assert label_names(merged["acme_lifts_waiting"]) == {*COMMON_LABELS, "floor"}
    assert "acme_lifts_waiting" not in CATALOGUE


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"name": "golive_agents"}, "already in the catalogue"),
        ({"name": "golive_verdict"}, "golive exports this name itself"),
        ({"name": "golive_calls"}, "golive_calls_total"),
        ({"name": "golive_approvals"}, "golive_approvals_total"),
        ({"name": "Acme"}, "lower case"),
        ({"name": "acme:x"}, "lower case"),
        ({"name": "a" * 121}, "at most 120"),
        ({"name": "process_x"}, "belong to the program"),
        ({"name": "acme_gauge_x"}, "does not say its kind"),
        ({"name": "acme_x_total"}, "counters end in _total"),
        ({"kind": Kind.COUNTER}, "counters end in _total"),
        ({"name": "acme_x_bucket"}, "_bucket has a meaning"),
        ({"name": "acme_x_info"}, "_info has a meaning"),
        ({"unit": "seconds"}, "ends in _seconds"),
        ({"help": "  "}, "no help"),
        ({"labels": ("le",)}, "label 'le'"),
        ({"labels": ("a-b",)}, "label 'a-b'"),
        ({"labels": ("a", "a")}, "named twice"),
        ({"low": 2.0, "high": 1.0}, "low must be below high"),
        ({"high": float("inf")}, "both finite"),
        ({"kind": Kind.COUNTER, "name": "acme_x_total", "low": -1.0}, "never falls below 0"),
        ({"bounds": (1.0,)}, "for histograms only"),
        ({"kind": Kind.HISTOGRAM}, "1 to 40 bounds"),
        ({"kind": Kind.HISTOGRAM, "bounds": tuple(map(float, range(41)))}, "1 to 40 bounds"),
        ({"kind": Kind.HISTOGRAM, "bounds": (2.0, 1.0)}, "must be finite and rise"),
        ({"kind": Kind.HISTOGRAM, "bounds": (1.0, float("inf"))}, "must be finite and rise"),
    ],
)
def test_a_users_metric_that_would_spoil_the_page_is_refused(changes, word):
    """A clash or a definition that Prometheus cannot read is refused with the metric's name and a next step."""
    with pytest.raises(CatalogueError) as caught:
        merge([user_metric(**changes)])
    (name, what), *_ = caught.value.problems
    assert name == changes.get("name", "acme_lifts_waiting")
    assert word in str(caught.value)
    assert "next: " in what


def test_two_user_metrics_of_one_name_are_refused():
    """The second of two entries with one name is refused, not silently preferred."""
    with pytest.raises(CatalogueError, match="already in the catalogue"):
        merge([user_metric(), user_metric()])


def test_what_golive_says_about_itself_is_marked():
    """The metrics a collector may not emit are the last twelve of the agreed table."""
    assert {row[1] for row in ROWS[-12:]} == OWN
