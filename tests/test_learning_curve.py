"""scripts/learning_curve.py: which runs there are, what is run again, and what is made of them."""

import json
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

from spacy_seqtag.corpus.convert import convert

ROOT = Path(__file__).parents[1]
MINI = ROOT / "assets" / "mini"
SCRIPT = ROOT / "scripts" / "learning_curve.py"
LAYERS = ("conllu", "iob2", "gold_conll")


@pytest.fixture(scope="module", autouse=True)
def path():
    """The parts of the script import each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        yield


@pytest.fixture(scope="module")
def plan(path):
    return import_module("curves.plan")


@pytest.fixture(scope="module")
def schedule(path):
    return import_module("curves.schedule")


@pytest.fixture(scope="module")
def results(path):
    return import_module("curves.results")


@pytest.fixture(scope="module")
def draw(path):
    return import_module("curves.draw")


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    for split in ("train", "dev"):
        convert([MINI / f"{split}.{ending}" for ending in LAYERS], folder / f"{split}.spacy")
    return folder


@pytest.fixture
def settings(plan, corpora, tmp_path):
    return plan.Settings(
        folder=tmp_path / "curve",
        config=ROOT / "configs" / "pos_ner.cfg",
        train=corpora / "train.spacy",
        dev=corpora / "dev.spacy",
        shares=(0.1, 1.0),
        seeds=(0, 5),
    )


# Options


def test_lists(plan):
    assert plan.read_shares("0.01, 0.3,1") == (0.01, 0.3, 1.0)
    assert plan.read_seeds("2,0,") == (2, 0)
    assert plan.read_recipes("full,plain") == ("full", "plain")
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
def test_lists_that_cannot_be(plan, read, text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        getattr(plan, read)(text)


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


def options(step, number=0):
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
    train = options(steps["plain-10-5"])
    assert train["--output"] == str(runs / "plain-10-5")
    assert train["--corpora.train.subset"] == "0.1"
    assert train["--system.seed"] == "5"
    assert train["--training.max_steps"] == "7"
    assert train["--training.dropout"] == "0.2"
    assert train["--gpu-id"] == "0"
    assert "--resume-or-begin" in train
    assert "--training.patience" not in train
    assert "--corpora.train.soft" not in train
    student = options(steps["full-10-5"])
    soft = settings.folder / "soft" / "10.spacy"
    assert student["--corpora.train.soft"] == options(steps["soft-10"])["--output"] == str(soft)
    assert student["--corpora.train.subset"] == "0.1"
    assert student["--training.dropout"] == "0.2"
    assert student["--training.patience"] == "3"
    assert "--training.max_steps" not in student
    rest = str(settings.folder / "rest" / "10.spacy")
    assert options(steps["rest-10"])["--output"] == rest
    teachers = tuple(str(runs / f"plain-10-{seed}" / "model-best") for seed in (0, 5))
    assert steps["soft-10"].commands[0][2:5] == (*teachers, rest)
    # With all labels there is no rest: the teachers annotate what they have learned from.
    assert steps["soft-100"].commands[0][4] == str(settings.train)


def test_scores_of_a_run(plan, settings):
    (step, *_) = plan.make_plan(settings)
    assert list(step.scores) == ["dev"]
    assert step.content == {"recipe": "plain", "share": 0.1, "seed": 0, "sentences": 22}
    joint = replace(settings, config=ROOT / "configs" / "joint.cfg", test=settings.train)
    (step, *_) = plan.make_plan(joint)
    assert list(step.scores) == ["dev", "dev_gold_predicates", "test", "test_gold_predicates"]
    assert "--gold-predicates" in options(step, 2)
    assert "--gold-predicates" not in options(step, 1)
    assert options(step, 4)["--output"] == str(step.scores["test_gold_predicates"])


def test_what_cannot_be_planned(plan, settings, tmp_path):
    bad = tmp_path / "bad.cfg"
    bad.write_text("[nlp]\nlang = en\n")
    with pytest.raises(ValueError, match=r"bad\.cfg: this is no config of a pipeline"):
        plan.make_plan(replace(settings, config=bad))
    with pytest.raises(ValueError, match="no such file"):
        plan.make_plan(replace(settings, train=tmp_path / "none.spacy"))


# What is done


@dataclass(frozen=True)
class Script:
    """A step whose commands are Python code, not commands of spaCy's."""

    name: str
    record: Path
    code: str = ""
    needs: tuple[str, ...] = ()
    facts: dict = None
    content: dict = None
    scores: dict = None
    leftovers: tuple[Path, ...] = ()

    @property
    def title(self):
        return self.name

    def lines(self):
        return [[sys.executable, "-c", line] for line in self.code.split("\n")]


