"""Wordpieces of words: BERT's and byte-level BPE's, against a plain reading of the definitions."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab
from transformers import AutoTokenizer, BertTokenizer

from spacy_seqtag.models import wordpieces as module
from spacy_seqtag.models.word_case import word_case
from spacy_seqtag.models.wordpieces import WordTokenizer

# Words of every kind: without wordpieces, that look like special tokens, right to left, emoji.
ODD = [
    "Berlin", "do", "n't", "re-open", "\n", " ", "\u200b", "\x00", "[SEP]", "</s>", "<mask>",
    "👩\u200d👩\u200d👧", "🇩🇪", "שלום", "مرحبا", "naïve", "中文",
    "x" * 300, "...", "1,000", "\u00ad",
]  # fmt: skip


@pytest.fixture(scope="module")
def bert(tiny_bert):
    return AutoTokenizer.from_pretrained(tiny_bert)


@pytest.fixture(scope="module")
def roberta(tiny_roberta):
    return AutoTokenizer.from_pretrained(tiny_roberta)


def doc_of(words, spaces=None):
    return Doc(Vocab(), words=words, spaces=spaces)


def pieces_of(found, word):
    first, count = int(found.firsts[word]), int(found.counts[word])
    return found.ids[first : first + count].tolist()


odd_docs = st.lists(
    st.lists(st.tuples(st.sampled_from(ODD), st.booleans()), max_size=8), min_size=1, max_size=4
).map(lambda docs: [doc_of([w for w, _ in doc], [s for _, s in doc]) for doc in docs])
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@quick
@given(odd_docs)
def test_bert_reads_word_by_word(bert, docs):
    found = WordTokenizer(bert)(docs)
    words = [token.text for doc in docs for token in doc]
    for i, word in enumerate(words):
        expected = bert(word, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        assert pieces_of(found, i) == expected
    assert found.words.tolist() == list(range(len(words)))
    assert found.bounds[-1] == len(found.ids) == sum(found.counts)


@quick
@given(odd_docs)
def test_byte_level_bpe_reads_the_text(roberta, docs):
    """A wordpiece belongs to the words with which it shares characters."""
    found = WordTokenizer(roberta)(docs)
    word = piece = 0
    for doc in docs:
        encoding = roberta(
            doc[:].text,
            add_special_tokens=False,
            split_special_tokens=True,
            return_offsets_mapping=True,
        )
        spans = [(t.idx, t.idx + len(t)) for t in doc]
        for token_start, token_end in spans:
            expected = [
                i
                for i, (start, end) in enumerate(encoding["offset_mapping"])
                if start < token_end and end > token_start
            ]
            first, count = int(found.firsts[word]), int(found.counts[word])
            assert [i - piece for i in range(first, first + count)] == expected
            word += 1
        n = len(encoding["input_ids"])
        assert found.ids[piece : piece + n].tolist() == encoding["input_ids"]
        piece += n
    assert found.bounds[-1] == len(found.ids) == piece


def test_leading_space(roberta):
    found = WordTokenizer(roberta)([doc_of(["the", "the", "the"], [False, True, False])])
    spelt = [roberta.convert_ids_to_tokens(pieces_of(found, i)) for i in range(3)]
    assert spelt[2][0].startswith("Ġ")
    assert not spelt[0][0].startswith("Ġ")
    # "thethe" is read as one word; a wordpiece of both belongs to both.
    assert roberta.convert_tokens_to_string(
        roberta.convert_ids_to_tokens(found.ids.tolist())
    ).strip() in ("thethe the",)


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_special_tokens_in_the_text_are_text(request, name):
    tokenizer = request.getfixturevalue(name)
    words = [*tokenizer.all_special_tokens, "end"]
    found = WordTokenizer(tokenizer)([doc_of(words)])
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    assert special.isdisjoint(found.ids.tolist())
    assert (found.counts > 0).all()


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_prefix_and_suffix(request, name):
    tokenizer = request.getfixturevalue(name)
    words = WordTokenizer(tokenizer)
    whole = tokenizer("It rained")["input_ids"]
    inner = tokenizer("It rained", add_special_tokens=False)["input_ids"]
    assert [*words.prefix, *inner, *words.suffix] == whole
    assert len(words.prefix) == len(words.suffix) == 1


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_stretches(request, name):
    """Each stretch is read for itself: a text of its own."""
    tokenizer = request.getfixturevalue(name)
    docs = [doc_of(["It", "rained", "on", "the", "coast"]), doc_of([]), doc_of(["We", "left"])]
    spans = [[docs[0][0:3], docs[0][2:5]], [], [docs[2][0:2]]]
    found = WordTokenizer(tokenizer)(docs, spans)
    assert found.words.tolist() == [0, 1, 2, 2, 3, 4, 5, 6]
    flat = [span for part in spans for span in part]
    for i, span in enumerate(flat):
        begin, end = found.bounds[i], found.bounds[i + 1]
        expected = tokenizer(span.text, add_special_tokens=False)["input_ids"]
        assert found.ids[begin:end].tolist() == expected


def test_the_same_doc_twice(bert):
    doc = doc_of(["It", "rained"])
    found = WordTokenizer(bert)([doc, doc])
    assert pieces_of(found, 0) == pieces_of(found, 2)
    assert found.bounds.tolist() == [0, found.bounds[1], 2 * found.bounds[1]]


def test_forgetting_changes_nothing(bert, monkeypatch):
    docs = [doc_of(ODD), doc_of([f"word{i}" for i in range(50)]), doc_of(ODD)]
    expected = WordTokenizer(bert, with_case=True)(docs)
    monkeypatch.setattr(module, "_MAX_KNOWN", 30)
    tokenizer = WordTokenizer(bert, with_case=True)
    for _ in range(2):
        for doc in docs:
            tokenizer([doc])
        found = tokenizer(docs)
        np.testing.assert_array_equal(found.ids, expected.ids)
        np.testing.assert_array_equal(found.cases, expected.cases)


def test_forgetting_in_another_thread(bert, monkeypatch):
    """Another call forgets all words while this one reads those that it did not know."""
    monkeypatch.setattr(module, "_MAX_KNOWN", 4)
    first = doc_of(["Anna", "sang", "loudly"])
    expected = WordTokenizer(bert, with_case=True)([first])
    tokenizer = WordTokenizer(bert, with_case=True)
    tokenizer([doc_of(["sang"])])
    encode = tokenizer._encode
    others = [doc_of(["quite", "other", "words", "here"])]

    def interrupted(*args, **kwargs):
        if others:
            tokenizer([others.pop()])
        return encode(*args, **kwargs)

    monkeypatch.setattr(tokenizer, "_encode", interrupted)
    found = tokenizer([first])
    assert not others
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.cases, expected.cases)


def test_docs_of_different_vocabularies(bert):
    docs = [doc_of(["It", "rained"]), doc_of(["rained", "elsewhere"])]
    found = WordTokenizer(bert)(docs)
    assert pieces_of(found, 3) == bert("elsewhere", add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_case_of_each_wordpiece(request, name):
    tokenizer = WordTokenizer(request.getfixturevalue(name), with_case=True)
    doc = doc_of(["ANNA", "met", "\n", "Bob"])
    found = tokenizer([doc])
    cases = [word_case(token.text) for token in doc]
    for i in range(len(doc)):
        first, count = found.firsts[i], found.counts[i]
        assert (found.cases[first : first + count] == cases[i]).all()


def test_slow_tokenizer_is_an_error(tiny_bert):
    slow = BertTokenizer.from_pretrained(tiny_bert)
    with pytest.raises(ValueError, match=r"BertTokenizer is not a fast tokenizer.*use_fast = true"):
        WordTokenizer(slow)


@quick
@given(odd_docs)
def test_byte_level_bpe_word_by_word(roberta, docs):
    """As transformers cuts words that are given one by one, whatever stands between them."""
    found = WordTokenizer(roberta, word_by_word=True)(docs)
    words = [token.text for doc in docs for token in doc]
    assert found.words.tolist() == list(range(len(words)))
    for i, word in enumerate(words):
        assert (
            pieces_of(found, i)
            == roberta(word, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        )
