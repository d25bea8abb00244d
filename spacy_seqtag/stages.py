"""The stages of what takes long: whoever starts it can show them."""

from collections.abc import Callable

Stages = Callable[[str, int], Callable[[], object]]
"""Called as a stage begins, with what is done in it and the number of its steps, 0 where that is
not known; returns what is called after each step."""


def not_shown(what: str, total: int = 0) -> Callable[[], object]:
    """Begin a stage that nobody is shown."""
    return lambda: None
