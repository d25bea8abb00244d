"""The components a Doc passes through."""