@pytest.fixture
def make(tmp_path):
    """Function to make a step that notes in a file that it has run."""

    def make(name, code="pass", **more):
        note = f"open({str(tmp_path / 'order')!r}, 'a').write({name + ' '!r})"
        record = tmp_path / "records" / f"{name}.json"
        return Script(name, record, f"{note}\n{code}", facts={"of": name}, **more)

    return make


@pytest.fixture
def order(tmp_path):
    """Function to tell which steps have run."""

    def order():
        path = tmp_path / "order"
        return path.read_text().split() if path.exists() else []

    return order


def test_what_is_done_is_not_run_again(schedule, make, order, tmp_path):
    steps = [make("a"), make("b", needs=("a",)), make("c", needs=("a", "b"))]
    ended = []
    runner = schedule.Runner(
        tmp_path / "logs", on_end=lambda step, record, seconds: ended.append((step.name, record))
    )
    assert schedule.find_done(steps) == set()
    assert runner.run(steps, {"a"}) == []
    assert order() == ["b", "c"]
    assert ended == [("b", {"made_with": {"of": "b"}}), ("c", {"made_with": {"of": "c"}})]
    assert schedule.find_done(steps) == {"b", "c"}
    steps[1].record.unlink()
    assert runner.run(steps, schedule.find_done(steps)) == []
    assert order() == ["b", "c", "a", "b"]
    assert runner.run(steps, schedule.find_done(steps)) == []
    assert order() == ["b", "c", "a", "b"]


@pytest.mark.parametrize("content", [b"", b'{"made_with": {', b"[1]", b"\xff", b"{}"])
def test_damaged_records(schedule, make, content):
    step = make("a")
    step.record.parent.mkdir()
    step.record.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json: this is no .*Remove the file") as info:
        schedule.find_done([step])
    assert "\n" not in str(info.value)


def test_other_settings(plan, schedule, settings):
    steps = plan.make_plan(settings)
    for step in steps:
        step.record.parent.mkdir(parents=True, exist_ok=True)
        step.record.write_text(json.dumps({"made_with": step.facts}))
    assert schedule.find_done(steps) == {step.name for step in steps}
    longer = plan.make_plan(replace(settings, student_steps=8))
    message = r"full-10-0\.json was made with other settings: student_steps 8 \(was 0\)\. Give it"
    with pytest.raises(ValueError, match=message):
        schedule.find_done(longer)
    # More seeds and shares are no other settings of a plain run, but students have more teachers.
    more = plan.make_plan(replace(settings, seeds=(0, 5, 7), shares=(0.5, 1.0)))
    with pytest.raises(
        ValueError, match=r"soft-100\.json .*: teachers \[0, 5, 7\] \(was \[0, 5\]\)"
    ):
        schedule.find_done(more)
    fixed = plan.make_plan(replace(settings, seeds=(0, 5, 7), teachers=2))
    assert schedule.find_done(fixed) == {step.name for step in steps}


# Running


