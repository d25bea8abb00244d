"""Made-up corpora, whole and damaged, of every format: a right DocBin, a remark, or our error."""

import re
import signal
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import srsly
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.attrs import DEP, ENT_IOB, ENT_TYPE, LEMMA, NORM, POS
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.summary import Summary
from spacy_seqtag.frames import annotated_tokens, has_frames, problems, propositions

from .damage import damaged_layers, damages, docbin_damages, pairs, same_word
from .strategies import GoldProposition, GoldSentence, Reading, Text, reading, texts

FEW = 12  # rows
HANG = 5  # seconds of CPU time, hundreds of times what an example takes


def examples(ordinary: int) -> pytest.MarkDecorator:
    """Parametrise with how many examples to run, 300 in the ordinary run, 5,000 in the slow one."""
    slow = pytest.param(ordinary * 50 // 3, marks=pytest.mark.slow)
    return pytest.mark.parametrize("n", [ordinary, slow])


def search(n: int, check, *strategies: st.SearchStrategy) -> None:
    """Let hypothesis look for an example that fails the check: the same ones at every run."""
    settings(
        max_examples=n,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(given(*strategies)(check))()


@contextmanager
def no_hang() -> Iterator[None]:
    """Turn an endless loop into a failure; CPU time, so that a busy machine changes nothing."""

    def stop(*_: object) -> None:
        raise AssertionError("the conversion hangs")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def converted(files: dict[str, bytes], **options) -> tuple[Summary | FormatError, list[Reading]]:
    """Convert files, given by name and content.

    RETURNS: the summary or our error, and what the output says, sentence by sentence. What holds
    in any case is checked here.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in files]
        for path, data in zip(paths, files.values(), strict=True):
            path.write_bytes(data)
        output = Path(folder) / "out.spacy"
        summary: Summary | FormatError
        try:
            with no_hang():
                summary = convert(paths, output, **options)
        except FormatError as error:
            summary = error
        there = {path.name for path in Path(folder).iterdir()}
        if isinstance(summary, FormatError):
            assert there == set(files)
            assert summary.path in [*paths, output]
            assert summary.fix
            assert "\n" not in str(summary)
            return summary, []
        assert there == {*files, output.name}
        readings = read(output, sound="do not hold together" not in str(summary.notes))
    check_summary(summary, readings)
    return summary, readings


def read(path: Path, *, sound: bool) -> list[Reading]:
    """What a `.spacy` file says, sentence by sentence; sound: its semantic roles hold together."""
    result = []
    for doc in DocBin().from_disk(path).get_docs(Vocab()):
        assert not sound or list(problems(doc)) == []
        covered = annotated_tokens(doc) & has_frames(doc)
        found = propositions(doc)
        assert not sound or all(covered[p.predicate] for p in found)
        for sent in doc.sents:
            assert all(not token.is_space for token in sent)
            tags = [f"{t.ent_iob_}-{t.ent_type_}" if t.ent_type_ else t.ent_iob_ for t in sent]
            own = [p.moved(-sent.start) for p in found if sent.start <= p.predicate < sent.end]
            result.append(
                Reading(
                    words=tuple(token.text for token in sent),
                    spaces=tuple(token.whitespace_ == " " for token in sent)[:-1],
                    upos=tuple(token.pos_ for token in sent),
                    xpos=tuple(token.tag_ for token in sent),
                    lemmas=tuple(token.lemma_ for token in sent),
                    entities=tuple(tags),
                    propositions=tuple(
                        GoldProposition(
                            p.predicate, p.roleset, tuple(map(tuple, p.arguments)), tuple(p.parts)
                        )
                        for p in own
                    )
                    if covered[sent.start : sent.end].all()
                    else None,
                )
            )
    return result


def check_summary(summary: Summary, readings: list[Reading]) -> None:
    """A summary counts what was written."""
    assert summary.sentences == len(readings)
    assert summary.words == sum(len(r.words) for r in readings)
    for name in ("upos", "xpos", "lemmas", "entities"):
        n_words = sum(value != "" for r in readings for value in getattr(r, name))
        assert summary.words_with[name] == n_words
        assert summary.missing[name] == sum(not any(getattr(r, name)) for r in readings)
    begins = [tag[2:] for r in readings for tag in r.entities if tag.startswith("B-")]
    assert summary.entities == Counter(begins)
    assert summary.without_frames == sum(r.propositions is None for r in readings)
    found = [p for r in readings for p in r.propositions or ()]
    assert summary.predicates == len(found)
    assert summary.arguments == sum(len(p.arguments) for p in found)


def unclear(summary: Summary | FormatError) -> bool:
    """Whether we ask what the columns hold, as in a file of few rows several things may fit."""
    return isinstance(summary, FormatError) and "--columns" in summary.fix


DOCS_BY = st.sampled_from(("document", "sentence", 2))


@examples(30)
def test_undamaged(n):
    """A whole file becomes exactly the sentences that stand in it, and no tag is repaired."""

    def check(text, docs_by):
        files, options = {f"a{text.suffix}": text.data}, {"docs_by": docs_by, "scheme": text.scheme}
        summary, readings = converted(files, **options)
        if unclear(summary):
            summary, readings = converted(files, columns=text.names, **options)
        if isinstance(summary, FormatError):
            raise summary
        assert readings == text.readings
        assert summary.repaired == summary.mismatched == summary.unjoined == 0

    search(n, check, texts(), DOCS_BY)


def remarks(summary: Summary | FormatError) -> Counter[str]:
    """What a summary says beside the counts; how documents were made up is no finding."""
    if isinstance(summary, FormatError):
        return Counter()
    notes = [note for note in summary.notes if "belong to no marked document" not in note]
    counts = {
        "repaired": summary.repaired,
        "mismatched": summary.mismatched,
        "unjoined": summary.unjoined,
    }
    return Counter(re.sub(r"/\S*/", "", note) for note in notes) + +Counter(counts)


def other_layout(text: Text, new: Iterable[str]) -> bool:
    """Whether the summary says that columns of a file of few rows were read in another layout."""
    said = ("columns read as", "with the tag, others after")
    return len(text.word_lines()) <= FEW and any(part in note for note in new for part in said)


@examples(90)
def test_damaged(n):
    """A damaged file is refused, remarked on, or says what is now in it."""

    def check(damage, docs_by):
        name = f"a{damage.text.suffix}"
        options = {"docs_by": docs_by, "scheme": damage.text.scheme}
        summary, readings = converted({name: damage.data}, **options)
        if isinstance(summary, FormatError):
            assert damage.outcome != "reads" or unclear(summary), summary
            assert damage.outcome != "error" or summary.line is not None, summary
            return
        new = remarks(summary) - remarks(converted({name: damage.text.data}, **options)[0])
        assert damage.outcome != "error" or other_layout(damage.text, new)
        if new:
            return
        assert damage.outcome != "seen"
        if damage.expected is not None:
            assert readings == damage.expected

    search(n, check, damages(), DOCS_BY)


def similar(sentence: GoldSentence, other: GoldSentence, kind: str) -> bool:
    """Whether what is annotated in the other sentence may stand in this one.

    The words have to be the same; of a skeleton, which has none, the parts of speech and the
    lemmas of the predicates.
    """
    if kind == "skeleton":
        return [w.xpos for w in sentence.lexemes] == [w.xpos for w in other.lexemes] and all(
            sentence.lexemes[p.predicate].lemma == other.lexemes[p.predicate].lemma
            for p in other.propositions
        )
    return list(map(same_word, sentence.words)) == list(map(same_word, other.words))


@examples(81)
def test_joined(n):
    """A layer lands on its own words, or on none and the summary says so."""

    def check(pair, docs_by, max_mismatch):
        columns = pair.layer if pair.layer.kind == "iob" else pair.base or pair.layer
        summary, readings = converted(
            pair.files,
            docs_by=docs_by,
            max_mismatch=max_mismatch,
            scheme=columns.scheme,
            columns=columns.names,
        )
        if isinstance(summary, FormatError):
            assert not pair.complete, summary
            return
        new = [name for name in pair.layer.layers if name not in pair.layers]
        missing = 0
        assert len(readings) == len(pair.corpus)
        for before, after, sentence in zip(pair.readings, readings, pair.corpus, strict=True):
            empty = reading(sentence, ())
            assert after._replace(**{name: getattr(empty, name) for name in new}) == before
            if all(getattr(after, name) == getattr(empty, name) for name in new):
                missing += 1
                continue
            counterparts = [
                reading(other, new)
                for other in pair.layer.corpus
                if similar(sentence, other, pair.layer.kind)
            ]
            if any(
                all(getattr(after, name) == getattr(other, name) for name in new)
                for other in counterparts
            ):
                continue
            # Revised sentences are aligned with PropBank's word by word. A skeleton has no words to
            # be compared, only lemmas, which the first file may not have.
            assert "word" in pair.name
            assert after.propositions is not None
            assert (pair.base is None and pair.layer.kind == "skeleton") or all(
                p.roleset == f"{sentence.lexemes[p.predicate].lemma}.01" for p in after.propositions
            )
        if missing:
            assert not pair.complete
            assert remarks(summary)

    search(n, check, pairs(), DOCS_BY, st.sampled_from((0.02, 1.0)))


@examples(51)
def test_damaged_layer(n):
    """A further file that is damaged never changes the first one, nor lands on other words."""

    def check(example):
        pair, damage = example
        options = {"max_mismatch": 1.0, "scheme": damage.text.scheme}
        undamaged = pair.files
        *_, layer = undamaged
        summary, readings = converted({**undamaged, layer: damage.data}, **options)
        if isinstance(summary, FormatError):
            return
        new = [name for name in pair.layer.layers if name not in pair.layers]
        for before, after in zip(pair.readings, readings, strict=True):
            nothing = {name: getattr(before, name) for name in new}
            assert after._replace(**nothing) == before
        before, whole = converted(undamaged, **options)
        found = remarks(summary) - remarks(before)
        assert damage.outcome != "error" or other_layout(damage.text, found)
        if found:
            return
        assert damage.outcome != "seen"
        if damage.expected is None:
            return

        def layer_of(r: Reading) -> tuple[object, ...]:
            return tuple(map(same_word, r.words)), *(getattr(r, name) for name in new)

        says = set(map(layer_of, damage.expected))
        for old, after in zip(whole, readings, strict=True):
            assert after == old or layer_of(after) in says

    search(n, check, damaged_layers())


@examples(48)
def test_damaged_docbin(n):
    """A damaged `.spacy` file is refused, or what is read from it is sound."""

    def check(damage, docs_by):
        summary, _ = converted({"a.spacy": damage.data}, docs_by=docs_by)
        assert isinstance(summary, FormatError) or damage.outcome != "error"

    search(n, check, docbin_damages(), DOCS_BY)


# The smallest inputs of what was found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\tAnn\tO\n\n2\tfell\tO\n3\tin\tO\n4\tRome\tB-LOC\n", "a:3: index '2' is out of order"),
        ("1\tAnn\tO\n\n2\tfell\tO\n\n3\tin\tO\n", "a:3: index '2' is out of order"),
        ("1\tAnn\tO\n3\tin\tO\n4\tRome\tB-LOC\n", "a:2: index '3' is out of order"),
        ("0-1\tAnn\tO\n2\tfell\tO\n3\tin\tO\n4\tRome\tB-LOC\n", "a:1: index '0-1' is out of order"),
        ("1 Ann B-PER\n2 in O\n#Rome B-LOC\n", "a:3: expected 3 columns .*, found 2"),
        ("1 Ann B-PER\n\n#Rome B-LOC\n", "a:3: '#Rome B-LOC' may be a comment, or a word"),
    ],
)
def test_columns_refused(text, message):
    error, _ = converted({"a.iob2": text.encode()})
    assert isinstance(error, FormatError)
    assert re.search(message.replace("a:", r"a\.iob2:"), str(error))


@pytest.mark.parametrize(
    ("name", "text", "remark"),
    [
        (
            "a.iob2",
            "# sent_id = 1\n\n# sent_id = 2\nAnn\tO\n",
            "1 sentence has a sent_id or text",
        ),
        ("a.iob2", "# text = Ann\nAnn\tO\n\n# text = Bo\n", "1 sentence has a sent_id or text"),
        (
            "a.conllu",
            "# sent_id = 1\n\n# sent_id = 2\n1\tAnn" + "\t_" * 8 + "\n\n# sent_id = 3\n",
            "2 sentences have a sent_id or text, but no words",
        ),
        ("a.iob2", "Ann\tB-PER\nate\tO\nBo\tS-PER\n", "1 entity has no last word"),
        ("a.iob2", "Ann\tB-PER\n\nBo\tS-PER\n", "1 entity has no last word"),
        ("a.iob2", "Ann\tI-PER\nLee\tS-PER\n", "1 entity has no last word"),
        (
            "a.iob2",
            "1\tAnn\tO\t-\tx\n2\tate\tO\t-\tx\n3\tBo\t_\n",
            "1 row ends with the tag, others after 5 columns",
        ),
    ],
)
def test_remarks(name, text, remark):
    summary, _ = converted({name: text.encode()})
    assert isinstance(summary, Summary)
    assert any(remark in note for note in summary.notes), summary.notes


def test_an_entity_that_goes_on_after_missing_annotation_may_have_its_end():
    summary, _ = converted({"a.iob2": b"Ann\tB-PER\nLee\t_\nBo\tS-PER\n"})
    assert not any("last word" in note for note in summary.notes)


def test_strict_refuses_an_entity_without_its_end():
    error, _ = converted({"a.iob2": b"Ann\tB-PER\nate\tO\nBo\tS-PER\n"}, strict=True)
    assert isinstance(error, FormatError)
    assert error.line == 1
    assert "B-PER is not the last word of an entity" in error.message


DOC = Doc(
    Vocab(),
    words=["Ann", "ate"],
    pos=["PROPN", "VERB"],
    lemmas=["Ann", "eat"],
    sent_starts=[True, False],
)


@pytest.mark.parametrize(
    ("attr", "value"),
    [
        (LEMMA, 2**63),
        (NORM, 2**31),
        (DEP, 2**64 - 1),
        (ENT_TYPE, 2**32 - 1),
        (POS, 1),
        (ENT_IOB, 1),
    ],
)
def test_values_without_meaning(attr, value):
    packed = DocBin(docs=[DOC])
    packed.tokens[0][0, packed.attrs.index(attr)] = value
    error, _ = converted({"a.spacy": packed.to_bytes()})
    assert isinstance(error, FormatError)
    assert "damaged" in error.message


def test_roles_that_do_not_hold_together():
    doc = DOC.copy()
    doc.spans["predicates"] = [Span(doc, 1, 2, label="eat.01")]
    doc.spans["srl_annotated"] = [Span(doc, 0, 1)]
    data = DocBin(docs=[doc]).to_bytes()
    summary, _ = converted({"a.spacy": data})
    assert isinstance(summary, Summary)
    assert any("1 document has semantic roles that do not hold" in n for n in summary.notes)


@pytest.mark.parametrize("name", ["spaces", "tokens"])
def test_more_than_the_words(name):
    packed = DocBin(docs=[DOC])
    message = srsly.msgpack_loads(zlib.decompress(packed.to_bytes()))
    message[name] += b"\1" * 8 * len(packed.attrs)
    error, _ = converted({"a.spacy": zlib.compress(srsly.msgpack_dumps(message))})
    assert isinstance(error, FormatError)
    assert "damaged" in error.message
