"""Corpora: from files of many formats to spaCy's `.spacy` files, and on to `Example`s.

`convert` is the way in, five steps on one page: `formats/` (a module per format) and `join/`
(layers of several files) give sentences (`sentence`), `docs` makes Docs of them, `docbin_write`
writes them, `summary` says what was written. `reader` reads `.spacy` files for training (with
`docbin_read` and `cut`), `check/` looks for what is wrong in them. The formats also write
semantic roles, to the columns of the field (`formats/role_tables`).

Importing this package loads none of them.
"""