def test_record_and_leftovers(schedule, make, tmp_path):
    scores, left = tmp_path / "scores.json", tmp_path / "left"
    (left / "model").mkdir(parents=True)
    code = f"open({str(scores)!r}, 'w').write('{{\"pos_acc\": 0.5}}')"
    step = make("a", code, content={"seed": 3}, scores={"dev": scores}, leftovers=(left,))
    assert schedule.Runner(tmp_path / "logs").run([step], set()) == []
    assert json.loads(step.record.read_text()) == {
        "seed": 3,
        "made_with": {"of": "a"},
        "scores": {"dev": {"pos_acc": 0.5}},
    }
    assert not left.exists()


def test_a_run_that_fails(schedule, make, order, tmp_path):
    steps = [
        make("a", "import sys; sys.exit('✘ no memory')"),
        make("b", needs=("a",)),
        make("c"),
    ]
    runner = schedule.Runner(tmp_path / "logs")
    (failure,) = runner.run(steps, set())
    log = tmp_path / "logs" / "a.log"
    assert str(failure).startswith("a: `python -c import sys; sys.exit(")
    assert str(failure).endswith(f"ended with exit code 1: no memory. All that it said is in {log}")
    assert "\n" not in str(failure)
    assert order() == ["a"]
    assert not steps[0].record.exists()
    # What does not need it can go on.
    runner = schedule.Runner(tmp_path / "logs", keep_going=True)
    assert len(runner.run(steps, set())) == 1
    assert order() == ["a", "a", "c"]


def test_several_at_a_time(schedule, make, tmp_path):
    """Each of two waits for a file of the other; the third comes after them."""
    wait = "import pathlib, time\np = pathlib.Path({other!r})\nwhile not p.exists(): time.sleep(0)"

    def meet(own, other):
        own, other = (str(tmp_path / name) for name in (own, other))
        return f"open({own!r}, 'w')\n" + f"exec({wait.format(other=other)!r})"

    steps = [make("a", meet("1", "2")), make("b", meet("2", "1")), make("c", needs=("a", "b"))]
    running, most = set(), []

    def on_start(step):
        running.add(step.name)
        most.append(len(running))

    runner = schedule.Runner(
        tmp_path / "logs", 2, on_start=on_start, on_end=lambda step, *_: running.discard(step.name)
    )
    assert runner.run(steps, set()) == []
    assert most == [1, 2, 1]


def test_interruption_ends_the_processes(schedule, make, tmp_path):
    """As Ctrl+C does, while one step runs for ever."""
    endless = make("endless", "import time; time.sleep(1000)")
    begun = threading.Event()

    class Interrupting(schedule.Runner):
        def _call(self, line, log):
            if "sleep" in line[-1]:
                begun.set()
            return super()._call(line, log)

    def on_end(step, record, seconds):
        begun.wait()
        raise KeyboardInterrupt

    runner = Interrupting(tmp_path / "logs", 2, on_end=on_end)
    with pytest.raises(KeyboardInterrupt):
        runner.run([endless, make("short")], set())
    assert not endless.record.exists()
    assert runner._processes == set()


# Results


def result(folder, recipe="plain", share=0.1, seed=0, **scores):
    """Write the record of a run, with scores on dev."""
    path = folder / "results" / f"{recipe}-{share}-{seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    given = {"srl_f": scores.pop("given")} if "given" in scores else {}
    content = {
        "recipe": recipe,
        "share": share,
        "seed": seed,
        "sentences": round(share * 1000),
        "made_with": {"steps": 7, "seed": seed, "share": share},
        "scores": {"dev": scores, **({"dev_gold_predicates": given} if given else {})},
    }
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def made(tmp_path):
    """Folder with results: three plain runs and a full one with 10%, a plain one with all."""
    for seed, score in enumerate((0.5, 0.6, 0.7)):
        result(tmp_path, seed=seed, pos_acc=score + 0.2, ents_f=score, tag_acc=None, given=0.4)
    result(tmp_path, "full", pos_acc=0.95, ents_f=0.8)
    result(tmp_path, share=1.0, pos_acc=0.9, ents_f=0.75, speed=1000.0)
    return tmp_path


