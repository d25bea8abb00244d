"""Thinc architectures: what users register, and the way of a batch through them.

A batch of Docs goes through these modules once, in this order:

    encoder        the model of the `transformer` component; calls `layout`, `encoder_shim`, `batch`
    layout         Docs → wordpieces (`wordpieces`) → windows (`windows`) → rows laid end to end
    encoder_shim   holds the tokenizer and the network of the encoder for Thinc
    network/       rows → micro-batches → vectors, as PyTorch computes them
    batch          the vectors of the batch, and the part of them that each Doc gets
    trf_data       where a Doc keeps its part: `doc._.trf_data`
    listener       how a component asks for the vectors of its Docs
    pooling        vectors of wordpieces → vectors of words; which, says `alignment`
    softmax_tagger, role_tagger    vectors of words → probabilities

The heads are made of `output_layer` and `pinned_dropout`; that of semantic roles also of
`role_pairs`, `role_shim` and `candidate_softmax`.

Beside the way:

    spacy_transformers  what is taken from spacy-transformers, imported as cheaply as it goes
    pretrained     finds and loads the base model: a folder, a package, or a hub name
    saved_encoder  the encoder as bytes, in a saved pipeline
    shim           a PyTorch module within a Thinc model: which module computes, in which precision
    word_case      how a word is written, for encoders that see no capitals

The architectures know Docs and arrays, but no task.
"""
