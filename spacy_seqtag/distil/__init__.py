"""Distillation: trained pipelines annotate raw text, and a new one learns from what they think.

The modules: `raw_text` (what is annotated), `teachers` (which pipelines, and whether they fit each
other), `vote` and `vote_roles` (the mean of what they think), `annotate` (from raw text to a
`.spacy` file with soft labels, see `spacy_seqtag.soft_labels`).
"""
