"""The E-model against the tables of the design and of ITU-T."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.quality.codecs import G711, G711_BARE, G729, codec_named, packet_time
from monitor.quality.emodel import (
    band,
    delay_impairment,
    delay_impairment_full,
    mos,
    mouth_to_ear,
    rating,
    rating_of,
)

_TABLE = [
    (20, G711, 0, 92.72, 4.40),
    (20, G711, 1, 89.08, 4.32),
    (20, G711, 3, 82.58, 4.12),
    (20, G711, 5, 76.94, 3.90),
    (20, G729, 0, 81.72, 4.09),
    (20, G729, 1, 77.52, 3.93),
    (20, G729, 3, 70.27, 3.61),
    (150, G711, 0, 89.60, 4.33),
    (150, G711, 1, 85.96, 4.23),
    (150, G711, 3, 79.46, 4.00),
    (150, G711, 5, 73.82, 3.77),
    (150, G729, 0, 78.60, 3.97),
    (150, G729, 1, 74.40, 3.80),
    (150, G729, 3, 67.15, 3.46),
    (300, G711, 0, 72.50, 3.71),
    (300, G711, 1, 68.86, 3.54),
    (300, G711, 3, 62.36, 3.22),
    (300, G711, 5, 56.72, 2.93),
    (300, G729, 0, 61.50, 3.18),
    (300, G729, 1, 57.30, 2.96),
    (300, G729, 3, 50.05, 2.58),
    (20, G711_BARE, 1, 74.80, 3.81),
    (20, G711_BARE, 3, 53.68, 2.77),
]


@pytest.mark.parametrize(("delay", "codec", "percent", "r", "score"), _TABLE)
def test_reference_values(delay, codec, percent, r, score):
    """Every value of the reference table comes out to its last printed digit."""
    computed = rating(delay / 1000, percent / 100, codec=codec)
    assert computed == pytest.approx(r, abs=0.0051)
    assert mos(computed) == pytest.approx(score, abs=0.0051)


@pytest.mark.parametrize(
    ("ms", "simple", "full"), [(150, 3.600, 0.164), (200, 7.297, 3.044), (300, 20.697, 14.761), (400, 34.097, 24.070)]
)
def test_both_delay_impairments(ms, simple, full):
    """The simplified and the full delay impairment have the values printed for them."""
    assert delay_impairment(ms / 1000) == pytest.approx(simple, abs=0.0006)
    assert delay_impairment_full(ms / 1000) == pytest.approx(full, abs=0.0006)


@given(st.floats(0, 1.0))
def test_simplified_is_never_milder(delay):
    """The chosen delay impairment warns at least as early as the full one, up to a second of delay."""
    assert delay_impairment(delay) >= delay_impairment_full(delay) - 1e-9


@given(st.floats(0, 2), st.floats(0, 2), st.floats(0, 1), st.floats(0, 1), st.floats(1, 8))
def test_worse_network_never_scores_better(delay, more_delay, loss, more_loss, burst):
    """More delay or more loss never raises R, nor the opinion score."""
    before = rating(delay, loss, burst=burst)
    after = rating(delay + more_delay, min(1.0, loss + more_loss), burst=burst)
    assert after <= before + 1e-9
    assert mos(after) <= mos(before) + 1e-9


@given(st.floats(0, 5), st.floats(0, 1), st.floats(1, 100))
def test_range(delay, loss, burst):
    """R stays within 0 and 100 and the score within 1 and 4.5, whatever the network does."""
    r = rating(delay, loss, burst=burst)
    assert 0 <= r <= 100
    assert 1 <= mos(r) <= 4.5


@given(st.floats(6.6, 99.9))
def test_inverse(r):
    """A rating comes back from its score."""
    back = rating_of(mos(r))
    assert back is not None
    assert mos(back) == pytest.approx(mos(r), abs=1e-6)


@pytest.mark.parametrize("score", [0.99, 4.51, 5.0])
def test_scores_without_a_rating(score):
    """A score that the formula cannot make has no R."""
    assert rating_of(score) is None


@pytest.mark.parametrize(
    ("r", "score", "words"),
    [
        (90, 4.34, "very satisfied"),
        (80, 4.02, "satisfied"),
        (70, 3.60, "some users dissatisfied"),
        (60, 3.10, "many users dissatisfied"),
        (50, 2.58, "nearly all users dissatisfied"),
        (49.9, 2.57, "not recommended"),
    ],
)
def test_bands(r, score, words):
    """The bands of G.109 begin where its table says."""
    assert mos(r) == pytest.approx(score, abs=0.0051)
    assert band(r) == words


def test_burst_loss_is_worse_than_random_loss():
    """The same share of loss costs more when it comes in bursts."""
    assert rating(0.05, 0.03, burst=3.0) < rating(0.05, 0.03)


def test_mouth_to_ear_adds_every_part():
    """Half of 100 ms, a buffer of twice 10 ms and a packet of 20 ms are 90 ms."""
    assert mouth_to_ear(0.100, 0.010) == pytest.approx(0.090)
    assert mouth_to_ear(0.100, 0.010, codec=G729) == pytest.approx(0.095)


@pytest.mark.parametrize(
    ("codec", "packets", "size", "seconds"),
    [
        ("PCMU", 385, 66220, 0.020),
        ("PCMA", 100, 100 * (12 + 240), 0.030),
        ("PCMU", 100, 100 * (12 + 160 + 10), 0.020),
        ("opus", 100, 12000, None),
        ("PCMU", 0, 0, None),
        ("PCMU", 10, 100, None),
    ],
)
def test_packet_time_from_weight(codec, packets, size, seconds):
    """The packet time of a constant-rate codec is read from what its packets weigh, SRTP or not."""
    assert packet_time(codec, packets, size) == seconds


def test_unknown_codec_counts_as_g711():
    """A codec without figures is judged by the network alone."""
    assert codec_named("x-unheard-of") == G711
