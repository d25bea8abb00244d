"""Thinc architectures. They know Docs and arrays, but no task."""
