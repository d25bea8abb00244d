"""Thinc architectures: what users register, and the way of a batch through them.

A batch of Docs goes through these modules once, in this order:

    encoder        the model of the `transformer` component; calls `layout`, `torch/`, `batch`
    layout         Docs → wordpieces (`wordpieces`) → windows (`windows`) → rows laid end to end
    torch/         rows → micro-batches → vectors, as PyTorch computes them
    batch          the vectors of the batch, and the part of them that each Doc gets
    trf_data       where a Doc keeps its part: `doc._.trf_data`
    listener       how a component asks for the vectors of its Docs
    pooling        vectors of wordpieces → vectors of words
    softmax_tagger, role_tagger    vectors of words → probabilities

The architectures know Docs and arrays, but no task.
"""
