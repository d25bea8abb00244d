"""Which rolesets (senses) a predicate may have: a lexicon by word form, learned from a corpus.

A roleset is named by its frame file and a number (`give.01`, `give_up.07`). The frame file is the
lemma of the verb alone, so `give_up.07` is in the file `give`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from .english import base_forms

# Longer endings are characteristic of a word, not of an inflection.
_MAX_SUFFIX = 4
UNSEEN_NUMBER = "01"

# A lexicon as JSON has it: see `RolesetLexicon.to_dict`.
LexiconData = dict[str, Any]


def frame_file(roleset: str) -> str:
    """Return the frame file of a roleset: `give` for `give.01` and `give_up.07`.

    roleset (str): Its name; one without a number is a frame file itself.
    """
    return roleset.rpartition(".")[0].partition("_")[0] or roleset


class Guess(NamedTuple):
    """The likely frame files of a word form that training never saw.

    files (list[str]): One, or several if another form of the word has several.
    known (bool): Whether these files have rolesets in the lexicon.
    """

    files: list[str]
    known: bool


class RolesetLexicon:
    """The rolesets of a corpus, by frame file and word form.

    The frame file of an unseen form is guessed from its base form. That is the lemma, if another
    component found one; in English, what the spelling suggests (see `english.base_forms`); in other
    languages, what the word endings of the corpus suggest.

    lang (str): Code of the language; "" for any.

    rolesets (list[str]): In the order of the classes.
    files (dict[str, list[str]]): By word form (lower case), the frame files it was seen with.
    rules (dict[str, str]): By word ending, the ending that most often replaces it in the name of
        the frame file.
    guess_accuracy (float, 0 to 1): Share of the forms whose frame file is guessed if that form is
        held out.
    guess_right (dict[str, float], between 0 and 1): How often a guess is right, measured in the
        same way. "known": the right roleset is in the guessed files. "new": the guessed file has
        no rolesets, and number 01 of it is right.
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
        """Learn from a corpus.

        pairs (Iterable[tuple[str, str]]): Word form and roleset of each predicate.
        lang (str): Code of the language; "" for any.
        """
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
        """Return the numbers of the rolesets that a word form may have.

        form (str): The word, in any case.
        lemma (str): Its lemma; "" if that is unknown.
        RETURNS (list[int]): Empty if no frame file with rolesets is seen or guessed for the form.
        """
        files = self.files.get(form.lower())
        if files is None:
            files = self.guess_files(form, lemma).files
        return [number for file in files for number in self._by_file.get(file, ())]

    def guess_files(self, form: str, lemma: str = "") -> Guess:
        """Guess the frame files of a word form that training never saw.

        form (str): The word, in any case.
        lemma (str): Its lemma; "" if that is unknown.
        """

        def files_of(word: str) -> list[str] | None:
            return self.files.get(word) or ([word] if word in self._by_file else None)

        return self._guess(form.lower(), lemma.lower(), files_of, self.rules.get)

    def certainty(self, form: str, lemma: str = "") -> float:
        """Return the probability that the right roleset is a candidate, or is the `guess`.

        form (str): The word, in any case.
        lemma (str): Its lemma; "" if that is unknown.
        RETURNS (float): From 0 to 1; 1.0 for a form that training saw.
        """
        if form.lower() in self.files:
            return 1.0
        return self.guess_right["known" if self.guess_files(form, lemma).known else "new"]

    def guess(self, form: str, lemma: str = "") -> str:
        """Guess the roleset of a form without candidates: number 01 of its likely frame file.

        form (str): The word, in any case.
        lemma (str): Its lemma; "" if that is unknown.
        """
        return f"{self.guess_files(form, lemma).files[0]}.{UNSEEN_NUMBER}"

    def _guess(
        self,
        form: str,
        lemma: str,
        files_of: Callable[[str], list[str] | None],
        rule: Callable[[str], str | None],
    ) -> Guess:
        """Guess as `guess_files` does, with the knowledge given, of which a form may be held out.

        files_of (Callable): The frame files of a word that is a known form, or the name of a file.
        rule (Callable): The new ending for an ending, see `_replace_ending`.
        """
        bases = [lemma] if lemma else base_forms(form) if self.lang == "en" else []
        for base in bases:
            if files := files_of(base):
                return Guess(files, True)
        # "decision" to "decide" is no inflection, so it counts only if there is such a file.
        learned = _replace_ending(bases[0] if bases else form, rule)
        if files := files_of(learned):
            return Guess(files, True)
        return Guess([bases[0] if bases else learned], False)

    def _hold_out(self, seen: list[tuple[str, str]], changes: dict[str, Counter[str]]) -> None:
        """Measure how often guesses are right: guess each form as if it alone were unseen.

        seen (list[tuple[str, str]]): Different pairs of form (lower case) and roleset.
        changes (dict[str, Counter[str]]): See `_all_changes`.
        """
        forms_of: dict[str, set[str]] = {}  # by file, and by roleset
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
        # Laplace's rule of succession: a few right guesses are no certainty.
        self.guess_right = {kind: (n + 1) / (m + n + 2) for kind, (m, n) in right.items()}

    def to_dict(self) -> LexiconData:
        """Turn the lexicon into plain data.

        Pairs stand in place of dicts, as not every word form can be a key in a config file.
        """
        return {
            "rolesets": self.rolesets,
            "files": [[form, found] for form, found in self.files.items()],
            "rules": [[ending, new] for ending, new in self.rules.items()],
            "guess_accuracy": self.guess_accuracy,
            "guess_right": self.guess_right,
        }

    @classmethod
    def from_dict(cls, data: LexiconData, lang: str = "") -> "RolesetLexicon":
        """Make the lexicon of what `to_dict` gave.

        data (LexiconData): If it lacks "guess_right", as that of older versions, this is measured.
        lang (str): Code of the language; "" for any.

        RAISES: KeyError, TypeError, ValueError: Data that `to_dict` cannot have made.
        """
        lexicon = cls(lang)
        lexicon.rolesets = list(data["rolesets"])
        lexicon.files = {form: list(found) for form, found in data["files"]}
        lexicon.rules = dict(data["rules"])
        lexicon.guess_accuracy = float(data["guess_accuracy"])
        lexicon._index()
        if "guess_right" in data:
            lexicon.guess_right = dict(data["guess_right"])
        else:
            # Which form had which roleset is not in `data`: take all rolesets of its files.
            pairs = [
                (form, lexicon.rolesets[number])
                for form, files in lexicon.files.items()
                for file in files
                for number in lexicon._by_file.get(file, ())
            ]
            lexicon._hold_out(pairs, _all_changes(lexicon.files))
            # In this way no guess in a known file misses its roleset, which is too kind: take the
            # mean with the other kind.
            right = lexicon.guess_right
            right["known"] = (right["known"] + right["new"]) / 2
        return lexicon

    def _index(self) -> None:
        self._by_file = {}
        for number, roleset in enumerate(self.rolesets):
            self._by_file.setdefault(frame_file(roleset), []).append(number)


def _all_changes(files: Mapping[str, Iterable[str]]) -> dict[str, Counter[str]]:
    """Count, by ending of the forms, which ending replaces it in the names of their files."""
    result: dict[str, Counter[str]] = {}
    for form, found in files.items():
        for ending, new in _changes(form, found):
            result.setdefault(ending, Counter())[new] += 1
    return result


def _changes(form: str, files: Iterable[str]) -> list[tuple[str, str]]:
    """Find which endings become which in the names of a form's frame files: `("ing", "e")`."""
    result = []
    for file in files:
        shared = 0
        while form[: shared + 1] == file[: shared + 1] and shared < len(form):
            shared += 1
        for n in range(len(form) - shared, min(_MAX_SUFFIX, len(form) - 1) + 1):
            result.append((form[len(form) - n :], file[len(form) - n :]))
    return result


def _rule(ending: str, news: Counter[str]) -> str | None:
    """Find the most frequent replacement of an ending; None if it occurs only once."""
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
