"""Aligning the sentences and tokens of two versions of a document."""

from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.corpus.join.tokens import align_tokens, match_sentences


@given(st.data())
def test_alignment_is_one_to_one(data):
    tags = st.lists(st.lists(st.sampled_from("ABC"), min_size=1, max_size=4), max_size=6)
    source, target = data.draw(tags), data.draw(tags)

    def weight(i, j):
        return len(source[i]) if source[i] == target[j] else 0

    chain = match_sentences(source, target, weight)
    assert all(source[i] == target[j] for i, j in chain)
    pairs = list(align_tokens(source, target, chain))
    for side, sentences in enumerate((source, target)):
        positions = [pair[side] for pair in pairs]
        assert positions == sorted(set(positions))
        assert not positions or 0 <= positions[0] <= positions[-1] < sum(map(len, sentences))
    size = sum(map(len, source))
    same = [(i, i) for i in range(len(source))]
    assert match_sentences(source, source, lambda i, j: source[i] == source[j]) == same
    assert list(align_tokens(source, source, same)) == [(i, i) for i in range(size)]
