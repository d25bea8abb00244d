"""Joining layers: further files add to the sentences of the first one.

`joiner` goes through the sentences, `layer` says what it needs of a layer. There are three:
`by_sentence` (any file with words), `by_document` (PropBank, whose documents have names) and
`by_order` (props, which have no words). Their parts: `matching` and `align` find counterparts,
`tokens` and `transfer` move propositions from words to words, `words` says when two words are the
same, `store` keeps sentences on disk.
"""
