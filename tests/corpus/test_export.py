"""What is exported is what `convert` reads again, save for what a format is known to lack."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import spacy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.util import filter_spans
from spacy.vocab import Vocab

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.corpus.export import export
from spacy_seqtag.corpus.formats import WRITERS
from spacy_seqtag.corpus.formats.losses import CONTENTS, said
from spacy_seqtag.frames import annotated_tokens, has_frames, propositions, set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition

from .strategies import LABELS, corpora, iob2

ENDINGS = {
    "conllu": ".conllu",
    "iob2": ".iob2",
    "jsonl": ".jsonl",
    "prodigy": ".jsonl",
    "doccano": ".jsonl",
    "gliner": ".jsonl",
    "label-studio": ".json",
    "gold_conll": ".gold_conll",
    "conll2012": ".v4_gold_conll",
    "parquet": ".parquet",
    "up": ".conllup",
    "tokens": ".jsonl",
}
READ_BACK = sorted(WRITERS.keys() - {"props"})  # props have no words


@dataclass(frozen=True)
class Said:
    """What a Doc says of a sentence; what is not known is "" or None."""

    words: tuple[str, ...]
    spaces: tuple[bool, ...]
    upos: tuple[str, ...]
    xpos: tuple[str, ...]
    lemmas: tuple[str, ...]
    entities: tuple[str, ...]
    spans: frozenset | None
    propositions: tuple | None
    sent_id: str | None
    has_bounds: bool


@dataclass(frozen=True)
class SaidDoc:
    doc_id: str | None
    sentences: tuple[Said, ...]


def what(doc: Doc) -> SaidDoc:
    """Read all that conversion sets."""
    starts = [0, *(t.i for t in doc if t.i and t.is_sent_start)]
    places = list(zip(starts, [*starts[1:], len(doc)], strict=True))
    ids = doc.user_data.get("sent_ids") or [None] * len(places)
    covered = annotated_tokens(doc) if has_frames(doc) else None
    gold = [(s.start, s.end, s.label_) for s in doc.spans.get("gold", ())]
    result = []
    for sent_id, (start, end) in zip(ids, places, strict=True):
        tokens = list(doc[start:end])
        props = None
        if covered is not None and covered[start:end].all():
            own = [p.moved(-start) for p in propositions(doc) if start <= p.predicate < end]
            props = tuple((*p[:2], tuple(p.arguments), tuple(p.parts)) for p in own)
        spans = None
        if "gold" in doc.spans:
            spans = frozenset((a - start, b - start, c) for a, b, c in gold if start <= a < end)
        entities = [f"{t.ent_iob_}-{t.ent_type_}" if t.ent_type_ else t.ent_iob_ for t in tokens]
        result.append(
            Said(
                tuple(t.text for t in tokens),
                tuple(bool(t.whitespace_) and t.i + 1 < len(doc) for t in tokens),
                tuple(t.pos_ for t in tokens),
                tuple(t.tag_ for t in tokens),
                tuple(t.lemma_ for t in tokens),
                tuple(entities),
                spans,
                props,
                sent_id,
                all(t.sent_start == -1 for t in tokens[1:]),
            )
        )
    return SaidDoc(doc.user_data.get("doc_id"), tuple(result))


# What is left of a Doc in a format that lacks something


def each(change):
    return lambda doc: replace(doc, sentences=tuple(map(change, doc.sentences)))


def empty(field):
    return each(lambda s: replace(s, **{field: ("",) * len(s.words)}))


def one_sentence(doc):
    """All of a Doc as a text of which is not known where its sentences end."""
    spans, offset = set(), 0
    for s in doc.sentences:
        spans |= {(a + offset, b + offset, c) for a, b, c in s.spans or ()}
        offset += len(s.words)
    fields = ("words", "spaces", "upos", "xpos", "lemmas", "entities")
    joined = {name: sum((getattr(s, name) for s in doc.sentences), ()) for name in fields}
    known = any(s.spans is not None for s in doc.sentences)
    return SaidDoc(doc.doc_id, (Said(
        **joined, spans=frozenset(spans) if known else None, propositions=None, sent_id=None,
        has_bounds=offset == 1,
    ),))  # fmt: skip


def not_in_part(doc):
    tags = [tag for s in doc.sentences for tag in s.entities]
    if all(tags):
        return doc
    return each(lambda s: replace(s, spans=None, entities=("",) * len(s.words)))(doc)


def without_last_space(doc):
    *before, last = doc.sentences
    return replace(doc, sentences=(*before, replace(last, spaces=(*last.spaces[:-1], False))))


def underscored(sentence):
    return replace(sentence, words=tuple(word.replace(" ", "_") for word in sentence.words))


def no_rolesets(sentence):
    props = sentence.propositions
    return replace(sentence, propositions=props and tuple((p[0], "V", *p[2:]) for p in props))


# By `CONTENTS`; what no generated Doc has is not among them.
WITHOUT = {
    "blanks in words": each(underscored),
    "spacing": lambda doc: without_last_space(
        each(lambda s: replace(s, spaces=(True,) * len(s.words)))(doc)
    ),
    "sentences": one_sentence,
    "unknown sentences": each(lambda s: replace(s, has_bounds=True)),
    "document ids": lambda doc: replace(doc, doc_id=None),
    "sentence ids": each(lambda s: replace(s, sent_id=None)),
    "UPOS": empty("upos"),
    "XPOS": empty("xpos"),
    "lemmas": empty("lemmas"),
    "entities": lambda doc: empty("entities")(each(lambda s: replace(s, spans=None))(doc)),
    "entities in part": not_in_part,
    "overlapping spans": each(lambda s: replace(s, spans=None)),
    "roles": each(lambda s: replace(s, propositions=None)),
    "rolesets": each(no_rolesets),
    "sentences without roles": lambda doc: replace(
        doc, sentences=tuple(s for s in doc.sentences if s.propositions is not None)
    ),
}
NOT_HERE = {"words", "white space", "documents", "other spans"}


def with_all_spans(doc):
    """A text whose entities are known has all its spans, also where none overlap."""

    def add(s):
        if s.spans is not None or not all(s.entities):
            return s
        return replace(s, spans=frozenset(spans_of(s.entities)))

    return each(add)(doc)


def spans_of(tags):
    ends = [
        next((j for j in range(i + 1, len(tags)) if tags[j][:2] != "I-"), len(tags))
        for i in range(len(tags))
    ]
    return [(i, ends[i], tag[2:]) for i, tag in enumerate(tags) if tag[:2] == "B-"]


def left_in(doc, lacks):
    """What should be left of a Doc; None if it is nothing."""
    if "entities in part" in lacks:
        doc = with_all_spans(doc)
    for name in sorted(lacks, key=list(CONTENTS).index, reverse=True):
        if name in WITHOUT:
            doc = WITHOUT[name](doc)
            if not doc.sentences:
                return None
    return without_last_space(doc)


# Docs


@st.composite
def layers(draw, values):
    """Some tags of a layer: all, none, or those of some words."""
    kept = draw(st.sampled_from(("all", "none", "some")))
    if kept == "some":
        return [value if draw(st.booleans()) else "" for value in values]
    return values if kept == "all" else [""] * len(values)


@st.composite
def lemmas_of(draw, words):
    """The lemma of the word `_` is `_`: CoNLL-U cannot say that it has none."""
    lemmas = draw(layers([word.lemma for word in words]))
    return [w.form if w.form == "_" else lemma for w, lemma in zip(words, lemmas, strict=True)]


@st.composite
def entity_tags(draw, sentence):
    """Tags of a sentence, of which nothing is known of some words."""
    tags = iob2(len(sentence.words), sentence.entities)
    kept = draw(st.sampled_from(("all", "all", "none", "some")))
    if kept == "some":
        tags = ["" if tag == "O" and draw(st.booleans()) else tag for tag in tags]
    return tags if kept != "none" else [""] * len(tags)


@st.composite
def docs(draw):
    """One or two Docs with some layers of some sentences."""
    corpus = draw(corpora(blanks=True))
    vocab, result = Vocab(), []
    for doc_id in dict.fromkeys(sentence.doc_id for sentence in corpus):
        own = [sentence for sentence in corpus if sentence.doc_id == doc_id]
        words = [word for sentence in own for word in sentence.lexemes]
        unknown = draw(st.booleans())
        starts = [
            True if i == 0 else None if unknown else False for s in own for i in range(len(s.words))
        ]
        doc = Doc(
            vocab,
            words=[word.form for word in words],
            spaces=[*[space for s in own for space in s.spaces][:-1], False],
            sent_starts=starts,
            pos=draw(layers([word.upos for word in words])),
            tags=draw(layers([word.xpos for word in words])),
            lemmas=draw(lemmas_of(words)),
            ents=[tag for s in own for tag in draw(entity_tags(s))],
        )
        doc.user_data.update(doc_id=doc_id, sent_ids=[sentence.sent_id for sentence in own])
        if draw(st.booleans()):
            add_roles(doc, own, [draw(st.booleans()) for _ in own])
        if draw(st.booleans()):
            inner = [draw(inner_spans(ent)) for ent in doc.ents]
            doc.spans["gold"] = [*doc.ents, *(span for spans in inner for span in spans)]
        result.append(doc)
    return result


@st.composite
def inner_spans(draw, ent):
    """Shorter spans within an entity."""
    if len(ent) == 1 or draw(st.booleans()):
        return []
    end = ent.start + 1
    return [Span(ent.doc, ent.start, end, label=draw(st.sampled_from(LABELS)))]


def add_roles(doc, sentences, annotated):
    props, stretches, start = [], [], 0
    for sentence, is_annotated in zip(sentences, annotated, strict=True):
        end = start + len(sentence.words)
        if is_annotated:
            stretches.append((start, end))
            props += [
                Proposition(p, r, [Argument(*a) for a in arguments], list(parts)).moved(start)
                for p, r, arguments, parts in sentence.propositions
            ]
        start = end
    set_propositions(doc, props, annotated=stretches)


BLANK = spacy.blank("en")


def retokenised(doc):
    """A Doc of the words that the tokenizer finds in its text."""
    result = BLANK.make_doc(doc.text)
    spans = [
        result.char_span(s.start_char, s.end_char, label=s.label_, alignment_mode="expand")
        for s in doc.ents
    ]
    known = all(t.ent_iob for t in doc)
    if known:
        result.set_ents(filter_spans(spans), default="outside")
    result.user_data["doc_id"] = doc.user_data["doc_id"]
    return result


@pytest.mark.parametrize("name", READ_BACK)
@settings(max_examples=40, deadline=None)
@given(made=docs())
def test_convert_reads_what_export_writes(name, made, tmp_path_factory):
    if name == "parquet":
        pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    writer = WRITERS[name]
    folder = tmp_path_factory.mktemp("export")
    if "words" in writer.lacks:
        made = [retokenised(doc) for doc in made]
    expected = [left for doc in made if (left := left_in(what(doc), writer.lacks))]
    assume(expected)
    if name == "iob2":
        assume(any(t.ent_iob for doc in made for t in doc))
    first, again = folder / "a.spacy", folder / f"b{ENDINGS[name]}"
    DocBin(docs=made, store_user_data=True).to_disk(first)
    counts = export(first, again, name)
    assert counts.words in (0, sum(len(s.words) for doc in expected for s in doc.sentences))
    columns = "word,tag" if name == "iob2" else None
    convert([again], folder / "c.spacy", columns=columns)
    found = [what(doc) for doc in read_docs(folder / "c.spacy", Vocab())]
    assert without_ids(found, writer.lacks) == expected


def without_ids(docs, lacks):
    """Ids that a file does not have are made up."""
    for name in {"document ids", "sentence ids"} & set(lacks):
        docs = [WITHOUT[name](doc) for doc in docs]
    return docs


def test_the_page_says_what_formats_lack():
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf8")
    table = page.partition("| `--format` | what | not held |\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[1:]]
    said_there = {name.strip("`"): lacks.split(", ") for name, _, lacks in rows}
    assert said_there == {writer.name: list(writer.lacks) for writer in WRITERS.values()}


def test_every_loss_has_a_meaning():
    lacking = {name for writer in WRITERS.values() for name in writer.lacks}
    assert lacking == CONTENTS.keys()
    assert set(WITHOUT) | NOT_HERE == CONTENTS.keys()


@pytest.fixture
def saved(tmp_path):
    """Function from a Doc to what exporting it counts and writes."""

    def run(doc, name):
        DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "a.spacy")
        counts = export(tmp_path / "a.spacy", tmp_path / "out", name)
        return counts, (tmp_path / "out").read_text("utf8")

    return run


def every_loss():
    """`Ann went to New York`, with white space, and something of everything that may be lost."""
    words = ["Ann", "went", "\n", "New York", "x", "y"]
    doc = Doc(
        Vocab(),
        words,
        [True, True, False, False, True, False],
        sent_starts=[1, -1, -1, -1, 1, None],
        pos=["PROPN", "VERB", "", "", "", ""],
        tags=["NNP", "", "", "", "", ""],
        lemmas=["Ann", "go", "be", "", "", ""],
        ents=["B-PER", "O", "O", "B-LOC", "", ""],
    )
    doc.user_data.update(doc_id="d", sent_ids=["1", "2"])
    doc.spans["gold"] = [*doc.ents, doc[0:2], Span(doc, 3, 4, label="X")]
    doc.spans["other"] = [doc[0:1]]
    set_propositions(doc, [Proposition(1, "go.01", [], [])], annotated=[(0, 4)])
    return doc


COUNTED = {
    "words": 6,
    "white space": 1,
    "blanks in words": 1,
    "spacing": 2,
    "sentences": 2,
    "unknown sentences": 1,
    "documents": 1,
    "document ids": 1,
    "sentence ids": 2,
    "UPOS": 2,
    "XPOS": 1,
    "lemmas": 3,
    "entities": 2,
    "entities in part": 2,
    "overlapping spans": 2,
    "roles": 1,
    "sentences without roles": 1,
    "rolesets": 1,
    "other spans": 1,
}


@pytest.mark.parametrize("name", sorted(WRITERS.keys() - {"parquet"}))
def test_what_is_left_out_is_counted(saved, name):
    counts, _ = saved(every_loss(), name)
    expected = {CONTENTS[lack].what: COUNTED[lack] for lack in WRITERS[name].lacks}
    assert {what: n for what, n in counts.left_out.items() if n} == expected
    assert len(said(counts.left_out)) == len(expected)


@pytest.mark.parametrize("name", ["jsonl", "prodigy", "doccano", "gliner", "label-studio"])
def test_texts_annotated_in_part_have_no_annotation(saved, name):
    doc = Doc(Vocab(), ["Ann", "in", "Oslo"], ents=["B-PER", "O", ""])
    counts, text = saved(doc, name)
    record = json.loads(text)
    record = record[0] if name == "label-studio" else record
    keys = {"spans", "ents", "label", "ner", "entities"}
    assert not keys & record.keys()
    assert not record.get("annotations")
    assert counts.entities == 0
    counts, text = saved(Doc(Vocab(), ["Ann"], ents=["O"]), name)
    record = json.loads(text)
    annotated = record[0]["annotations"] if name == "label-studio" else keys & record.keys()
    assert annotated


def test_gliner_has_the_words_of_spans(saved):
    """White space is no word there, neither at the ends of entities."""
    doc = Doc(Vocab(), ["\n", "Ann", " ", "Lee", "\n"], ents=["B-X", "I-X", "I-X", "I-X", "I-X"])
    record = json.loads(saved(doc, "gliner")[1])
    assert record == {"tokenized_text": ["Ann", "Lee"], "ner": [[0, 1, "X"]]}


@pytest.mark.parametrize("name", sorted(WRITERS.keys() - {"parquet"}))
def test_ids_may_be_numbers_and_have_to_fit(name, saved):
    doc = Doc(Vocab(), ["Ann", "left"], ents=["O", "O"], sent_starts=[1, -1])
    set_propositions(doc, [], annotated=[(0, 2)])
    doc.user_data.update(doc_id=777, sent_ids=[888])
    _, text = saved(doc, name)
    if "document ids" not in WRITERS[name].lacks:
        assert "777" in text
    if name == "conllu":
        assert text.startswith("# newdoc id = 777\n# sent_id = 888\n")
    doc.user_data["sent_ids"] = [888, 999]
    assert "888" not in saved(doc, name)[1]


@pytest.mark.parametrize("name", ["conllu", "iob2"])
def test_what_rows_of_words_cannot_say(name, saved):
    counts, text = saved(Doc(Vocab(), ["\u00a0Ann", "a\tb"], ents=["B-o", "O"]), name)
    assert "B-_" in text
    notes = " ".join(said(counts.left_out))
    for what in ("1 entity whose label", "1 word that begins or ends", "1 word with a tab"):
        assert what in notes


@pytest.mark.parametrize("name", ["tokens", "parquet"])
def test_rows_have_white_space_and_tags_of_spacy(name, tmp_path):
    if name == "parquet":
        pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    words, pos, ents = ["Ann", "\n", "and"], ["PROPN", "SPACE", "CONJ"], ["B-PER", "O", ""]
    doc = Doc(Vocab(), words, pos=pos, ents=ents, sent_starts=[1, 0, 0])
    first, again = tmp_path / "a.spacy", tmp_path / f"b{ENDINGS[name]}"
    DocBin(docs=[doc]).to_disk(first)
    export(first, again, name)
    convert([again], tmp_path / "c.spacy")
    found = [what(doc) for doc in read_docs(tmp_path / "c.spacy", Vocab())]
    assert without_ids(found, WITHOUT) == without_ids([without_last_space(what(doc))], WITHOUT)


def test_every_writer_refuses_what_has_no_words(saved):
    pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    for name in WRITERS:
        with pytest.raises(ValueError, match=r"there are no words|no sentence has semantic roles"):
            saved(Doc(Vocab()), name)


def test_iob2_has_entities_or_nothing(saved):
    with pytest.raises(ValueError, match="no word of it is annotated with entities"):
        saved(Doc(Vocab(), ["Ann"]), "iob2")


def test_rolesets_that_are_no_lemma_and_number(saved):
    doc = Doc(Vocab(), ["go", "on"], ents=["B-A(B)", "O"])
    set_propositions(doc, [Proposition(0, "go", [], [])], annotated=[(0, 2)])
    counts, text = saved(doc, "conll2012")
    assert [line.split()[6:11] for line in text.splitlines()[1:3]] == [
        ["go", "-", "-", "-", "(A_B_)"],
        ["-", "-", "-", "-", "*"],
    ]
    assert text.startswith("#begin document (document1); part 000\n")
    assert text.endswith("\n\n#end document\n")
    notes = " ".join(said(counts.left_out))
    assert "1 roleset that is no lemma and number" in notes
    assert "1 entity whose label has signs of the format" in notes


@pytest.fixture(scope="module")
def treebank(ewt, propbank, tmp_path_factory):
    """The dev split with all layers, and its Docs."""
    path = tmp_path_factory.mktemp("ewt") / "dev.spacy"
    convert([ewt / "en_ewt-ud-dev.conllu", ewt / "en_ewt-ud-dev.iob2", propbank], path)
    return path, [what(doc) for doc in read_docs(path, Vocab())]


@pytest.mark.treebank
@pytest.mark.parametrize("name", [n for n in READ_BACK if "words" not in WRITERS[n].lacks])
def test_treebank(treebank, tmp_path, name):
    path, docs = treebank
    export(path, tmp_path / f"a{ENDINGS[name]}", name)
    convert([tmp_path / f"a{ENDINGS[name]}"], tmp_path / "b.spacy")
    lacks = WRITERS[name].lacks
    found = [what(doc) for doc in read_docs(tmp_path / "b.spacy", Vocab())]
    assert without_ids(found, lacks) == [left for doc in docs if (left := left_in(doc, lacks))]
