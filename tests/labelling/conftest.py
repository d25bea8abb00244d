"""The script that plants errors, and a pipeline that knows many sentences by heart."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "plant_errors.py"


@pytest.fixture(scope="session")
def planting():
    """The module scripts/plant_errors.py."""
    spec = spec_from_file_location("plant_errors", SCRIPT)
    module = module_from_spec(spec)
    sys.modules["plant_errors"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def knowing_path(tmp_path_factory, tiny_bert, make_nlp, mini_examples, train):
    """Folder of a pipeline of all tasks that has learned sixty sentences as they should be."""
    nlp = make_nlp(tiny_bert, ("sentencizer", "seqtag_pos", "seqtag_ner", "seqtag_srl"))
    examples = mini_examples(nlp, 60)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 100)
    path = tmp_path_factory.mktemp("knowing")
    nlp.to_disk(path)
    return path