def test_points(results, made):
    points = results.make_points(results.load_results(made), "dev")
    found = [(p.recipe, p.share, p.sentences, p.metric, len(p.values)) for p in points]
    assert found == [
        ("plain", 0.1, 100, "pos_acc", 3),
        ("plain", 0.1, 100, "ents_f", 3),
        ("plain", 0.1, 100, "srl_f_gold_predicates", 3),
        ("full", 0.1, 100, "pos_acc", 1),
        ("full", 0.1, 100, "ents_f", 1),
        ("plain", 1.0, 1000, "pos_acc", 1),
        ("plain", 1.0, 1000, "ents_f", 1),
    ]
    entities, alone = points[1], points[4]
    assert entities.values == {0: 0.5, 1: 0.6, 2: 0.7}
    assert entities.mean == pytest.approx(0.6)
    assert entities.deviation == pytest.approx(0.1)
    assert (entities.least, entities.most) == (0.5, 0.7)
    assert alone.deviation is None
    assert results.figure(entities) == "60.00 ±10.00"
    assert results.figure(alone) == "80.00"


def test_table(results, made):
    points = results.make_points(results.load_results(made), "dev")
    peer = results.Reference("a peer with a long name that is not to be cut", {"ents_f": 0.74}, 0.1)
    header, _, *rows = results.curve_table(points, [peer]).strip().split("\n")
    assert re.split(r" {2,}", header) == [
        *("labels", "sentences", "recipe", "UPOS", "entity F1", "role F1, gold predicates", "runs")
    ]
    cells = [re.split(r" {2,}", row.strip()) for row in rows]
    assert cells == [
        ["10%", "100", "plain", "80.00 ±10.00", "60.00 ±10.00", "40.00 ±0.00", "3"],
        ["10%", "100", "full", "95.00", "80.00", "1"],
        ["100%", "1,000", "plain", "90.00", "75.00", "1"],
        ["10%", "a peer with a long name that is not to be cut", "74.00"],
    ]


def test_json(results, made):
    points = results.make_points(results.load_results(made), "dev")
    content = json.loads(results.curve_json("dev", points, [results.Reference("x", {})]))
    assert content["split"] == "dev"
    assert content["references"] == [{"name": "x", "scores": {}, "share": None}]
    point = content["points"][1]
    assert point["values"] == {"0": 0.5, "1": 0.6, "2": 0.7}
    assert point["mean"] == pytest.approx(0.6)
    assert (point["min"], point["max"], point["recipe"]) == (0.5, 0.7, "plain")
    assert content["points"][4]["sd"] is None


def test_results_that_cannot_be(results, made, tmp_path):
    with pytest.raises(ValueError, match="none: there are no results in it"):
        results.load_results(tmp_path / "none")
    with pytest.raises(
        ValueError, match=r"--split test: no result has scores of it\. Run with --test"
    ):
        results.make_points(results.load_results(made), "test")
    broken = made / "results" / "plain-0.1-2.json"
    whole = json.loads(broken.read_text())
    for content, message in (
        ("{", "no JSON object"),
        ("{}", r"no record of a run \(KeyError: 'scores'\)"),
        (json.dumps({**whole, "scores": {"dev": 3}}), "no record of a run"),
        (json.dumps({**whole, "seed": "x"}), "no record of a run"),
        (json.dumps({**whole, "recipe": "best"}), "no known recipe"),
        (
            json.dumps({**whole, "scores": {"dev": {"pos_acc": 97.0}}}),
            "score pos_acc is not from 0 to 1",
        ),
    ):
        broken.write_text(content)
        with pytest.raises(ValueError, match=rf"plain-0\.1-2\.json: .*{message}.*Remove the file"):
            results.load_results(made)


