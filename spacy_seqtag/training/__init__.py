"""What `spacy train` plugs in: an optimizer, a schedule and callbacks, one to a file."""
