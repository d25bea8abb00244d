"""What is written: the same annotation in every format."""

import gzip
import json

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_seqtag.annotate.annotator import Annotator, make_plan
from spacy_seqtag.annotate.items import Item
from spacy_seqtag.annotate.outputs import OUTPUTS
from spacy_seqtag.annotate.run import annotate
from spacy_seqtag.annotate.settings import Settings
from spacy_seqtag.confidence import use_span_extension, use_token_extension
from spacy_seqtag.corpus.formats import FORMATS
from spacy_seqtag.corpus.formats.format import ReadOptions
from spacy_seqtag.corpus.formats.remarks import Remarks
from spacy_seqtag.frames import get_frames, set_propositions
from spacy_seqtag.records import Plan, make_record
from spacy_seqtag.schemes.propositions import Argument, Proposition


@pytest.fixture
def doc():
    """Two sentences, white space of all kinds, and every layer with confidences."""
    nlp = spacy.blank("en")
    words = ["She", "gave", "it", "up", ".", "\n\n", "Oslo", "slept"]
    spaces = [True, True, True, False, False, False, True, False]
    doc = Doc(
        nlp.vocab,
        words,
        spaces,
        pos=["PRON", "VERB", "PRON", "ADP", "PUNCT", "SPACE", "PROPN", "VERB"],
        ents=["O", "O", "O", "O", "O", "O", "B-LOC", "O"],
        sent_starts=[True, False, False, False, False, False, True, False],
    )
    props = [
        Proposition(1, "give_up.07", [Argument(0, 1, "ARG0"), Argument(2, 3, "ARG1")], [(3, 4)]),
        Proposition(7, "sleep.01", [Argument(6, 7, "ARG0")], []),
    ]
    set_propositions(
        doc,
        props,
        annotated=[(0, 8)],
        scores=[0.91234, 0.8],
        roleset_scores=[0.7, 0.6],
        argument_scores=[[0.5, 0.4], [0.3]],
    )
    tags = use_token_extension()
    for i, token in enumerate(doc):
        tags.set(token, i / 10)
    use_span_extension().set(Span(doc, 6, 7, label="LOC"), 0.61)
    return doc


ITEM = Item("a.jsonl:3", "", {"id": 7})
PLAN = Plan(token_fields=("pos",), digits=4)


def written(tmp_path, name, doc, plan=PLAN, item=ITEM):
    """A file with the Doc twice, in two pieces."""
    fmt = OUTPUTS[name]
    encode = fmt.encoder(plan)
    path = tmp_path / f"out.{name}"
    with fmt.opened(path) as write:
        for _ in range(2):
            write(encode([(doc.copy(), item)]))
            write(encode([]))
    return path


def test_jsonl(tmp_path, doc):
    first, second = written(tmp_path, "jsonl", doc).read_text("utf8").splitlines()
    assert first == second
    line = json.loads(first)
    assert line == {
        "text": doc.text,
        "source": "a.jsonl:3",
        "meta": {"id": 7},
        **make_record(doc, PLAN),
    }
    assert line["tokens"][1] == {
        "text": "gave",
        "start_char": 4,
        "end_char": 8,
        "pos": "VERB",
        "confidence": 0.1,
    }
    assert line["entities"] == [
        {
            "text": "Oslo",
            "label": "LOC",
            "start": 6,
            "end": 7,
            "start_char": 17,
            "end_char": 21,
            "confidence": 0.61,
        }
    ]
    frame = line["frames"][0]
    assert (frame["roleset"], frame["predicate"]["confidence"]) == ("give_up.07", 0.9123)
    for record in (line["entities"][0], frame["predicate"], *frame["arguments"]):
        assert doc.text[record["start_char"] : record["end_char"]] == record["text"]
        assert doc[record["start"] : record["end"]].text == record["text"]


def test_compressed(tmp_path, doc):
    plain = written(tmp_path, "jsonl", doc).read_bytes()
    first = written(tmp_path, "jsonl.gz", doc).read_bytes()
    assert gzip.decompress(first) == plain
    assert written(tmp_path, "jsonl.gz", doc).read_bytes() == first
    zstandard = pytest.importorskip("zstandard", reason="needs the extra zstd")
    with written(tmp_path, "jsonl.zst", doc).open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        assert reader.read() == plain


def test_parquet(tmp_path, doc):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra parquet")
    table = parquet.read_table(written(tmp_path, "parquet", doc))
    first, second = table.to_pylist()
    assert first == second
    assert (first["text"], first["source"]) == (doc.text, "a.jsonl:3")
    assert json.loads(first["meta"]) == {"id": 7}
    layers = {name: first[name] for name in ("tokens", "sentences", "entities", "frames")}
    assert rounded(layers) == rounded(make_record(doc, PLAN))


