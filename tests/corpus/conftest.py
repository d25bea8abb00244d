"""What the tests of corpora share."""

import pytest
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_seqtag.corpus.convert import convert


@pytest.fixture
def run(tmp_path):
    """Function to convert; returns the summary and the Docs."""

    def convert_to_docs(*paths, **kwargs):
        output = tmp_path / "out.spacy"
        summary = convert(paths, output, **kwargs)
        return summary, list(DocBin().from_disk(output).get_docs(Vocab()))

    return convert_to_docs


@pytest.fixture(scope="module")
def propbank(ewt):
    path = ewt / "propbank-release" / "data" / "google" / "ewt"
    if not path.is_dir():
        pytest.skip(f"no PropBank in {path}")
    return path
