"""Which runs a learning curve consists of, and the commands of each."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.util import load_config
from spacy.vocab import Vocab
from thinc.api import ConfigValidationError

from spacy_seqtag.corpus.cut import sentence_bounds
from spacy_seqtag.corpus.docbin_read import find_docbins, read_docs
from spacy_seqtag.corpus.subset import Subset
from spacy_seqtag.errors import SHARE, Number, check_settings, one_line
from spacy_seqtag.files import sha256

RECIPES = ("plain", "full")
"""Trained on the labelled sentences alone; on soft labels of the other sentences as well."""

ROLES = "seqtag_srl"
"""The factory of components that label roles, which are scored for gold predicates as well."""

Facts = dict[str, Any]
"""A JSON object: what a result was made with, by the names of settings, or the whole record."""


@dataclass(frozen=True)
class Settings:
    """The options of the command.

    test (Path | None): Scored as well as `dev`, which chooses the checkpoint.
    teachers (int): How many of the plain runs teach; 0 for those of all seeds.
    settings, student_settings (tuple[str, ...]): Further arguments of every training, and of those
        of students.
    steps, student_steps (int): Of a training; 0: as long as the config says.
    """

    folder: Path
    config: Path
    train: Path
    dev: Path
    test: Path | None = None
    base_model: str = ""
    shares: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0)
    seeds: tuple[int, ...] = (0, 1, 2)
    recipes: tuple[str, ...] = RECIPES
    teachers: int = 0
    sample_seed: int = 0
    settings: tuple[str, ...] = ()
    student_settings: tuple[str, ...] = ()
    steps: int = 0
    student_steps: int = 0
    soft_weight: float = 1.0
    gold_share: float = 0.3
    gpu_id: int = -1

    @property
    def teacher_seeds(self) -> tuple[int, ...]:
        return self.seeds[: self.teachers or None]


Command = tuple[str, ...]
"""What follows `python -m spacy`."""


@dataclass(frozen=True)
class Step:
    """A run, or what has to be prepared for runs.

    name, title (str): For files and for people.
    record (Path): The JSON file that says that the step is done.
    facts (Facts): What it is made with.
    commands (tuple[Command, ...]): One after the other.
    output (Path): The file or folder that further steps read.
    needs (tuple[str, ...]): Steps that have to be done before.
    content (Facts | None): Further content of the record; `scored_on` has the digests of corpora.
    scores (dict[str, Path]): JSON files whose content goes into the record, by name.
    leftovers (tuple[Path, ...]): Folders that nobody needs when it is done.
    """

    name: str
    title: str
    record: Path
    facts: Facts
    commands: tuple[Command, ...]
    output: Path
    needs: tuple[str, ...] = ()
    content: Facts | None = None
    scores: dict[str, Path] | None = None
    leftovers: tuple[Path, ...] = ()

    def lines(self) -> list[list[str]]:
        """Return the commands as processes are given them."""
        return [[sys.executable, "-m", "spacy", *command] for command in self.commands]


def percent(share: float) -> str:
    """Write a share as a percentage: "10", "0.5"."""
    return f"{100 * share:.6g}"


def make_plan(settings: Settings) -> list[Step]:
    """Make the list of steps, each after those that it needs.

    RAISES: ValueError (among them FormatError) or OSError: A file that cannot be read.
    """
    if not 0 <= settings.teachers <= len(settings.seeds):
        raise ValueError(
            f"--teachers {settings.teachers}: the teachers are plain runs, and there are "
            f"{len(settings.seeds)} --seeds. Give no more than that, or 0 for all"
        )
    check_settings("students:", gold_share=(settings.gold_share, SHARE))
    check_settings("students:", soft_weight=(settings.soft_weight, Number(above=0.0)))
    return _Planner(settings).steps()


class _Planner:
    """Makes the steps of a learning curve.

    settings (Settings): The options of the command.
    RAISES: ValueError or OSError: A file that cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.has_roles = _has_roles(settings.config)
        self.total = count_sentences(settings.train)
        self.splits = {"dev": settings.dev}
        if settings.test is not None:
            self.splits["test"] = settings.test
        self.digests = {split: sha256(path)[:16] for split, path in self.splits.items()}
        self.facts: Facts = {
            "config": sha256(settings.config)[:16],
            "train": sha256(settings.train)[:16],
            "dev": self.digests["dev"],
            "base_model": settings.base_model,
            "sample_seed": settings.sample_seed,
            "settings": shlex.join(settings.settings),
            "steps": settings.steps,
        }

    def steps(self) -> list[Step]:
        result: list[Step] = []
        for share in self.settings.shares:
            full = "full" in self.settings.recipes
            plain = "plain" in self.settings.recipes
            seeds = self.settings.seeds if plain else self.settings.teacher_seeds
            result += [self.plain(share, seed) for seed in seeds]
            if full:
                result += [self.rest(share)] if share < 1.0 else []
                result += [self.soft(share)]
                result += [self.full(share, seed) for seed in self.settings.seeds]
        return result

    def plain(self, share: float, seed: int) -> Step:
        """Train on the labelled sentences alone."""
        steps = self.settings.steps
        return self._run("plain", share, seed, {}, _max_steps(steps), ())

    def rest(self, share: float) -> Step:
        """Write the sentences that are not in the sample."""
        s = self.settings
        name = f"rest-{percent(share)}"
        output = s.folder / "rest" / f"{percent(share)}.spacy"
        command = ["seqtag", "convert", str(s.train), "--output", str(output), "--rest"]
        command += ["--subset", str(share), "--seed", str(s.sample_seed)]
        facts = {"share": share, "train": self.facts["train"], "sample_seed": s.sample_seed}
        title = f"sentences beside the {percent(share)}%"
        return Step(name, title, self._prepared(name), facts, (tuple(command),), output)

    def soft(self, share: float) -> Step:
        """Let the plain runs annotate the other sentences, or all of them where there are none."""
        s = self.settings
        name = f"soft-{percent(share)}"
        output = s.folder / "soft" / f"{percent(share)}.spacy"
        teachers = [f"plain-{percent(share)}-{seed}" for seed in s.teacher_seeds]
        models = [str(s.folder / "runs" / teacher / "model-best") for teacher in teachers]
        others = s.folder / "rest" / f"{percent(share)}.spacy" if share < 1.0 else s.train
        command = ["seqtag", "distil", *models, str(others), "--output", str(output)]
        command += ["--gpu-id", str(s.gpu_id)]
        needs = (*teachers, f"rest-{percent(share)}") if share < 1.0 else tuple(teachers)
        facts = {**self.facts, "share": share, "teachers": list(s.teacher_seeds)}
        title = f"soft labels, {percent(share)}%"
        record = self._prepared(name)
        return Step(name, title, record, facts, (tuple(command),), output, needs)

    def full(self, share: float, seed: int) -> Step:
        """Train a student on the labelled sentences and the soft labels."""
        s = self.settings
        soft = s.folder / "soft" / f"{percent(share)}.spacy"
        args = ["--corpora.train.soft", str(soft)]
        args += ["--corpora.train.soft_weight", str(s.soft_weight)]
        args += ["--corpora.train.gold_share", str(s.gold_share)]
        args += [*_max_steps(s.student_steps), *s.student_settings]
        facts: Facts = {
            "teachers": list(s.teacher_seeds),
            "soft_weight": s.soft_weight,
            "gold_share": s.gold_share,
            "student_settings": shlex.join(s.student_settings),
            "student_steps": s.student_steps,
        }
        return self._run("full", share, seed, facts, args, (f"soft-{percent(share)}",))

    def _run(
        self,
        recipe: str,
        share: float,
        seed: int,
        facts: Facts,
        args: Sequence[str],
        needs: tuple[str, ...],
    ) -> Step:
        """Train a pipeline and score it."""
        s = self.settings
        name = f"{recipe}-{percent(share)}-{seed}"
        run = s.folder / "runs" / name
        train = ["seqtag", "train", str(s.config), "--output", str(run), "--resume-or-begin"]
        train += ["--gpu-id", str(s.gpu_id), "--paths.train", str(s.train)]
        train += ["--paths.dev", str(s.dev), "--system.seed", str(seed)]
        train += ["--corpora.train.subset", str(share)]
        train += ["--corpora.train.subset_seed", str(s.sample_seed)]
        train += ["--paths.base_model", s.base_model] if s.base_model else []
        commands = [(*train, *s.settings, *args)]
        scores = {}
        for split, path in self.splits.items():
            for mode in ("", "_gold_predicates") if self.has_roles else ("",):
                scores[split + mode] = run / f"{split}{mode}.json"
                evaluate = ["seqtag", "evaluate", str(run / "model-best"), str(path)]
                evaluate += ["--output", str(scores[split + mode]), "--allow-unknown-labels"]
                evaluate += ["--gpu-id", str(s.gpu_id), *(["--gold-predicates"] if mode else [])]
                commands.append(tuple(evaluate))
        sentences = Subset(share, seed=s.sample_seed).size(self.total)
        where: Facts = {"recipe": recipe, "share": share, "seed": seed, "sentences": sentences}
        where["scored_on"] = self.digests
        return Step(
            name,
            f"{recipe}, {percent(share)}%, seed {seed}",
            s.folder / "results" / f"{name}.json",
            {**self.facts, "share": share, "seed": seed, **facts},
            tuple(commands),
            run / "model-best",
            needs,
            where,
            scores,
            (run / "model-last",),
        )

    def _prepared(self, name: str) -> Path:
        return self.settings.folder / "prepared" / f"{name}.json"


def _max_steps(steps: int) -> tuple[str, ...]:
    return ("--training.max_steps", str(steps)) if steps else ()


def count_sentences(path: Path) -> int:
    """Count the sentences of a corpus as samples of it do.

    RAISES: FormatError (a ValueError) or OSError: It cannot be read.
    """
    docs = (doc for file in find_docbins(path) for doc in read_docs(file, Vocab()))
    total = sum(len(sentence_bounds(doc)) for doc in docs)
    if not total:
        raise ValueError(f"{path}: there is no sentence in it. Give an annotated corpus")
    return total


def _has_roles(config: Path) -> bool:
    """Tell whether a config's pipeline labels semantic roles.

    RAISES: ValueError: It cannot be read.
    """
    try:
        loaded = load_config(config)
        pipeline, components = loaded["nlp"]["pipeline"], loaded["components"]
        return any(components[name].get("factory") == ROLES for name in pipeline)
    except (ConfigValidationError, KeyError, ValueError, AttributeError) as err:
        raise ValueError(f"{config}: this is no config of a pipeline: {one_line(err)}") from None
