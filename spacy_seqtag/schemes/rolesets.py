"""Which rolesets (senses) a predicate's word form may have, as learned from a corpus.

A roleset is named by its frame file and a number (`give.01`, `give_up.07`): the frame file is the
lemma, and rolesets with a particle stand in the file of the verb alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

# Word endings longer than this tell a word rather than an inflection.
_MAX_SUFFIX = 4
UNSEEN_NUMBER = "01"


def frame_file(roleset: str) -> str:
    """The frame file of a roleset: `give` for `give.01` and `give_up.07`."""
    return roleset.rpartition(".")[0].partition("_")[0] or roleset


class RolesetLexicon:
    """The rolesets of a corpus, by frame file and word form.

    rolesets: in the order of the classes. files: for each word form (lower case) the frame files
    that it was seen with. rules: for each word ending the most frequent way to the lemma, as the
    ending to put in its place. guess_accuracy: share of the forms whose frame file the rules,
    learned without that form, find.
    """

    def __init__(self) -> None:
        self.rolesets: list[str] = []
        self.files: dict[str, list[str]] = {}
        self.rules: dict[str, str] = {}
        self.guess_accuracy = 0.0
        self._by_file: dict[str, list[int]] = {}

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, str]]) -> "RolesetLexicon":
        """Learn from pairs of word form and roleset."""
        counts = Counter((form.lower(), roleset) for form, roleset in pairs)
        lexicon = cls()
        lexicon.rolesets = sorted({roleset for _, roleset in counts})
        files: dict[str, set[str]] = {}
        for form, roleset in counts:
            files.setdefault(form, set()).add(frame_file(roleset))
        lexicon.files = {form: sorted(found) for form, found in sorted(files.items())}
        changes: dict[str, Counter[str]] = {}
        for form, found in lexicon.files.items():
            for ending, new in _changes(form, found):
                changes.setdefault(ending, Counter())[new] += 1
        for ending, news in sorted(changes.items()):
            if (change := _rule(ending, news)) is not None:
                lexicon.rules[ending] = change
        right = 0
        for form, found in lexicon.files.items():
            own = Counter(_changes(form, found))

            def others(ending: str, own: Counter[tuple[str, str]] = own) -> str | None:
                news = changes.get(ending, Counter())
                left = Counter({new: n - own[ending, new] for new, n in news.items()})
                return _rule(ending, +left)

            right += _replace_ending(form, others) in found
        lexicon.guess_accuracy = right / len(lexicon.files) if lexicon.files else 0.0
        lexicon._index()
        return lexicon

    def candidates(self, form: str) -> list[int]:
        """Numbers of the rolesets a word form may have; none for a form of no known frame file."""
        files = self.files.get(form.lower())
        if files is None:
            files = [self.guess_file(form)]
        return [number for file in files for number in self._by_file.get(file, ())]

    def guess_file(self, form: str) -> str:
        """The likely frame file (lemma) of a word form that was not seen."""
        return _replace_ending(form.lower(), self.rules.get)

    def guess(self, form: str) -> str:
        """The roleset of a form without candidates: its likely frame file, number 01."""
        return f"{self.guess_file(form)}.{UNSEEN_NUMBER}"

    def to_dict(self) -> dict[str, Any]:
        """The lexicon as plain data; pairs, because forms are no good keys in config files."""
        return {
            "rolesets": self.rolesets,
            "files": [[form, found] for form, found in self.files.items()],
            "rules": [[ending, new] for ending, new in self.rules.items()],
            "guess_accuracy": self.guess_accuracy,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "RolesetLexicon":
        """The inverse of `to_dict`."""
        lexicon = cls()
        lexicon.rolesets = list(data["rolesets"])
        lexicon.files = {form: list(found) for form, found in data["files"]}
        lexicon.rules = dict(data["rules"])
        lexicon.guess_accuracy = float(data["guess_accuracy"])
        lexicon._index()
        return lexicon

    def _index(self) -> None:
        self._by_file = {}
        for number, roleset in enumerate(self.rolesets):
            self._by_file.setdefault(frame_file(roleset), []).append(number)


def _changes(form: str, files: Iterable[str]) -> list[tuple[str, str]]:
    """How endings of a form become endings of its frame files' names: `("ing", "e")`."""
    result = []
    for file in files:
        shared = 0
        while form[: shared + 1] == file[: shared + 1] and shared < len(form):
            shared += 1
        for n in range(len(form) - shared, min(_MAX_SUFFIX, len(form) - 1) + 1):
            result.append((form[len(form) - n :], file[len(form) - n :]))
    return result


def _rule(ending: str, news: Counter[str]) -> str | None:
    """The most frequent change of an ending; one that stands once is no rule."""
    if news.total() < (2 if ending else 1):
        return None
    return min(news, key=lambda new: (-news[new], new))


def _replace_ending(form: str, rule: Callable[[str], str | None]) -> str:
    """Apply the rule of the longest ending that has one."""
    for n in range(min(_MAX_SUFFIX, len(form) - 1), -1, -1):
        new = rule(form[len(form) - n :])
        if new is not None:
            return form[: len(form) - n] + new
    return form
