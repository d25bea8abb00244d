"""Two tiny teachers of all tasks, which know some sentences well and others hardly."""

import pytest
from thinc.api import Adam, fix_random_seed

PIPES = ("sentencizer", "seqtag_pos", "seqtag_ner", "seqtag_srl")


@pytest.fixture(scope="session")
def teacher_paths(tmp_path_factory, tiny_bert, make_nlp, mini_examples):
    """Folders of two pipelines that learned the same sentences, one of them some more often."""
    folder = tmp_path_factory.mktemp("teachers")
    for seed in (0, 1):
        nlp = make_nlp(tiny_bert, PIPES)
        examples = mini_examples(nlp, 8)
        nlp.initialize(lambda examples=examples: examples)
        fix_random_seed(seed)
        sgd = Adam(0.005, L2=0.0)
        for step in range(70):
            nlp.update(examples[seed * (step % 2) :], sgd=sgd, losses={})
        nlp.to_disk(folder / str(seed))
    return [str(folder / str(seed)) for seed in (0, 1)]


@pytest.fixture
def raw(tmp_path, mini):
    """A file of raw text, with empty lines."""
    path = tmp_path / "raw.txt"
    texts = [sent["text"] for sent in mini["train"][:12]]
    path.write_text("\n".join([*texts[:6], "", "  ", *texts[6:]]) + "\n", "utf8")
    return path
