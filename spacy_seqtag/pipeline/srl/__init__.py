"""Semantic roles: predicates with their rolesets, and their arguments as labelled spans."""
