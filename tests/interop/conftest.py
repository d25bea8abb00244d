"""Tiny models of transformers, saved once."""

import pytest

from .architectures import ARCHITECTURES


@pytest.fixture(scope="session")
def texts(mini):
    return [sent["text"] for sent in mini["train"]]


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory, texts, one_thread):
    """Function (name, labels) to the folder of a tiny model, see `ARCHITECTURES`."""
    known = {}

    def save(name="bert", labels=None):
        key = name, tuple(labels or ())
        if key not in known:
            folder = tmp_path_factory.mktemp("hf") / name
            known[key] = ARCHITECTURES[name].save(folder, texts, labels)
        return known[key]

    return save
