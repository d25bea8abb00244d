"""Pipelines of tags and entities side by side, for tests of what both have in common."""

import pytest

from .pos_and_ner import TASKS


@pytest.fixture(params=TASKS)
def task(request):
    """The name of a factory, and of its component."""
    return request.param


@pytest.fixture
def untrained(tiny_bert, make_nlp):
    """Both components, without labels."""
    return make_nlp(tiny_bert)
