"""Checking `.spacy` files before training: a `survey` of what they hold, and its `findings`."""
