"""The universal part-of-speech tags, version 2 (https://universaldependencies.org/u/pos/)."""

from spacy.parts_of_speech import IDS

UPOS_TAGS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)

SPACE = "SPACE"
"""What spaCy has for white space, which is no word in Universal Dependencies."""

DOC_TAGS = frozenset(IDS)
"""What a Doc may have as `Token.pos_`: "", the tags above, and spaCy's own, `SPACE` among them."""
