"""Semantic roles: predicates with their rolesets, and their arguments as labelled spans.

A Doc goes through the modules in this order: `component` (the pipeline component), `pairs` (which
words may be arguments of which predicate), the model (`spacy_seqtag.RoleTagger.v1`), `decode` (from
probabilities to propositions), and `spacy_seqtag.frames`, which writes them as spans. Training also
needs `gold` (what is right for each pair) and `alignment` (gold annotation on other tokens), and
evaluation `score`.
"""
