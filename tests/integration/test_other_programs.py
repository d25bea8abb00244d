"""What is exported, read by the programs and libraries that it is meant for.

Those that are not needed for anything else are tested where they are installed.
"""

import json
from collections import Counter
from pathlib import Path

import pytest
from spacy.tokens import Doc
from spacy.training.converters import conll_ner_to_docs, conllu_to_docs
from spacy.vocab import Vocab

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.corpus.export import export

MINI = Path(__file__).parents[2] / "assets" / "mini"
LABELS = ("PER", "ORG", "LOC")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The embedded corpus as a `.spacy` file, and its Docs."""
    path = tmp_path_factory.mktemp("mini") / "dev.spacy"
    convert([MINI / f"dev.{ending}" for ending in ("conllu", "iob2", "gold_conll")], path)
    return path, list(read_docs(path, Vocab()))


@pytest.fixture
def exported(corpus, tmp_path):
    """Function from a format and a file name to the file."""

    def write(name, file):
        export(corpus[0], tmp_path / file, name)
        return tmp_path / file

    return write


def spans(docs):
    return Counter((ent.text, ent.label_) for doc in docs for ent in doc.ents)


def places(docs):
    return [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in docs]


def n_words(docs):
    return sum(map(len, docs))


def test_converters_of_spacy(corpus, exported):
    text = exported("iob2", "dev.iob").read_text("utf8")
    docs = list(conll_ner_to_docs(text, no_print=True))
    assert (spans(docs), n_words(docs)) == (spans(corpus[1]), n_words(corpus[1]))
    text = exported("conllu", "dev.conllu").read_text("utf8")
    docs = list(conllu_to_docs(text, n_sents=10, no_print=True))
    assert [t.tag_ for doc in docs for t in doc] == [t.tag_ for doc in corpus[1] for t in doc]
    assert [t.pos_ for doc in docs for t in doc] == [t.pos_ for doc in corpus[1] for t in doc]


def test_json_of_spacy(corpus, exported):
    lines = exported("jsonl", "dev.jsonl").read_text("utf8").splitlines()
    docs = [Doc(Vocab()).from_json(json.loads(line), validate=True) for line in lines]
    assert places(docs) == places(corpus[1])
    assert [[t.text_with_ws for t in d] for d in docs] == [
        [t.text_with_ws for t in d] for d in corpus[1]
    ]


def test_conllu_package(corpus, exported):
    conllu = pytest.importorskip("conllu")
    with exported("conllu", "dev.conllu").open(encoding="utf8") as file:
        sentences = list(conllu.parse_incr(file))
    tokens = [token for sentence in sentences for token in sentence]
    assert [t["form"] for t in tokens] == [t.text for doc in corpus[1] for t in doc]
    ids = [sentence.metadata["sent_id"] for sentence in sentences]
    assert ids == [sent_id for doc in corpus[1] for sent_id in doc.user_data["sent_ids"]]
    misc = [token["misc"] or {} for token in tokens]
    assert Counter(keys["Roleset"] for keys in misc if "Roleset" in keys) == Counter(
        span.label_ for doc in corpus[1] for span in doc.spans["predicates"]
    )
    assert [keys["NER"] for keys in misc] == [
        f"{t.ent_iob_}-{t.ent_type_}".rstrip("-") for doc in corpus[1] for t in doc
    ]


def test_scores_of_seqeval(corpus, exported):
    metrics = pytest.importorskip("seqeval.metrics")
    lines = exported("iob2", "dev.iob2").read_text("utf8").splitlines()
    tags = [line.partition("\t")[2] for line in lines if line and not line.startswith("-DOCSTART-")]
    own = [f"{t.ent_iob_}-{t.ent_type_}".rstrip("-") for doc in corpus[1] for t in doc]
    report = metrics.classification_report([own], [tags], output_dict=True)
    assert report["micro avg"]["f1-score"] == 1.0
    assert report["micro avg"]["support"] == spans(corpus[1]).total()


@pytest.mark.parametrize(
    ("name", "builder"),
    [
        ("parquet", "parquet"),
        *((name, "json") for name in ("tokens", "jsonl", "prodigy", "doccano", "gliner")),
    ],
)
def test_datasets(corpus, exported, tmp_path, name, builder):
    datasets = pytest.importorskip("datasets")
    data = datasets.load_dataset(
        builder,
        data_files=str(exported(name, f"dev.{builder}")),
        split="train",
        cache_dir=str(tmp_path / "cache"),
    )
    assert len(data) == len(corpus[1])
    key = {"jsonl": "ents", "prodigy": "spans", "doccano": "label", "gliner": "ner"}.get(name)
    if key is None:
        assert data["tokens"][:] == [[token.text for token in doc] for doc in corpus[1]]
        tags = [tag for row in data["ner"] for tag in row]
        assert sum(tag[:2] == "B-" for tag in tags) == spans(corpus[1]).total()
    else:
        assert sum(map(len, data[key])) == spans(corpus[1]).total()


def test_exports_of_label_studio(corpus, exported, tmp_path):
    """Its converter makes its other exports of ours: they have the same spans."""
    module = pytest.importorskip("label_studio_sdk.converter.converter")
    values = "".join(f'<Label value="{label}"/>' for label in LABELS)
    labels = f'<Labels name="label" toName="text">{values}</Labels>'
    config = f'<View>{labels}<Text name="text" value="$text"/></View>'
    converter = module.Converter(config, project_dir=str(tmp_path), download_resources=False)
    tasks = str(exported("label-studio", "dev.json"))
    for name, write in (
        ("full", converter.convert_to_json),
        ("min", converter.convert_to_json_min),
    ):
        write(tasks, str(tmp_path / name), is_dir=False)
        convert([tmp_path / name / "result.json"], tmp_path / "back.spacy")
        back = list(read_docs(tmp_path / "back.spacy", Vocab()))
        assert [doc.text for doc in back] == [doc.text for doc in corpus[1]]
        assert places(back) == places(corpus[1])
    converter.convert_to_conll2003(tasks, str(tmp_path / "conll"), is_dir=False)
    summary = convert([tmp_path / "conll" / "result.conll"], tmp_path / "back.spacy")
    assert summary.entities == Counter(ent.label_ for doc in corpus[1] for ent in doc.ents)
