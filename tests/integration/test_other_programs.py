"""What is exported, read by the programs and libraries that it is meant for.

Those that are not needed for anything else are tested where they are installed.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from spacy.tokens import Doc, DocBin, Span
from spacy.training.converters import conll_ner_to_docs, conllu_to_docs
from spacy.vocab import Vocab

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.corpus.export import export
from spacy_seqtag.labelling.export import write_rows
from spacy_seqtag.labelling.sentence import Label, Sentence, Word

MINI = Path(__file__).parents[2] / "assets" / "mini"
LABELS = ("PER", "ORG", "LOC")
DOCCANO = Path(__file__).parents[1] / "corpus" / "formats" / "doccano"


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


@pytest.fixture(scope="module")
def doccano(corpus, tmp_path_factory):
    """Folder with what doccano exports: the projects of the sample files, and imports of ours."""
    python = os.environ.get("SEQTAG_DOCCANO", sys.executable)
    looks = "from importlib.metadata import version; version('doccano')"
    if subprocess.run([python, "-c", looks], capture_output=True).returncode:
        pytest.skip("no doccano here (set SEQTAG_DOCCANO to the Python of an environment with it)")
    folder = tmp_path_factory.mktemp("doccano")
    nested = Doc(Vocab(), ["New", "York", "City", "😀", "Ann"], [True] * 4 + [False])
    nested.set_ents([Span(nested, 0, 3, "LOC"), Span(nested, 4, 5, "PER")], default="outside")
    nested.spans["gold"] = [*nested.ents, Span(nested, 0, 2, "LOC")]
    docs = [*corpus[1], Doc(Vocab(), ["Nobody", "looked"], [True, False]), nested]
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "corpus.spacy")
    export(folder / "corpus.spacy", folder / "corpus.jsonl", "doccano")
    words = [Word("Ann", 0, 3, True), Word("came", 4, 8, True), Word("and", 9, 12, True)]
    words.append(Word("left", 13, 17, False))
    ann, came, left = (
        Label(label, i, i, words[i].start, words[i].end, 0.5)
        for i, label in ((0, "ARG0"), (1, "come.01"), (3, "leave.01"))
    )
    frames = [(came, [ann]), (left, [ann])]
    text = "Ann came and left"
    sentence = Sentence(text, words, 0.25, {}, {}, np.zeros(1), {}, [ann], frames)
    for layer in ("ents", "roles"):
        (folder / f"{layer}.jsonl").write_bytes(write_rows([sentence], "doccano", [layer]))
    options = {"collaborative_annotation": True, "allow_overlapping": True}
    project = {"type": "SequenceLabeling", "task": "SequenceLabeling", "options": options}
    order = json.loads((DOCCANO / "order.json").read_text("utf8"))
    for name in ("corpus", "ents", "roles"):
        order[name] = {**project, "import": str(folder / f"{name}.jsonl")}
    order["roles"]["task"] = "RelationExtraction"
    order["roles"]["options"] = {**options, "use_relation": True}
    (folder / "order.json").write_text(json.dumps(order), "utf8")
    program = Path(__file__).with_name("doccano_project.py")
    command = [python, str(program), str(folder / "order.json"), str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def records(path):
    return [json.loads(line) for line in path.read_text("utf8").split("\n") if line]


def test_sample_files_of_doccano(doccano):
    for path in DOCCANO.glob("*/*/*.jsonl"):
        assert records(doccano / "out" / path.relative_to(DOCCANO)) == records(path)


def test_doccano_imports_what_is_exported(doccano, tmp_path):
    docs = list(read_docs(doccano / "corpus.spacy", Vocab()))
    for name in ("corpus", "ents", "roles"):
        assert records(doccano / "out" / name / "errors.json") == [[]]
    convert([doccano / "out" / "corpus" / "all" / "all.jsonl"], tmp_path / "back.spacy")
    back = list(read_docs(tmp_path / "back.spacy", Vocab()))
    assert [doc.text for doc in back] == [doc.text for doc in docs]
    assert places(back) == places(docs)
    assert {span.text for span in back[-1].spans["gold"]} == {"New York City", "New York", "Ann"}
    named = [doc.user_data.get("doc_id") for doc in docs]
    assert [doc.user_data["doc_id"] for doc in back][: len(named) - 2] == named[:-2]


def test_doccano_imports_what_is_suggested(doccano):
    def relations(record):
        spans = {
            e["id"]: (e["start_offset"], e["end_offset"], e["label"]) for e in record["entities"]
        }
        found = ((spans[r["from_id"]], spans[r["to_id"]], r["type"]) for r in record["relations"])
        return sorted(spans.values()), sorted(found)

    def both(layer):
        files = f"{layer}.jsonl", f"out/{layer}/all/all.jsonl"
        return [record for file in files for record in records(doccano / file)]

    ours, theirs = both("ents")
    assert ours.items() <= theirs.items()
    ours, theirs = both("roles")
    assert relations(ours) == relations(theirs)
    assert len(theirs["relations"]) == 2
