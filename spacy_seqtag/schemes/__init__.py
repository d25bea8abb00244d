"""Label codecs: from spans to classes, and from probabilities of classes back to spans.

Only NumPy is needed here; nothing knows spaCy.
"""
