"""What word endings become in the names of frame files, learned from a corpus."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

# Longer endings are characteristic of a word, not of an inflection.
_MAX_SUFFIX = 4


def count_changes(files: Mapping[str, Iterable[str]]) -> dict[str, Counter[str]]:
    """Count, by ending of the forms, which ending replaces it in the names of their files.

    files (Mapping[str, Iterable[str]]): The frame files of each form.
    """
    result: dict[str, Counter[str]] = {}
    for form, found in files.items():
        for ending, new in changes_of(form, found):
            result.setdefault(ending, Counter())[new] += 1
    return result


def changes_of(form: str, files: Iterable[str]) -> list[tuple[str, str]]:
    """Find which endings become which in the names of a form's frame files: `("ing", "e")`.

    form (str): The form, in lower case.
    files (Iterable[str]): Its frame files.
    """
    result = []
    for file in files:
        shared = 0
        while form[: shared + 1] == file[: shared + 1] and shared < len(form):
            shared += 1
        for n in range(len(form) - shared, min(_MAX_SUFFIX, len(form) - 1) + 1):
            result.append((form[len(form) - n :], file[len(form) - n :]))
    return result


def best_change(ending: str, news: Counter[str]) -> str | None:
    """Find the most frequent replacement of an ending; None if it occurs only once.

    ending (str): The ending.
    news (Counter[str]): What replaces it how often.
    """
    if news.total() < (2 if ending else 1):
        return None
    return min(news, key=lambda new: (-news[new], new))


def replace_ending(form: str, rule: Callable[[str], str | None]) -> str:
    """Apply the rule of the longest ending that has one.

    form (str): The form, in lower case.
    rule (Callable): The new ending for an ending; None if there is none.
    RETURNS (str): The name of the frame file that the form looks like.
    """
    for n in range(min(_MAX_SUFFIX, len(form) - 1), -1, -1):
        new = rule(form[len(form) - n :])
        if new is not None:
            return form[: len(form) - n] + new
    return form
