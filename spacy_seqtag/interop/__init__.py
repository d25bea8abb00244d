"""Roads to and from other libraries: models of Hugging Face's transformers, in and out.

    labels       what the outputs of a classifier mean, and which classes of a component they are
    checkpoint   a model for token classification: loaded, and checked
    reference    what transformers itself says of each word, to compare with
    from_hf      such a model as a pipeline of spaCy
    to_hf        a component of a pipeline as such a model
    exportable   whether a component has an equal there
    card         the model card

Only models of which the result is the same are converted: both ways compare the probabilities of
some words before anything is written.
"""
