"""Inventories of frames in `add-frames`, `check` and `init-config`."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from spacy.util import load_config
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the commands)
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition

XML = """<frameset><roleset id="give.01" name="transfer">
<aliases><alias pos="v">give</alias></aliases>
<roles><role n="0" f="PAG" descr="giver"/><role n="1" f="PPT" descr="thing given"/></roles>
</roleset><roleset id="tell.01" name="pass along information">
<aliases><alias pos="v">tell</alias></aliases>
<roles><role n="2" f="GOL" descr="hearer"/></roles></roleset></frameset>
"""


@pytest.fixture
def run(tmp_path, monkeypatch, roles_path, mini_docs):
    """Function from arguments to a result, in a folder with a pipeline, a corpus and frames."""
    monkeypatch.chdir(tmp_path)
    Path("nlp").symlink_to(roles_path)
    Path("frames").mkdir()
    Path("frames", "a.xml").write_text("<frameset>")
    Path("frames", "give.xml").write_text(XML)
    DocBin(docs=mini_docs(spacy.blank("en").vocab, "train", 20)).to_disk("gold.spacy")

    def command(*arguments):
        return CliRunner().invoke(app, ["seqtag", *map(str, arguments)])

    return command


def test_frames_are_added_to_a_trained_pipeline(run):
    result = run("add-frames", "nlp", "frames", "--output", "new")
    assert result.exit_code == 0, result.output
    assert "Saved the pipeline with 2 rolesets to new" in result.output
    assert "1 thing was left out: frames/a.xml:1: no XML" in result.stderr
    pipe = spacy.load("new").get_pipe("seqtag_srl")
    assert pipe.frames.definition("give.01") == "transfer"
    assert run("add-frames", "nlp", "frames", "--output", "new").exit_code == 1
    found = json.loads(run("add-frames", "nlp", "frames", "-o", "new", "-F", "--json").stdout)
    assert found["rolesets"] == 2
    assert set(found["lacking"]["seqtag_srl"]) == {*pipe.lexicon.rolesets} - {"give.01", "tell.01"}


def test_a_pipeline_without_roles_is_refused(run, trained_path):
    result = run("add-frames", trained_path, "frames", "--output", "new")
    assert result.exit_code == 1
    assert "finds no semantic roles. Give one with seqtag_srl" in result.stderr
    assert not Path("new").exists()
    result = run("add-frames", "nlp", "nothing", "--output", "new")
    assert result.exit_code == 1
    assert "nothing: there is no such file" in result.stderr


def test_check_names_what_the_inventory_lacks(run):
    doc = Doc(spacy.blank("en").vocab, words=["She", "gave", "it", "away", "and", "flew"])
    roles = (("ARG0", 0), ("ARG2", 3), ("C-ARG1", 2))
    arguments = [Argument(at, at + 1, role) for role, at in roles]
    props = [Proposition(1, "give.01", arguments, []), Proposition(5, "fly.01", [], [])]
    set_propositions(doc, [*props, Proposition(3, "V", [], [])], annotated=[(0, 6)])
    DocBin(docs=[doc]).to_disk("own.spacy")
    result = run("check", "own.spacy", "--frames", "frames")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    (line,) = (line for line in lines if "are not in the inventory" in line or "is not in" in line)
    assert "1 of 3 rolesets, those of 1 of 3 predicates, is not in the inventory" in line
    assert line.endswith("fly.01 (1)")
    (line,) = (line for line in lines if "does not give to its roleset" in line)
    assert "1 argument has a role" in line
    assert line.endswith("give.01 ARG2 (1)")
    assert "inventory" not in run("check", "own.spacy").output


def test_init_config_writes_where_the_inventory_is(run, tiny_bert):
    data = ("--train", "gold.spacy", "-F", "-o", "my.cfg")
    config = ("init-config", *data, "--base-model", tiny_bert)
    assert run(*config, "--frames", "frames").exit_code == 0
    frames = load_config("my.cfg")["initialize"]["components"]["srl"]["frames"]
    assert frames == {"@readers": "spacy_seqtag.FrameInventory.v1", "path": "frames"}
    assert "inventory of frames frames: 2 rolesets." in Path("my.cfg").read_text()
    assert run(*config).exit_code == 0
    assert "frames" not in load_config("my.cfg")["initialize"]["components"].get("srl", {})

    result = run(*config, "--frames", "frames", "--tasks", "pos")
    assert result.exit_code == 1
    assert "--frames frames: it is read where a new component for semantic roles" in result.stderr
    further = ("init-config", *data, "--pipeline", "nlp")
    result = run(*further, "--tasks", "srl", "--frames", "frames")
    assert result.exit_code == 1
    assert "use python -m spacy seqtag add-frames" in result.stderr
