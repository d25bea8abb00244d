"""Options of a learning curve, and which runs it consists of."""

import re
from dataclasses import replace

import pytest

from .conftest import ROOT


def test_lists(plan, options):
    assert options.read_shares("0.01, 0.3,1") == (0.01, 0.3, 1.0)
    assert options.read_seeds("2,0,") == (2, 0)
    assert options.read_recipes("full,plain") == ("full", "plain")
    assert options.read_arguments("--a 'b c'", "--settings") == ("--a", "b c")
    assert options.read_arguments("a.b=1 c='d e'", "--settings") == ("--a.b=1", "--c=d e")
    assert options.read_arguments(" ", "--settings") == ()
    assert [plan.percent(share) for share in (0.005, 0.01, 0.07, 0.1, 1.0)] == [
        *("0.5", "1", "7", "10", "100")
    ]


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        ("read_shares", "0.1,0", "--shares 0.1,0: 0 is no share. Give a number above 0 and at"),
        ("read_shares", "1.5", "1.5 is no share"),
        ("read_shares", "nan", "nan is no share"),
        ("read_shares", "ten", "ten is no share"),
        ("read_shares", "1,1.0", "the same value stands there twice"),
        ("read_shares", " ", "there is nothing in it. Give for instance 0.01,0.1,1"),
        ("read_seeds", "", "--seeds '': there is nothing in it. Give for instance 0,1,2"),
        ("read_seeds", "0,-1", "-1 is no seed. Give whole numbers of at least 0"),
        ("read_seeds", "1,1", "twice"),
        ("read_recipes", "plain,best", "best is no recipe. Give plain or full"),
    ],
)
def test_lists_that_cannot_be(options, read, text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        getattr(options, read)(text)


# The plan


def test_steps(plan, settings):
    steps = plan.make_plan(settings)
    assert {step.name: step.needs for step in steps} == {
        "plain-10-0": (),
        "plain-10-5": (),
        "rest-10": (),
        "soft-10": ("plain-10-0", "plain-10-5", "rest-10"),
        "full-10-0": ("soft-10",),
        "full-10-5": ("soft-10",),
        "plain-100-0": (),
        "plain-100-5": (),
        "soft-100": ("plain-100-0", "plain-100-5"),
        "full-100-0": ("soft-100",),
        "full-100-5": ("soft-100",),
    }
    known = set()
    for step in steps:
        assert known.issuperset(step.needs)
        known.add(step.name)


def test_plain_runs_alone(plan, settings):
    steps = plan.make_plan(replace(settings, recipes=("plain",)))
    assert [step.name for step in steps] == [
        "plain-10-0",
        "plain-10-5",
        "plain-100-0",
        "plain-100-5",
    ]


def test_only_those_plain_runs_that_teach(plan, settings):
    steps = plan.make_plan(replace(settings, recipes=("full",), teachers=1, shares=(0.1,)))
    assert [step.name for step in steps] == [
        *("plain-10-0", "rest-10", "soft-10", "full-10-0", "full-10-5")
    ]
    with pytest.raises(
        ValueError, match="--teachers 3: the teachers are plain runs, and there are"
    ):
        plan.make_plan(replace(settings, teachers=3))


def given(step, number=0):
    """The options of a command with their values."""
    command = step.commands[number]
    return {
        name: value for name, value in zip(command, [*command[1:], ""]) if name.startswith("--")
    }


def test_commands(plan, settings):
    settings = replace(settings, steps=7, settings=("--training.dropout", "0.2"))
    settings = replace(settings, student_settings=("--training.patience", "3"), gpu_id=0)
    steps = {step.name: step for step in plan.make_plan(settings)}
    runs = settings.folder / "runs"
    train = given(steps["plain-10-5"])
    assert train["--output"] == str(runs / "plain-10-5")
    assert train["--corpora.train.subset"] == "0.1"
    assert train["--system.seed"] == "5"
    assert train["--training.max_steps"] == "7"
    assert train["--training.dropout"] == "0.2"
    assert train["--gpu-id"] == "0"
    assert "--resume-or-begin" in train
    assert "--training.patience" not in train
    assert "--corpora.train.soft" not in train
    student = given(steps["full-10-5"])
    soft = settings.folder / "soft" / "10.spacy"
    assert student["--corpora.train.soft"] == given(steps["soft-10"])["--output"] == str(soft)
    assert student["--corpora.train.subset"] == "0.1"
    assert student["--training.dropout"] == "0.2"
    assert student["--training.patience"] == "3"
    assert "--training.max_steps" not in student
    rest = str(settings.folder / "rest" / "10.spacy")
    assert given(steps["rest-10"])["--output"] == rest
    teachers = tuple(str(runs / f"plain-10-{seed}" / "model-best") for seed in (0, 5))
    assert steps["soft-10"].commands[0][2:5] == (*teachers, rest)
    # With all labels there is no rest: the teachers annotate what they have learned from.
    assert steps["soft-100"].commands[0][4] == str(settings.train)


def test_scores_of_a_run(plan, settings):
    (step, *_) = plan.make_plan(settings)
    assert list(step.scores) == ["dev"]
    assert step.content["sentences"] == 22
    assert (step.content["recipe"], step.content["share"], step.content["seed"]) == (
        "plain",
        0.1,
        0,
    )
    joint = replace(settings, config=ROOT / "configs" / "joint.cfg", test=settings.train)
    (step, *_) = plan.make_plan(joint)
    assert list(step.scores) == ["dev", "dev_gold_predicates", "test", "test_gold_predicates"]
    assert "--gold-predicates" in given(step, 2)
    assert "--gold-predicates" not in given(step, 1)
    assert given(step, 4)["--output"] == str(step.scores["test_gold_predicates"])


def test_what_cannot_be_planned(plan, settings, tmp_path):
    bad = tmp_path / "bad.cfg"
    bad.write_text("[nlp]\nlang = en\n")
    with pytest.raises(ValueError, match=r"bad\.cfg: this is no config of a pipeline"):
        plan.make_plan(replace(settings, config=bad))
    with pytest.raises(ValueError, match="no such file"):
        plan.make_plan(replace(settings, train=tmp_path / "none.spacy"))
