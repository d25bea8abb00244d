"""The learning rate's schedule."""

from itertools import islice

import pytest
from spacy.util import registry
from thinc.api import ConfigValidationError

from spacy_seqtag.training.warmup_linear import create_warmup_linear


def test_warm_up_is_a_share_of_the_run():
    rates = list(islice(create_warmup_linear(2.0, warmup=0.2, total_steps=10), 12))
    assert rates[:3] == [0.0, 1.0, 2.0]
    assert rates[2:11] == pytest.approx([2.0 - i / 4 for i in range(9)])
    assert rates[10:] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("warmup", "expected"), [(0.6, [1.0, 0.0]), (0.9, [0.0, 1.0, 0.0]), (0.9, [0.0, 0.5, 1.0, 0.0])]
)
def test_highest_rate_is_reached_in_the_shortest_run(warmup, expected):
    total = len(expected) - 1
    assert list(islice(create_warmup_linear(1.0, warmup, total), total + 1)) == expected


def test_constant_where_the_length_is_not_known():
    assert list(islice(create_warmup_linear(0.5), 3)) == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("warmup", [-0.1, 1.0, 256])
def test_warm_up_that_is_no_share(warmup):
    with pytest.raises(ConfigValidationError, match="a share of the run"):
        create_warmup_linear(1e-4, warmup=warmup)


def test_registered():
    create = registry.get("schedules", "spacy_seqtag.warmup_linear.v1")
    assert create is create_warmup_linear
