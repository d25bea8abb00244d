"""Data sets that `datasets` wrote itself, in every way it has."""

import json

import pytest
from spacy.vocab import Vocab

from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.corpus.errors import FormatError

datasets = pytest.importorskip("datasets")

COLUMNS = ("tokens", "upos", "pos_tags", "ner_tags")
CLASSES = COLUMNS[1:]


def make_dataset(docs):
    """A data set of Docs with a sentence each, with classes as on the hub, and their names."""
    rows = [
        {
            "id": str(number),
            "tokens": [token.text for token in doc],
            "upos": [token.pos_ or "_" for token in doc],
            "pos_tags": [token.tag_ or "_" for token in doc],
            "ner_tags": ["-".join(filter(None, _tag(token))) or "_" for token in doc],
        }
        for number, doc in enumerate(docs)
    ]
    names = {name: sorted({tag for row in rows for tag in row[name]}) for name in CLASSES}
    lists = datasets.Sequence
    features = datasets.Features(
        {"id": datasets.Value("string"), "tokens": lists(datasets.Value("string"))}
        | {name: lists(datasets.ClassLabel(names=names[name])) for name in CLASSES}
    )
    indices = {name: {tag: i for i, tag in enumerate(names[name])} for name in CLASSES}
    for row in rows:
        row |= {name: [indices[name][tag] for tag in row[name]] for name in CLASSES}
    return datasets.Dataset.from_list(rows, features=features), names


def _tag(token):
    return token.ent_iob_, token.ent_type_


def to_folder(dataset, folder):
    dataset.save_to_disk(folder / "ds", num_shards=2)
    return folder / "ds"


def to_split(dataset, folder):
    datasets.DatasetDict(train=dataset, test=dataset).save_to_disk(folder / "dict")
    return folder / "dict" / "test"


def to_parquet(dataset, folder):
    dataset.to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def to_jsonl(dataset, folder):
    dataset.to_json(folder / "a.jsonl")
    return folder / "a.jsonl"


def to_json(dataset, folder):
    dataset.to_json(folder / "a.json", lines=False)
    return folder / "a.json"


def to_jsonl_of_tags(dataset, folder):
    def tags(row):
        names = {name: dataset.features[name].feature for name in CLASSES}
        return {name: [names[name].int2str(i) for i in row[name]] for name in CLASSES}

    lines = [json.dumps({**row, **tags(row)}) for row in dataset]
    (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf8")
    return folder / "a.jsonl"


WAYS = (to_folder, to_split, to_parquet, to_jsonl, to_json, to_jsonl_of_tags)


def check(docs, found):
    for doc, own in zip(docs, found, strict=True):
        assert [token.text for token in own] == [token.text for token in doc]
        for attribute in ("pos_", "tag_", "ent_iob_", "ent_type_"):
            expected = [getattr(token, attribute) for token in doc]
            assert [getattr(token, attribute) for token in own] == expected


def labels_of(names, folder):
    for name, tags in names.items():
        (folder / f"{name}.txt").write_text("\n".join(tags), encoding="utf8")
    return [f"{name}={folder / name}.txt" for name in names]


@pytest.mark.parametrize("way", WAYS)
def test_every_way(way, run, tmp_path, mini_docs):
    docs = mini_docs(Vocab(), "dev")
    dataset, names = make_dataset(docs)
    path = way(dataset, tmp_path)
    if way in (to_jsonl, to_json):
        with pytest.raises(FormatError, match="numbers of classes"):
            run(path)
    _, found = run(path, docs_by="sentence", labels=labels_of(names, tmp_path))
    check(docs, found)


def test_rows_that_were_chosen(run, tmp_path, mini_docs):
    docs = mini_docs(Vocab(), "dev", 10)
    dataset, _ = make_dataset(docs)
    dataset.select([5, 2]).save_to_disk(tmp_path / "ds")
    _, found = run(tmp_path / "ds", docs_by="sentence")
    check([docs[5], docs[2]], found)


@pytest.mark.parametrize("way", [to_folder, to_parquet, to_jsonl])
def test_the_treebank(way, run, tmp_path, ewt):
    files = [ewt / f"en_ewt-ud-dev.{end}" for end in ("conllu", "iob2")]
    run(*files, docs_by="sentence")
    docs = list(read_docs(tmp_path / "out.spacy", Vocab()))
    dataset, names = make_dataset(docs)
    path = way(dataset, tmp_path)
    _, found = run(path, docs_by="sentence", labels=labels_of(names, tmp_path))
    check(docs, found)
