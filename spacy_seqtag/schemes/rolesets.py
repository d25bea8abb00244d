"""Which rolesets (senses) a predicate may have: a lexicon by word form, learned from a corpus.

A roleset is named by its frame file and a number (`give.01`, `give_up.07`). The frame file is the
lemma of the verb alone, so `give_up.07` is in the file `give`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from .endings import best_change, changes_of, count_changes, replace_ending
from .english import base_forms
from .inventory import FrameInventory

UNSEEN_NUMBER = "01"

# A lexicon as JSON has it: see `RolesetLexicon.to_dict`.
LexiconData = dict[str, Any]


def frame_file(roleset: str) -> str:
    """Return the frame file of a roleset: `give` for `give.01` and `give_up.07`.

    roleset (str): Its name; one without a number is a frame file itself.
    """
    return roleset.rpartition(".")[0].partition("_")[0] or roleset


class Word(NamedTuple):
    """A word in its sentence.

    form (str): As it is written.
    lemma (str): Its lemma; "" if that is unknown.
    pos (str): Its universal part of speech; "" if that is unknown.
    after (Sequence[str]): The words that follow it in its sentence, in lower case.
    """

    form: str
    lemma: str = ""
    pos: str = ""
    after: Sequence[str] = ()


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

    An inventory lists the rolesets of unseen forms, too, see `senses`. What training saw is left to
    the model.

    lang (str): Code of the language; "" for any.

    rolesets (list[str]): In the order of the classes.
    inventory (FrameInventory | None): Where rolesets of unseen forms are looked up; see
        `set_inventory`, which measures what that is worth. None for nowhere.
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
        self._numbers: dict[str, int] = {}
        self.inventory: FrameInventory | None = None

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
        changes = count_changes(lexicon.files)
        for ending, news in sorted(changes.items()):
            if (change := best_change(ending, news)) is not None:
                lexicon.rules[ending] = change
        lexicon._index()
        lexicon._hold_out(seen, changes)
        return lexicon

    def set_inventory(self, inventory: FrameInventory | None) -> None:
        """Look the rolesets of unseen forms up in an inventory.

        inventory (FrameInventory | None): None for none. What it is worth for a form that training
            never saw is measured on those that it saw.
        """
        self.inventory = inventory
        if inventory is not None:
            self._measure_senses(inventory)

    def senses(self, word: Word) -> list[str]:
        """List the rolesets that the inventory has for a form that training never saw.

        word (Word): The word.
        RETURNS (list[str]): See `FrameInventory.senses`; empty for a form that training saw.
        """
        if self.inventory is None or word.form.lower() in self.files:
            return []
        return self._senses(word, self.inventory)

    def _senses(self, word: Word, inventory: FrameInventory) -> list[str]:
        form, lemma = word.form.lower(), word.lemma.lower()
        bases = [lemma] if lemma else base_forms(form) if self.lang == "en" else []
        learned = replace_ending(bases[0] if bases else form, self.rules.get)
        found = inventory.senses([form, *bases], word.pos, word.after)
        return found or inventory.senses([learned], word.pos, word.after)

    def candidates(self, word: Word) -> list[int]:
        """Return the numbers of the rolesets that a word may have, for the model to choose from.

        word (Word): The word.
        RETURNS (list[int]): Empty if no frame file with rolesets is seen or guessed for the form,
            or the inventory has senses of an unseen form that training never saw either.
        """
        if senses := self.senses(word):
            numbers = [self._numbers.get(name, -1) for name in senses]
            return [] if -1 in numbers else numbers
        files = self.files.get(word.form.lower())
        if files is None:
            files = self.guess_files(word.form, word.lemma).files
        return [number for file in files for number in self._by_file.get(file, ())]

    def guess_files(self, form: str, lemma: str = "") -> Guess:
        """Guess the frame files of a word form that training never saw.

        form (str): The word, in any case.
        lemma (str): Its lemma; "" if that is unknown.
        """

        def files_of(word: str) -> list[str] | None:
            return self.files.get(word) or ([word] if word in self._by_file else None)

        return self._guess(form.lower(), lemma.lower(), files_of, self.rules.get)

    def certainty(self, word: Word) -> float:
        """Return the probability that the right roleset is a candidate, or is the `guess`.

        word (Word): The word.
        RETURNS (float): From 0 to 1; 1.0 for a form that training saw.
        """
        if word.form.lower() in self.files:
            return 1.0
        if senses := self.senses(word):
            alone = len(senses) == 1 or self.candidates(word)
            return self.guess_right["listed" if alone else "first"]
        return self.guess_right["known" if self.guess_files(word.form, word.lemma).known else "new"]

    def guess(self, word: Word) -> str:
        """Guess the roleset of a word without candidates.

        word (Word): The word.
        RETURNS (str): Its first sense in the inventory or, where that has none, number 01 of its
            likely frame file.
        """
        if senses := self.senses(word):
            return senses[0]
        return f"{self.guess_files(word.form, word.lemma).files[0]}.{UNSEEN_NUMBER}"

    def _guess(
        self,
        form: str,
        lemma: str,
        files_of: Callable[[str], list[str] | None],
        rule: Callable[[str], str | None],
    ) -> Guess:
        """Guess as `guess_files` does, with the knowledge given, of which a form may be held out.

        files_of (Callable): The frame files of a word that is a known form, or the name of a file.
        rule (Callable): The new ending for an ending, see `replace_ending`.
        """
        bases = [lemma] if lemma else base_forms(form) if self.lang == "en" else []
        for base in bases:
            if files := files_of(base):
                return Guess(files, True)
        # "decision" to "decide" is no inflection, so it counts only if there is such a file.
        learned = replace_ending(bases[0] if bases else form, rule)
        if files := files_of(learned):
            return Guess(files, True)
        return Guess([bases[0] if bases else learned], False)

    def _hold_out(self, seen: list[tuple[str, str]], changes: dict[str, Counter[str]]) -> None:
        """Measure how often guesses are right: guess each form as if it alone were unseen.

        seen (list[tuple[str, str]]): Different pairs of form (lower case) and roleset.
        changes (dict[str, Counter[str]]): See `count_changes`.
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
            own = Counter(changes_of(form, files))
            only = {form}

            def rule(ending: str, own: Counter[tuple[str, str]] = own) -> str | None:
                news = changes.get(ending, Counter())
                left = Counter({new: n - own[ending, new] for new, n in news.items()})
                return best_change(ending, +left)

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

    def _measure_senses(self, inventory: FrameInventory) -> None:
        """Measure how often senses of the inventory are right, by the forms that training saw.

        Rolesets of several words are left out, as their other words are not known here.
        """
        listed, first = [0, 0], [0, 0]
        for form, files in self.files.items():
            senses = self._senses(Word(form), inventory)
            for number in (number for file in files for number in self._by_file[file]):
                roleset = self.rolesets[number]
                if not senses or "_" in roleset:
                    continue
                listed[roleset in senses] += 1
                if len(senses) > 1:
                    first[roleset == senses[0]] += 1
        for kind, (m, n) in (("listed", listed), ("first", first)):
            self.guess_right[kind] = (n + 1) / (m + n + 2)

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
            lexicon._hold_out(pairs, count_changes(lexicon.files))
            # In this way no guess in a known file misses its roleset, which is too kind: take the
            # mean with the other kind.
            right = lexicon.guess_right
            right["known"] = (right["known"] + right["new"]) / 2
        return lexicon

    def _index(self) -> None:
        self._numbers = {roleset: number for number, roleset in enumerate(self.rolesets)}
        self._by_file = {}
        for number, roleset in enumerate(self.rolesets):
            self._by_file.setdefault(frame_file(roleset), []).append(number)
