"""Semantic roles: predicates with their rolesets, and their arguments as labelled spans.

A Doc goes through these modules in this order:

    component    the pipeline component; calls the others
    pairs        which words may be arguments of which predicate
                 (the model, `spacy_seqtag.RoleTagger.v1`, gives probabilities to these pairs)
    decode       from probabilities to propositions, which `spacy_seqtag.frames` writes as spans

Training and evaluation also need:

    gold         what is right for each word, roleset and pair
    alignment    gold annotation on other tokens
    score        the scorer

spaCy finds the factory and the scorer by the package's entry points; importing this package loads
neither.
"""
