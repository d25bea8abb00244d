"""Joining sentences by id and by their words."""

import pytest
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.files import OutputError


def conllu(*sentences):
    """Sentences given as `id: words`, `: words` for none, `= name` for a document."""
    return _file(sentences, lambda word: word + "\t_" * 8)


def iob(*sentences):
    """As `conllu`; a word may have a label behind a bar."""

    def row(item):
        word, _, label = item.partition("|")
        return f"{word}\t{'B-' + label if label else 'O'}\t-\t-"

    return _file(sentences, row)


def _file(sentences, row):
    lines = []
    for sentence in sentences:
        sent_id, _, words = sentence.partition(":")
        if sentence.startswith("="):
            lines.append(f"# newdoc id = {sentence[2:]}")
            continue
        if sent_id:
            lines.append(f"# sent_id = {sent_id}")
        lines += [f"{i}\t{row(word)}" for i, word in enumerate(words.split(), 1)]
        lines.append("")
    return "\n".join(lines) + "\n"


@pytest.fixture
def joined(tmp_path):
    """Function: the entities of each sentence (None: no layer), and the summary."""

    def join(base, layer, **kwargs):
        paths = [tmp_path / "base.conllu", tmp_path / "layer.iob2"]
        for path, text in zip(paths, (base, layer), strict=True):
            path.write_text(text, encoding="utf8")
        summary = convert(paths, tmp_path / "out.spacy", **kwargs)
        docs = DocBin().from_disk(tmp_path / "out.spacy").get_docs(Vocab())
        return [
            [f"{e.text}|{e.label_}" for e in sent.ents] if sent[0].ent_iob_ else None
            for doc in docs
            for sent in doc.sents
        ], summary

    return join


def how(summary):
    """What the summary says on the joining, without the path."""
    return [note.split(": ", 1)[1] for note in summary.notes if "joined" in note]


def test_other_ids_same_words(joined):
    found, summary = joined(
        conllu("a1:Ann ran", "a2:Oslo", "a3:Yes"), iob("b9:Ann|PER ran", "b8:Oslo|LOC", "b7:Yes")
    )
    assert found == [["Ann|PER"], ["Oslo|LOC"], []]
    assert how(summary) == ["joined by words: 3 of 3 sentences"]


def test_another_order(joined):
    texts = ["Ann|PER ran", "Yes .", "Oslo|LOC", "Bo|PER sat", "Yes .", "Rome|LOC ."]
    plain = [":" + text.replace("|PER", "").replace("|LOC", "") for text in texts]
    found, summary = joined(conllu(*plain), iob(*(":" + text for text in reversed(texts))))
    right = [["Ann|PER"], [], ["Oslo|LOC"], ["Bo|PER"], [], ["Rome|LOC"]]
    # Which of two equal sentences is which nobody knows; the others are told by their words.
    assert all(got in (want, None) for got, want in zip(found, right, strict=True))
    assert [found[i] for i in (0, 2, 3, 5)] == [right[i] for i in (0, 2, 3, 5)]
    assert summary.mismatched + summary.unjoined == found.count(None)


@pytest.mark.parametrize("ids", [True, False])
def test_samples(joined, ids):
    texts = [f"w{i} x|X" if i % 7 else "Thanks ." for i in range(60)]
    names = [f"s{i}:" if ids else ":" for i in range(60)]
    layer = [name + text for name, text in zip(names, texts, strict=True)]
    rows = [line.replace("|X", "") for line in layer]
    whole, _ = joined(conllu(*rows), iob(*layer))
    found, summary = joined(conllu(*rows[3::5]), iob(*layer))
    assert found == whole[3::5]
    key = "sent_id" if ids else "words"
    assert how(summary) == [f"joined by {key}: 12 of 12 sentences, not used: 48"]
    assert (summary.mismatched, summary.unjoined) == (0, 48)
    found, summary = joined(conllu(*rows), iob(*layer[3::5]))
    assert [f for f in found if f is not None] == whole[3::5]
    assert how(summary) == [f"joined by {key}: 12 of 60 sentences, missing the layer: 48"]


def test_ids_of_some_sentences(joined):
    found, summary = joined(
        conllu("a:Ann", ":Bo ran", "c:Cy", ":Oslo"),
        iob("a:Ann|A", ":Bo|B ran", "x:Cy|C", ":Oslo|D"),
    )
    assert found == [["Ann|A"], ["Bo|B"], ["Cy|C"], ["Oslo|D"]]
    assert how(summary) == ["joined by sent_id: 1 of 4 sentences, by words: 3 of 4 sentences"]


