"""Of which labels entities were looked for, where nobody says."""

import warnings

import pytest

from spacy_seqtag.partial import looked_for

CONFIG = {
    "training": {"train_corpus": "corpora.train", "dev_corpus": "corpora.dev"},
    "corpora": {"train": {"entity_labels": []}, "dev": {"entity_labels": ["PER", "LOC"]}},
}


@pytest.mark.parametrize(
    ("corpus", "labels"), [("train_corpus", []), ("dev_corpus", ["PER", "LOC"])]
)
def test_as_the_config_says(corpus, labels):
    with pytest.warns(UserWarning, match="give --entity-labels"):
        assert looked_for(CONFIG, corpus, None) == labels


@pytest.mark.parametrize(
    ("given", "labels"), [("*", None), ("-", []), ("PER, ORG", ["PER", "ORG"])]
)
def test_as_the_user_says(given, labels):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert looked_for(CONFIG, "dev_corpus", given) == labels


@pytest.mark.parametrize(
    "config",
    [{}, {"training": {}}, {"training": {"dev_corpus": "corpora.dev"}, "corpora": {}},
     {"training": {"dev_corpus": "corpora.dev"}, "corpora": {"dev": {"entity_labels": None}}}],
)  # fmt: skip
def test_nothing_is_said(config):
    assert looked_for(config, "dev_corpus", None) is None


def test_empty_label():
    with pytest.raises(ValueError, match=r"--entity-labels 'PER,' has an empty label.*\* for all"):
        looked_for(CONFIG, "dev_corpus", "PER,")