def test_runs_that_do_not_belong_together(results, made):
    assert results.find_differences(results.load_results(made)) == []
    path = made / "results" / "plain-0.1-2.json"
    content = json.loads(path.read_text())
    content["made_with"]["steps"] = 8
    path.write_text(json.dumps(content))
    (line,) = results.find_differences(results.load_results(made))
    assert line.startswith("Not all runs were made with the same steps: 7 (")
    assert line.endswith("8 (plain-0.1-2.json)")


def test_references(results, tmp_path):
    for reference in results.load_references(ROOT / "assets" / "references" / "ewt.json"):
        assert reference.scores
    path = tmp_path / "peers.json"
    path.write_text('[{"name": "x", "share": 0.1, "scores": {"ents_f": 0.5}}]')
    assert results.load_references(path) == [results.Reference("x", {"ents_f": 0.5}, 0.1)]
    for content, message in (
        ("{", r"this is no list of references\. Write as in \[\{"),
        ('[{"name": "x"}]', "no list of references"),
        ('[{"name": "x", "scores": {"f1": 0.5}}]', "'f1' is no metric. Give some of pos_acc,"),
        ('[{"name": "x", "scores": {"ents_f": 74.0}}]', "ents_f 74.0: give a number of at least 0"),
    ):
        path.write_text(content)
        with pytest.raises(ValueError, match=rf"peers\.json: .*{message}"):
            results.load_references(path)


# The plot


def elements(svg, name):
    return ElementTree.fromstring(svg).iter(f"{{http://www.w3.org/2000/svg}}{name}")


def test_plot(results, draw, made):
    points = results.make_points(results.load_results(made), "dev")
    peers = [
        results.Reference("A & B", {"ents_f": 0.74}),
        results.Reference("C", {"ents_f": 0.5}, 0.01),
    ]
    svg = draw.draw_curves(points, peers)
    assert svg == draw.draw_curves(points, peers)
    assert "prefers-color-scheme: dark" in svg
    titles = [e.text for e in elements(svg, "title")]
    assert "plain, 10%: 60.00 (50.00 to 70.00, 3 runs)" in titles
    assert {"A & B: 74.00", "C: 50.00"} <= set(titles)
    texts = [e.text for e in elements(svg, "text")]
    assert {"UPOS", "entity F1", "role F1, gold predicates", "10%", "100%", "A & B"} <= set(texts)
    assert "role F1, end to end" not in texts
    dots = [e for e in elements(svg, "circle") if list(e)]
    assert len(dots) == len(points)


def test_places_in_the_plot(results, draw):
    """The axis of shares is logarithmic, that of scores is not; bars go from least to most."""
    values = {0.01: (0.5, 0.5), 0.1: (0.6, 0.8), 1.0: (0.9, 0.9)}
    points = [
        results.Point("plain", share, 1, "ents_f", dict(enumerate(scores)))
        for share, scores in values.items()
    ]
    svg = draw.draw_curves(points)
    paths = [e.get("d") for e in elements(svg, "path")]
    dots = [e for e in elements(svg, "circle") if list(e)]
    (x1, y1), (x2, y2), (x3, y3) = ((float(e.get("cx")), float(e.get("cy"))) for e in dots)
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
    assert (y1 - y2) / (y2 - y3) == pytest.approx(1.0, abs=0.02)
    bar = next(path for path in paths if path.startswith(f"M{x2} ") and "h8" in path)
    low, high = map(float, re.match(r"M\S+ (\S+)V([\d.]+)", bar).groups())
    assert low - y2 == pytest.approx(y2 - high, abs=0.2)
    assert (low - high) / (y1 - y3) == pytest.approx(0.5, abs=0.02)


def test_plot_of_one_share(results, draw):
    points = [results.Point("full", 0.1, 1, "pos_acc", {0: 1.0})]
    (dot,) = [e for e in elements(draw.draw_curves(points), "circle") if list(e)]
    assert float(dot.get("cx")) > 0


