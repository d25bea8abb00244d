"""The components that a Doc passes through, and what they share.

    pos, ner           the components `seqtag_pos` and `seqtag_ner`
    srl/               the component `seqtag_srl`, in several steps
    token_tagger       the base of `pos` and `ner`: one class for each token
    base               the base of all three: labels, prediction, training
    loss               cross-entropy, without what is not annotated
    listening          whether there is an encoder, and whether it ran
    saving, digests    what is saved, and whether it is whole and belongs together
    tokenizer          the tokenizer of whichever language a pipeline has

spaCy finds the factories by the package's entry points; importing this package loads none of them.
"""
