"""Training corpora: from CoNLL-U and IOB files to spaCy's `.spacy` files and on to `Example`s.

`sentence` holds what all formats share, `conllu` and `iob` read one format each, `convert` joins
layers and writes `.spacy`, `reader` is the corpus reader for training. Importing this package
loads none of them.
"""
