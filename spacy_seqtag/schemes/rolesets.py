"""Which rolesets (senses) a predicate's word form may have, as learned from a corpus.

A roleset is named by its frame file and a number (`give.01`, `give_up.07`): the frame file is the
lemma, and rolesets with a particle stand in the file of the verb alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from .english import base_forms

# Word endings longer than this tell a word rather than an inflection.
_MAX_SUFFIX = 4
UNSEEN_NUMBER = "01"


def frame_file(roleset: str) -> str:
    """The frame file of a roleset: `give` for `give.01` and `give_up.07`."""
    return roleset.rpartition(".")[0].partition("_")[0] or roleset


class Guess(NamedTuple):
    """The frame files of a word form that was not seen.

    files: one, or those of another form of the word. known: whether they have rolesets.
    """

    files: list[str]
    known: bool


class RolesetLexicon:
    """The rolesets of a corpus, by frame file and word form.

    A form that was not seen has the frame files of its base form, or of a name that endings lead
    to: the base form is a lemma that another component found, else for English what spelling
    tells (see `english.base_forms`), and for other languages what the endings of the corpus tell.

    lang: code of the language, "" for any. rolesets: in the order of the classes. files: for each
    word form (lower case) the frame files that it was seen with. rules: for each word ending the
    most frequent way to the frame file, as the ending to put in its place.
    guess_accuracy: share of the forms whose frame file is found without having seen that form.
    guess_right: how often a guess is right, from 0 to 1 exclusive, measured in the same way.
    "known": that the roleset is among those of the guessed files. "new": that it is number 01 of
    a guessed file that has none.
    """

    def __init__(self, lang: str = "") -> None:
        self.lang = lang
        self.rolesets: list[str] = []
        self.files: dict[str, list[str]] = {}
        self.rules: dict[str, str] = {}
        self.guess_accuracy = 0.0
        self.guess_right = {"known": 0.5, "new": 0.5}
        self._by_file: dict[str, list[int]] = {}

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, str]], lang: str = "") -> "RolesetLexicon":
        """Learn from pairs of word form and roleset."""
        seen = sorted({(form.lower(), roleset) for form, roleset in pairs})
        lexicon = cls(lang)
        lexicon.rolesets = sorted({roleset for _, roleset in seen})
        files: dict[str, set[str]] = {}
        for form, roleset in seen:
            files.setdefault(form, set()).add(frame_file(roleset))
        lexicon.files = {form: sorted(found) for form, found in files.items()}
        changes = _all_changes(lexicon.files)
        for ending, news in sorted(changes.items()):
            if (change := _rule(ending, news)) is not None:
                lexicon.rules[ending] = change
        lexicon._index()
        lexicon._hold_out(seen, changes)
        return lexicon

    def candidates(self, form: str, lemma: str = "") -> list[int]:
        """Numbers of the rolesets a word form may have; none for a form of no known frame file.

        lemma: of the word, where it is known.
        """
        files = self.files.get(form.lower())
        if files is None:
            files = self.guess_files(form, lemma).files
        return [number for file in files for number in self._by_file.get(file, ())]

    def guess_files(self, form: str, lemma: str = "") -> Guess:
        """The likely frame files of a word form that was not seen."""

        def files_of(word: str) -> list[str] | None:
            return self.files.get(word) or ([word] if word in self._by_file else None)

        return self._guess(form.lower(), lemma.lower(), files_of, self.rules.get)

    def certainty(self, form: str, lemma: str = "") -> float:
        """How probable it is that a form has the rolesets of `candidates`, or that of `guess`: 1.0
        for one that was seen with them."""
        if form.lower() in self.files:
            return 1.0
        return self.guess_right["known" if self.guess_files(form, lemma).known else "new"]

    def guess(self, form: str, lemma: str = "") -> str:
        """The roleset of a form without candidates: its likely frame file, number 01."""
        return f"{self.guess_files(form, lemma).files[0]}.{UNSEEN_NUMBER}"

    def _guess(
        self,
        form: str,
        lemma: str,
        files_of: Callable[[str], list[str] | None],
        rule: Callable[[str], str | None],
    ) -> Guess:
        """files_of: frame files of a word that is a form or the name of a file. rule: see
        `_replace_ending`."""
        bases = [lemma] if lemma else base_forms(form) if self.lang == "en" else []
        for base in bases:
            if files := files_of(base):
                return Guess(files, True)
        # From "decision" to "decide": no inflection, so that there has to be such a file.
        learned = _replace_ending(bases[0] if bases else form, rule)
        if files := files_of(learned):
            return Guess(files, True)
        return Guess([bases[0] if bases else learned], False)

    def _hold_out(self, seen: list[tuple[str, str]], changes: dict[str, Counter[str]]) -> None:
        """Measure the guesses for each form by what the others tell.

        seen: different pairs of form (lower case) and roleset. changes: see `_all_changes`.
        """
        forms_of: dict[str, set[str]] = {}  # of a file or a roleset
        rolesets_of: dict[str, list[str]] = {}
        for form, roleset in seen:
            forms_of.setdefault(frame_file(roleset), set()).add(form)
            forms_of.setdefault(roleset, set()).add(form)
            rolesets_of.setdefault(form, []).append(roleset)
        n_right = 0
        right = {kind: [0, 0] for kind in self.guess_right}
        for form, files in self.files.items():
            own = Counter(_changes(form, files))
            only = {form}

            def rule(ending: str, own: Counter[tuple[str, str]] = own) -> str | None:
                news = changes.get(ending, Counter())
                left = Counter({new: n - own[ending, new] for new, n in news.items()})
                return _rule(ending, +left)

            def files_of(word: str, only: set[str] = only) -> list[str] | None:
                if word in self.files and word not in only:
                    return self.files[word]
                return [word] if forms_of.get(word, only) != only else None

            guess = self._guess(form, "", files_of, rule)
            n_right += bool(set(guess.files) & set(files))
            for roleset in rolesets_of[form]:
                if guess.known:
                    found = frame_file(roleset) in guess.files and forms_of[roleset] != only
                else:
                    found = roleset == f"{guess.files[0]}.{UNSEEN_NUMBER}"
                tally = right["known" if guess.known else "new"]
                tally[found] += 1
        self.guess_accuracy = n_right / len(self.files) if self.files else 0.0
        # Laplace's rule of succession: a few right ones are no certainty.
        self.guess_right = {kind: (n + 1) / (m + n + 2) for kind, (m, n) in right.items()}

    def to_dict(self) -> dict[str, Any]:
        """The lexicon as plain data; pairs, because forms are no good keys in config files."""
        return {
            "rolesets": self.rolesets,
            "files": [[form, found] for form, found in self.files.items()],
            "rules": [[ending, new] for ending, new in self.rules.items()],
            "guess_accuracy": self.guess_accuracy,
            "guess_right": self.guess_right,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], lang: str = "") -> "RolesetLexicon":
        """The inverse of `to_dict`."""
        lexicon = cls(lang)
        lexicon.rolesets = list(data["rolesets"])
        lexicon.files = {form: list(found) for form, found in data["files"]}
        lexicon.rules = dict(data["rules"])
        lexicon.guess_accuracy = float(data["guess_accuracy"])
        lexicon._index()
        if "guess_right" in data:
            lexicon.guess_right = dict(data["guess_right"])
        else:  # saved before there was such a thing; which form had which roleset is not saved
            pairs = [
                (form, lexicon.rolesets[number])
                for form, files in lexicon.files.items()
                for file in files
                for number in lexicon._by_file.get(file, ())
            ]
            lexicon._hold_out(pairs, _all_changes(lexicon.files))
            # Which rolesets a file lacks is not known then: no surer than between the two kinds.
            right = lexicon.guess_right
            right["known"] = (right["known"] + right["new"]) / 2
        return lexicon

    def _index(self) -> None:
        self._by_file = {}
        for number, roleset in enumerate(self.rolesets):
            self._by_file.setdefault(frame_file(roleset), []).append(number)


def _all_changes(files: Mapping[str, Iterable[str]]) -> dict[str, Counter[str]]:
    """For each ending, how often forms have each other ending in its place in a file's name."""
    result: dict[str, Counter[str]] = {}
    for form, found in files.items():
        for ending, new in _changes(form, found):
            result.setdefault(ending, Counter())[new] += 1
    return result


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
