"""`python -m spacy seqtag init-config`."""

import shutil
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from spacy.util import load_config
from transformers import AutoConfig, AutoModel
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)
from spacy_seqtag.corpus.convert import convert

MINI = Path(__file__).parents[2] / "assets" / "mini"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Folder of corpora: with all layers, with some, and of one sentence a document."""
    folder = tmp_path_factory.mktemp("data")
    for split in ("train", "dev"):
        files = [MINI / f"{split}.{ending}" for ending in ("conllu", "iob2", "gold_conll")]
        convert(files, folder / f"{split}.spacy")
        convert(files[:1], folder / f"{split}-words.spacy")
        convert(files[1:2], folder / f"{split}-ents.spacy", docs_by="sentence")
    return folder


@pytest.fixture
def run(data, tmp_path, monkeypatch, tiny_bert):
    """Function from options to a result of the command, in a folder with the corpora."""
    for path in data.glob("*.spacy"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)

    def command(*options, base_model=tiny_bert, output="my.cfg", ok=True):
        arguments = ["seqtag", "init-config", "--base-model", base_model, "--output", output]
        result = CliRunner().invoke(app, [*arguments, *options])
        assert (result.exit_code == 0) == ok, result.output
        return result

    return command


def one_line(result):
    (line,) = result.output.strip().splitlines()
    assert result.exit_code == 1
    return line


def test_config_runs_as_it_is(run, tmp_path):
    result = run("--train", "train.spacy", "--dev", "dev.spacy")
    assert "python -m spacy seqtag train my.cfg -o training\n" in result.output
    config = load_config("my.cfg")
    assert config["nlp"]["pipeline"] == ["transformer", "senter", "pos", "ner", "srl"]
    assert config["nlp"]["lang"] == "en"
    assert config["components"]["transformer"]["model"]["word_case"] is True
    text = Path("my.cfg").read_text("utf8")
    assert "# - train.spacy: 30 documents, 221 sentences, 3,522 words: about 2,000 steps" in text
    assert "# - entities: 3 labels: LOC (87), PER (71), ORG (46).\n" in text
    result = CliRunner().invoke(app, ["debug", "config", "my.cfg"])
    assert result.exit_code == 0, result.output
    assert "Config is valid" in result.output
    short = ["--training.max_steps", "2", "--training.eval_frequency", "2"]
    result = CliRunner().invoke(app, ["train", "my.cfg", "-o", "training", *short])
    assert result.exit_code == 0, result.output
    assert spacy.load(tmp_path / "training" / "model-best").pipe_names[-1] == "srl"


def test_tasks_are_those_of_the_data(run):
    run("--train", "train-ents.spacy")
    config = load_config("my.cfg")
    assert config["nlp"]["pipeline"] == ["transformer", "ner"]
    assert "sentence boundaries cannot be learned" in " ".join(
        Path("my.cfg").read_text("utf8").replace("#", "").split()
    )
    assert config["paths"]["dev"] is None
    assert "--paths.dev dev.spacy" in Path("my.cfg").read_text("utf8")
    run("--train", "train.spacy", "--tasks", "srl, ner", "--force")
    assert load_config("my.cfg")["nlp"]["pipeline"] == ["transformer", "senter", "ner", "srl"]


def test_tags_where_there_are_no_universal_ones(run, tmp_path):
    vocab = spacy.blank("en").vocab
    DocBin(docs=[Doc(vocab, words=["a", "b"], tags=["DT", "NN"])]).to_disk(tmp_path / "t.spacy")
    result = run("--train", "t.spacy", "--dev", "train.spacy")
    config = load_config("my.cfg")
    assert config["components"]["pos"]["layer"] == "tag"
    assert config["training"]["score_weights"]["tag_acc"] == 1.0
    assert config["nlp"]["lang"] == "xx"
    assert "fewer than 100 sentences" in result.output
    run("--train", "t.spacy", "--lang", "de", "--force")
    assert load_config("my.cfg")["nlp"]["lang"] == "de"
    line = one_line(run("--train", "train.spacy", "--dev", "t.spacy", "--force", ok=False))
    assert "t.spacy: no parts of speech (pos) are annotated in it" in line
    assert "be evaluated on (it has: tags (tag))" in line


def save_words(path, *docs):
    """Save Docs of words, each with the BIO tags of its entities."""
    vocab = spacy.blank("en").vocab
    made = [Doc(vocab, words=[w for w, _ in doc], ents=[tag for _, tag in doc]) for doc in docs]
    DocBin(docs=made).to_disk(path)


def test_entities_alone_get_a_share(run):
    words = [("Ann", "B-PER"), *(("went", None),) * 8, ("Oslo", "B-LOC")]
    save_words("alone.spacy", words)
    save_words("dense.spacy", [("Ann", "B-PER"), ("Bo", "B-PER"), ("left", None)])
    save_words("known.spacy", words, [("They", "O"), ("left", "O")])
    for name, share in (("alone", 0.2), ("dense", 0.67), ("known", None)):
        run("--train", f"{name}.spacy", "--force")
        assert load_config("my.cfg")["components"]["ner"]["entity_share"] == share
        text = Path("my.cfg").read_text("utf8")
        assert ("so entity_share is" in text) == (share is not None)
        assert ("# So it is here: in news and web text" in text) == (share is not None)
    save_words("rare.spacy", [("Ann", "B-PER"), *(("went", None),) * 30])
    result = run("--train", "rare.spacy", "--force")
    assert load_config("my.cfg")["components"]["ner"]["entity_share"] == 0.1
    assert "entity_share is 0.1: set it to the share of words in entities" in result.output


def test_encoder_that_reads_case(run, tiny_roberta):
    run("--train", "train.spacy", "--gpu", base_model=tiny_roberta)
    config = load_config("my.cfg")
    assert config["components"]["transformer"]["model"]["word_case"] is False
    assert "-o training --gpu-id 0" in Path("my.cfg").read_text("utf8")


@pytest.mark.parametrize(("kind", "layers"), [("albert", 0), ("bert", 1)])
def test_top_layers_begin_anew_where_there_are_such(run, tiny_bert, tmp_path, kind, layers):
    """Every step of an ALBERT is the same layer."""
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_bert, folder)
    size = AutoConfig.from_pretrained(tiny_bert).to_dict()
    names = ("vocab_size", "hidden_size", "num_attention_heads", "intermediate_size")
    config = AutoConfig.for_model(kind, **{name: size[name] for name in names}, embedding_size=8)
    AutoModel.from_config(config).save_pretrained(folder)
    result = run("--train", "train.spacy", "--tasks", "pos", base_model=str(folder))
    text = "does not keep its layers in one list, so reinit_layers is 0."
    assert (text in result.output) == (layers == 0)
    config = load_config("my.cfg")
    assert config["components"]["transformer"]["model"]["reinit_layers"] == layers
    short = ["--training.max_steps", "1", "--paths.dev", "dev.spacy"]
    result = CliRunner().invoke(app, ["train", "my.cfg", *short])
    assert result.exit_code == 0, result.output


def test_standard_output(run):
    result = run("--train", "train.spacy", output="-")
    assert result.stdout.startswith("# Sentences, parts of speech")
    assert "[training.optimizer]" in result.stdout
    assert not Path("-").exists()


def test_a_config_that_is_there_stays(run):
    Path("my.cfg").write_text("mine")
    line = one_line(run("--train", "train.spacy", ok=False))
    assert "my.cfg is there already. Give --overwrite" in line
    assert Path("my.cfg").read_text() == "mine"
    assert run("--train", "train.spacy", "--force", "--quiet").output == ""
    assert "[training]" in Path("my.cfg").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--train", "train-words.spacy", "--tasks", "pos,ner"), "no named entities are annotated"),
        (("--train", "train-ents.spacy", "--tasks", "srl"), "no semantic roles are annotated"),
        (("--train", "train-ents.spacy", "--tasks", "srl"), "(it has: entities)"),
        (
            ("--train", "train.spacy", "--dev", "dev-words.spacy"),
            "dev-words.spacy: no entities are annotated in it, so there is nothing for ner to be",
        ),
        (("--train", "train.spacy", "--tasks", "pos,parser"), "'parser' is no task"),
        (("--train", "train.spacy", "--tasks", ","), "there is no task in it. Give some of pos"),
        (("--train", "train.spacy", "--lang", "qq"), "--lang qq: spaCy knows no such language"),
        (("--train", "none.spacy"), "none.spacy: there is no such file"),
        (("--train", "damaged.spacy"), "damaged.spacy: this is no .spacy file"),
        (("--train", "empty.spacy"), "empty.spacy: there is no document with words"),
        (("--train", "bare.spacy"), "bare.spacy: no layer is annotated"),
    ],
)
def test_what_cannot_be(run, options, message):
    vocab = spacy.blank("en").vocab
    Path("damaged.spacy").write_bytes(b"x")
    DocBin(docs=[Doc(vocab)]).to_disk("empty.spacy")
    DocBin(docs=[Doc(vocab, words=["a"])]).to_disk("bare.spacy")
    assert message in one_line(run(*options, ok=False))
    assert not Path("my.cfg").exists()


def test_no_such_encoder(run):
    line = one_line(run("--train", "train.spacy", base_model="./nowhere", ok=False))
    assert "--base-model ./nowhere: there is no such folder" in line