def rounded(value):
    """As parquet keeps 32 bits of a number."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return round(value, 3) if isinstance(value, float) else value


def test_spacy(tmp_path, doc):
    docs = list(DocBin().from_disk(written(tmp_path, "spacy", doc)).get_docs(doc.vocab))
    assert len(docs) == 2
    for read in docs:
        assert make_record(read, PLAN) == make_record(doc, PLAN)
        assert read.user_data["source"] == "a.jsonl:3"
        assert read.user_data["meta"] == {"id": 7}


def test_conllu(tmp_path, doc):
    text = written(tmp_path, "conllu", doc).read_text("utf8")
    assert text[: len(text) // 2] == text[len(text) // 2 :]
    lines = text[: len(text) // 2].splitlines()
    assert lines[:4] == [
        "# newdoc id = a.jsonl:3",
        '# meta = {"id": 7}',
        "# sent_id = a.jsonl:3-1",
        "# text = She gave it up.",
    ]
    rows = [line.split("\t") for line in lines if line[:1].isdigit()]
    assert [row[:4] for row in rows] == [
        ["1", "She", "_", "PRON"],
        ["2", "gave", "_", "VERB"],
        ["3", "it", "_", "PRON"],
        ["4", "up", "_", "ADP"],
        ["5", ".", "_", "PUNCT"],
        ["1", "Oslo", "_", "PROPN"],
        ["2", "slept", "_", "VERB"],
    ]
    misc = [dict(cell.split("=") for cell in row[9].split("|")) for row in rows]
    assert misc[0] == {
        "Confidence": "0.0",
        "NER": "O",
        "Roles": "2:B-ARG0",
        "RolesConfidence": "2:0.5",
    }
    assert misc[1]["Roleset"] == "give_up.07"
    assert misc[1]["PredicateConfidence"] == "0.9123"
    assert misc[1]["RolesetConfidence"] == "0.7"
    assert misc[3] == {"SpaceAfter": "No", "Confidence": "0.3", "NER": "O", "Roles": "2:B-C-V"}
    assert misc[4]["SpacesAfter"] == r"\n\n"
    assert (misc[5]["NER"], misc[5]["NERConfidence"]) == ("B-LOC", "0.61")


def test_conllu_is_read_back_by_convert(tmp_path, doc):
    path = written(tmp_path, "conllu", doc)
    first, second, *_ = FORMATS["conllu"].read(path, ReadOptions(), Remarks(path))
    assert first.words == ["She", "gave", "it", "up", "."]
    assert first.upos == ["PRON", "VERB", "PRON", "ADP", "PUNCT"]
    assert first.spaces[:4] == [True, True, True, False]
    assert second.entities == ["B-LOC", "O"]
    assert (first.new_doc, second.new_doc) == (True, False)


@pytest.mark.parametrize("name", ["jsonl", "parquet", "spacy", "conllu"])
def test_chosen_layers_without_confidences(tmp_path, doc, name):
    if name == "parquet":
        pytest.importorskip("pyarrow", reason="needs the extra parquet")
    plan = Plan(("entities",), ("pos",), confidences=False)
    path = written(tmp_path, name, doc, plan, Item("x", ""))
    if name == "conllu":
        rows = [line.split("\t") for line in path.read_text("utf8").splitlines() if "\t" in line]
        assert {row[3] for row in rows} == {"_"}
        assert not any(word in row[9] for row in rows for word in ("Confidence", "Role"))
        assert rows[5][9] == "NER=B-LOC"
    elif name == "spacy":
        read, _ = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
        assert [ent.text for ent in read.ents] == ["Oslo"]
        assert not read.has_annotation("POS")
        assert read.ents[0]._.confidence is None
        assert get_frames(read) == []
    else:
        if name == "parquet":
            import pyarrow.parquet

            line, _ = pyarrow.parquet.read_table(path).to_pylist()
            assert "confidence" not in line["entities"][0]
        else:
            line = json.loads(path.read_text("utf8").splitlines()[0])
            assert line["entities"][0]["confidence"] is None
        assert set(line) - {"text", "source", "meta"} == {"entities"}


def test_layers_are_those_of_the_pipeline(model, make_job, loaded):
    nlp = spacy.load(model)
    plan = make_plan(nlp, make_job())
    assert plan == Plan(digits=4, token_fields=("pos",))
    nlp.remove_pipe("seqtag_srl")
    nlp.remove_pipe("sentencizer")
    assert make_plan(nlp, make_job()).layers == ("tokens", "entities")
    assert make_plan(nlp, make_job(layers=("entities",))).layers == ("entities",)
    with pytest.raises(ValueError, match=r"does not annotate frames .* Leave frames out"):
        make_plan(nlp, make_job(layers=("frames", "tokens")))
    nlp.add_pipe("lemmatizer", config={"mode": "rule"})
    nlp.add_pipe("tagger")
    assert make_plan(nlp, make_job()).token_fields == ("pos", "tag", "lemma")


def test_another_pipeline_than_the_run_began_with(model, make_job):
    job = make_job()
    with pytest.raises(ValueError, match="not the one that the run began with"):
        Annotator(type(job)(**{**vars(job), "digest": "0" * 64}))


@pytest.mark.parametrize("ending", sorted(OUTPUTS))
def test_a_file_of_every_format(quick, model, texts, tmp_path, ending):
    for package in ("pyarrow",) * (ending == "parquet") + ("zstandard",) * ("zst" in ending):
        pytest.importorskip(package)
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(texts[:5]) + "\n", "utf8")
    output = tmp_path / "new" / f"out.{ending}"
    result = annotate(model, [str(path)], output)
    assert result.docs == 5
    assert [one.name for one in output.parent.iterdir()] == [output.name]
    before = output.read_bytes()
    annotate(model, [str(path)], output)
    assert output.read_bytes() == before


def test_formats_that_do_not_fit(quick, model, jsonl, tmp_path):
    with pytest.raises(ValueError, match="Leave --format out, or name a folder"):
        annotate(model, [str(jsonl)], tmp_path / "x.spacy", Settings(file_format="jsonl"))
    with pytest.raises(ValueError, match="the ending is of no format that can be written"):
        annotate(model, [str(jsonl)], tmp_path / "x.csv")
    with pytest.raises(ValueError, match="set it to one of: jsonl"):
        annotate(model, [str(jsonl)], tmp_path / "x", Settings(file_format="xml"))
    with pytest.raises(ValueError, match="the output is one of the inputs"):
        annotate(model, [str(jsonl)], jsonl)
