"""What `spacy train` plugs in: callbacks and optimizers."""