def test_words_weigh_more_than_an_id(joined):
    """The ids of two sentences are exchanged."""
    found, summary = joined(
        conllu("a:Ann", "b:Bo", "c:Cy", "d:Di"), iob("a:Ann|A", "c:Bo|B", "b:Cy|C", "d:Di|D")
    )
    assert found == [["Ann|A"], ["Bo|B"], ["Cy|C"], ["Di|D"]]
    assert any("2 sentences have the words of one with another sent_id" in n for n in summary.notes)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (("Ann|A", "Cy|C", "Di|D"), "3 of 4 sentences, missing the layer: 1"),  # dropped
        (("Ann|A", "Bo|B", "Bo|B", "Cy|C", "Di|D"), "4 of 4 sentences, not used: 1"),  # doubled
        (("Ann|A", "Cy|C", "Bo|B", "Di|D"), "4 of 4 sentences, in another order: 1"),
    ],
)
def test_damage_is_said(joined, layer, said):
    base = ("Ann", "Bo", "Cy", "Di")
    found, summary = joined(conllu(*(f":{w}" for w in base)), iob(*(f":{w}" for w in layer)))
    assert all(f in (None, [f"{w}|{w[0]}"]) for w, f in zip(base, found, strict=True))
    assert how(summary) == [f"joined by words: {said}"]


def test_repeated_sentences_are_told_by_their_neighbours(joined):
    base = conllu(":Ann", ":Thanks", ":Bo", ":Thanks", ":Cy")
    layer = iob(":Ann", ":Thanks|A", ":Bo", ":Thanks|B", ":Cy")
    assert joined(base, layer)[0] == [[], ["Thanks|A"], [], ["Thanks|B"], []]
    found, _ = joined(conllu(":Thanks", ":Cy"), layer)
    assert found == [["Thanks|B"], []]
    found, _ = joined(conllu(":Ann", ":Thanks"), layer)
    assert found == [[], ["Thanks|A"]]


def test_repeated_sentences_are_told_by_their_documents(joined):
    base = conllu("= d1", ":a", ":x", "= d2", ":b", ":Thanks")
    layer = iob("= d1", ":a", ":Thanks|A", ":x", "= d2", ":b", ":y", ":Thanks|B")
    assert joined(base, layer)[0] == [[], [], [], ["Thanks|B"]]


def test_a_sentence_in_doubt_has_no_layer(joined):
    layer = iob(":Ann", ":x", ":Thanks|A", ":y", ":Thanks|B", ":z", ":Bo|B")
    found, summary = joined(conllu(":Ann", ":Thanks", ":Bo"), layer, max_mismatch=0)
    assert found == [[], None, ["Bo|B"]]
    assert summary.mismatched == 1
    assert "its words stand 2 times here, annotated differently" in summary.mismatches[0]
    # Not where it makes no difference.
    found, _ = joined(conllu(":Ann", ":Thanks", ":Bo"), layer.replace("B-B\t", "B-A\t"))
    assert found == [[], ["Thanks|A"], ["Bo|A"]]


@pytest.mark.parametrize(
    ("base", "layer"),
    [
        ("Caf\u00e9 Noir", "Cafe\u0301|X Noir"),
        ("( Ann )", "-LRB- Ann|X -RRB-"),
        ('" 1/2', r"'' 1\/2|X"),
    ],
)
def test_words_that_are_spelled_differently(joined, base, layer):
    found, summary = joined(conllu(f"t1:{base}"), iob(f"t1:{layer}"))
    assert len(found[0]) == 1
    assert how(summary) == ["joined by sent_id: 1 of 1 sentences"]


def test_other_corpora_are_refused(joined):
    base = conllu(*(f"s{i}:word{i} here" for i in range(20)), "t:Thanks .")
    layer = iob(*(f"u{i}:other{i} there" for i in range(20)), "v:Thanks .")
    with pytest.raises(FormatError, match=r"layer\.iob2:2: layers of .* 20 of 21 sentences"):
        joined(base, layer)
    with pytest.raises(FormatError, match=r"none of the 1 here is in .*base\.conllu, neither"):
        joined(conllu("a:Ann", "b:Bo"), iob("c:Cy"), max_mismatch=1.0)


def test_full_temporary_disk(joined, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pickle.dump", full)
    with pytest.raises(OutputError, match=r": cannot be written: No space .*Free some space"):
        joined(conllu("a:Ann"), iob("a:Ann"))
    assert not list(tmp_path.glob("*.spacy"))
