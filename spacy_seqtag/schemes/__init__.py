"""Label codecs: from spans to tags and from tag probabilities back to spans (numpy only)."""