# The command


def run(*args):
    command = [sys.executable, SCRIPT, *args]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def arguments(settings):
    files = ("--config", settings.config, "--train", settings.train, "--dev", settings.dev)
    return ("run", *files, "--folder", settings.folder)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--shares", "2"), "--shares 2: 2 is no share. Give a number above 0 and at most 1"),
        (("--seeds", ""), "--seeds '': there is nothing in it"),
        (("--gold-share", "1"), "gold_share = 1.0; set it to"),
        (("--soft-weight", "0"), "soft_weight = 0.0; set it to"),
        (("--settings", "--training.dropout '0.2"), "No closing quotation"),
        (("--references", "none.json"), "none.json"),
        (("--split", "test"), "--split test: give dev, or test together with --test FILE"),
    ],
)
def test_bad_options(arguments, settings, more, message):
    code, output = run(*arguments, *more, "--dry-run")
    assert code == 1
    assert message in output
    assert len(output.strip().split("\n")) == 1
    assert not settings.folder.exists()


def test_dry_run(arguments, settings):
    code, output = run(
        *arguments, "--shares", "0.1", "--seeds", "0", "--recipes", "plain", "--dry-run"
    )
    assert code == 0
    assert output.startswith("# plain, 10%, seed 0\n")
    assert "-m spacy seqtag train" in output
    assert not settings.folder.exists()


def test_report(made):
    code, output = run("report", "--folder", made)
    assert code == 0, output
    assert "60.00 ±10.00" in output
    assert json.loads((made / "curve.json").read_text())["points"]
    assert (made / "curve.svg").read_text().startswith("<svg")
    code, output = run("report", "--folder", made / "none")
    assert code == 1
    assert len(output.strip().split("\n")) == 1


@pytest.mark.slow
def test_whole(arguments, settings, tiny_bert):
    """Two shares, two recipes, several runs at a time; then again, and with a run that fails."""
    few = ("--training.eval_frequency", "2")
    more = (
        *("--shares", "0.3,1", "--seeds", "0", "--jobs", 2, "--base-model", tiny_bert),
        *("--steps", 4, "--student-steps", 4, "--settings", " ".join(few)),
    )
    code, output = run(*arguments, *more)
    assert code == 0, output
    names = ("plain-30-0", "full-30-0", "plain-100-0", "full-100-0")
    results = settings.folder / "results"
    assert sorted(path.stem for path in results.iterdir()) == sorted(names)
    for name in names:
        content = json.loads((results / f"{name}.json").read_text())
        assert 0 <= content["scores"]["dev"]["ents_f"] <= 1
        assert [p.name for p in (settings.folder / "runs" / name).glob("model-*")] == ["model-best"]
    made = json.loads((settings.folder / "curve.json").read_text())["points"]
    assert {(p["recipe"], p["share"]) for p in made} == {
        *(("plain", 0.3), ("full", 0.3), ("plain", 1.0), ("full", 1.0))
    }
    logs = {p.name: p.stat().st_size for p in (settings.folder / "logs").iterdir()}
    (results / "full-30-0.json").unlink()
    code, output = run(*arguments, *more)
    assert code == 0, output
    again = {p.name: p.stat().st_size for p in (settings.folder / "logs").iterdir()}
    assert {name for name in logs if again[name] != logs[name]} == {"full-30-0.log"}
    # It is scored, not trained again.
    assert "The run in" in (settings.folder / "logs" / "full-30-0.log").read_text()
    (results / "full-30-0.json").unlink()
    shutil.rmtree(settings.folder / "runs" / "full-30-0")
    (settings.folder / "soft" / "30.spacy").write_bytes(b"no DocBin")
    code, output = run(*arguments, *more)
    assert code == 1
    assert "full, 30%, seed 0: `python -m spacy seqtag train` ended with exit code 1" in output
    assert "30.spacy" in output
