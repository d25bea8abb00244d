"""Training that is killed, and goes on with `--resume`.

As in `test_kill.py`, a command runs in a fork of this process, which kills itself with a real
SIGKILL at a given moment, so that no time is measured.
"""

import math
import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_seqtag.models.network import precision
from spacy_seqtag.training.resume import loop, start
from spacy_seqtag.training.resume.loop import Run
from spacy_seqtag.training.resume.record import Record
from spacy_seqtag.training.resume.states import load_state

from .forks import command, in_fork

if not hasattr(os, "fork"):
    pytest.skip("needs os.fork", allow_module_level=True)

CONFIG = Path(__file__).parents[2] / "configs" / "joint.cfg"
SLOW = pytest.mark.slow
STATES = ["step-00000004.npz", "step-00000006.npz"]


@pytest.fixture(scope="module")
def corpus(mini_docs, tmp_path_factory):
    """40 sentences, that is 2 batches or so."""
    path = tmp_path_factory.mktemp("corpus") / "mini.spacy"
    DocBin(docs=mini_docs(spacy.blank("en").vocab, n=40)).to_disk(path)
    return path


@pytest.fixture(scope="module")
def settings(corpus, tiny_bert):
    """8 steps, evaluated at every second."""
    return (
        *("--paths.train", corpus, "--paths.dev", corpus, "--paths.base_model", tiny_bert),
        *("--training.max_steps", 8, "--training.eval_frequency", 2),
        *("--training.optimizer.learn_rate.initial_rate", 0.002),
    )


@pytest.fixture(scope="module")
def train(settings, tmp_path_factory):
    """Function (output, options, prepare) to train in a fork; its exit status and what it said."""
    log = tmp_path_factory.mktemp("log") / "log.txt"

    def train(output, *options, prepare=lambda: None):
        run = command("seqtag", "train", CONFIG, "--output", output, *settings, *options)

        def logged():
            sys.stdout = sys.stderr = log.open("w", buffering=1)
            prepare()
            run()

        code, _ = in_fork(logged, output)
        return code, " ".join(log.read_text("utf8").split())  # wasabi wraps

    return train


def weights(folder):
    """The bytes of all models in a saved pipeline."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("model")}


def assert_ended_as(output, expected):
    for name in ("model-last", "model-best"):
        found, wanted = weights(output / name), weights(expected / name)
        assert found
        assert found.keys() == wanted.keys()
        assert [key for key in found if found[key] != wanted[key]] == []
    assert [path.name for path in (output / "training-state").iterdir()] == ["run.json"]
    assert not list(output.glob(".*"))


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def kill_after_step(step):
    """Function to have this process killed after an update, before an evaluation is saved."""
    return before_step(step, kill)


def keep_states():
    start.remove_states = lambda folder: None


def before_step(step, do):
    """Function to have something done after an update, before an evaluation is saved."""

    def prepare():
        after_step = Run._after_step

        def doing(self, info, log_step):
            if self.step + 1 == step:
                do()
            after_step(self, info, log_step)

        Run._after_step = doing

    return prepare


def kill_while_saving(step, n):
    """Function to have this process killed while it writes the state of a step, array n of it."""

    def prepare():
        save_state, write_array = loop.save_state, np.lib.format.write_array

        def killing(folder, state):
            left = n if state.step == step else -1

            def write(*args, **kwargs):
                nonlocal left
                if left == 0:
                    kill()
                left -= 1
                write_array(*args, **kwargs)

            np.lib.format.write_array = write
            save_state(folder, state)

        loop.save_state = killing

    return prepare


@pytest.fixture(scope="module")
def uninterrupted(train, tmp_path_factory):
    output = tmp_path_factory.mktemp("uninterrupted") / "out"
    code, said = train(output)
    assert code == 0, said
    return output


@pytest.fixture(scope="module")
def killed(train, tmp_path_factory):
    """The folder of a run that was killed after step 7, the last save being that of step 6."""
    output = tmp_path_factory.mktemp("killed") / "out"
    code, said = train(output, prepare=kill_after_step(7))
    assert code == -signal.SIGKILL, said
    return output


@pytest.fixture
def interrupted(killed, tmp_path):
    """A fresh copy of that folder."""
    return Path(shutil.copytree(killed, tmp_path / "out"))


def test_between_evaluations(train, interrupted, uninterrupted):
    assert sorted(p.name for p in interrupted.glob("*/step*")) == STATES
    code, said = train(interrupted, "--resume")
    assert code == 0, said
    assert "Going on from step 6" in said
    assert_ended_as(interrupted, uninterrupted)
    code, said = train(interrupted, "--resume")
    assert code == 0
    assert "complete: it took 8 steps" in said
    assert_ended_as(interrupted, uninterrupted)


def test_as_spacy_train(uninterrupted, settings, tmp_path):
    run = command("train", CONFIG, "--output", tmp_path / "out", *settings)
    assert in_fork(run, tmp_path)[0] == 0
    for name in ("model-last", "model-best"):
        assert weights(tmp_path / "out" / name) == weights(uninterrupted / name)


@pytest.mark.slow
def test_streamed_corpus_with_augmentation(train, settings, tmp_path):
    """What is drawn while a corpus is read is drawn again, and apart from what dropout draws."""
    lower = {"@augmenters": "spacy.lower_case.v1", "level": 0.5}
    options = (
        *("--training.max_epochs", -1, "--corpora.train.augmenter", srsly.json_dumps(lower)),
    )
    assert train(tmp_path / "whole", *options)[0] == 0
    assert train(tmp_path / "out", *options, prepare=kill_after_step(5))[0] == -signal.SIGKILL
    code, said = train(tmp_path / "out", *options, "--resume")
    assert code == 0, said
    assert "Going on from step 4" in said
    assert "not read in the order" not in said
    assert_ended_as(tmp_path / "out", tmp_path / "whole")
    run = command("train", CONFIG, "--output", tmp_path / "spacy", *settings, *options)
    assert in_fork(run, tmp_path)[0] == 0
    assert weights(tmp_path / "spacy" / "model-last") == weights(tmp_path / "whole" / "model-last")


@pytest.mark.slow
def test_before_the_first_save(train, uninterrupted, tmp_path):
    output = tmp_path / "out"
    assert train(output, prepare=kill_after_step(0))[0] == -signal.SIGKILL
    code, said = train(output, "--resume")
    assert code == 0, said
    assert "from the beginning: nothing was saved yet" in said
    assert_ended_as(output, uninterrupted)


@pytest.mark.slow
def test_during_a_save(train, uninterrupted, tmp_path):
    output = tmp_path / "out"
    assert train(output, prepare=kill_while_saving(6, 100))[0] == -signal.SIGKILL
    assert len(list(output.glob("*/.*.tmp"))) == 1
    code, said = train(output, "--resume")
    assert code == 0, said
    assert "Going on from step 4" in said
    assert_ended_as(output, uninterrupted)


def test_leftovers_of_a_kill(train, interrupted, uninterrupted):
    """Between the renames of a folder, and while a file was written."""
    (interrupted / "model-last").rename(interrupted / ".model-last.old")
    shutil.copytree(interrupted / "model-best", interrupted / ".model-best.old")
    for name in (".model-last.new", ".model-best.new"):
        (interrupted / name).mkdir()
        (interrupted / name / "config.cfg").write_text("[nl")
    (interrupted / "training-state" / ".0123.tmp").write_bytes(b"PK")
    code, said = train(interrupted, "--resume")
    assert code == 0, said
    assert "Going on from step 6" in said
    assert_ended_as(interrupted, uninterrupted)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=SLOW)]
)
def test_asked_to_end(train, uninterrupted, tmp_path, number, code):
    output = tmp_path / "out"
    found, said = train(output, prepare=before_step(0, lambda: os.kill(os.getpid(), number)))
    assert found == code
    assert "Interrupted. The same command goes on from the beginning with --resume" in said
    found, said = train(
        output, "--resume", prepare=before_step(5, lambda: os.kill(os.getpid(), number))
    )
    assert found == code
    assert "Interrupted. The same command goes on from step 4 with --resume" in said
    assert "Traceback" not in said
    assert train(output, "--resume")[0] == 0
    assert_ended_as(output, uninterrupted)


@pytest.mark.slow
def test_precision_that_is_measured(train, tmp_path):
    """What "auto" is stays as it was measured when the run began."""

    def faster(is_faster, step=None):
        def prepare():
            precision._cpu_has_bfloat16 = lambda: True
            precision._cpu_multiplies_faster_in_bfloat16 = lambda: is_faster
            if step is not None:
                kill_after_step(step)()

        return prepare

    assert train(tmp_path / "whole", prepare=faster(True))[0] == 0
    output = tmp_path / "out"
    assert train(output, prepare=faster(True, 5))[0] == -signal.SIGKILL
    assert train(output, "--resume", prepare=faster(False))[0] == 0
    assert_ended_as(output, tmp_path / "whole")


@pytest.mark.parametrize(
    ("before", "has_it", "after"),
    [(None, True, "float32"), ("bfloat16", True, "bfloat16"), ("bfloat16", False, "float32")],
)
def test_precision_of_the_record(monkeypatch, capsys, before, has_it, after):
    monkeypatch.setattr(start, "has_bfloat16", lambda device: has_it)
    monkeypatch.setattr(start, "measure_auto", lambda device: "float32")
    record = start._with_precision(Record({}, {}, {}, auto_precision=before))
    assert record.auto_precision == after
    said = " ".join(capsys.readouterr().out.split())  # wasabi wraps
    assert ("this CPU has no instructions for it" in said) is not has_it


def test_scores_that_json_lacks(train, tmp_path):
    """They are kept as well as JSON can, and a score that is no number is never the best."""

    def prepare():
        evaluate = Language.evaluate

        def strange(self, *args, **kwargs):
            calls.append(0)
            scores = evaluate(self, *args, **kwargs)
            if len(calls) == 1:
                scores["pos_acc"] = math.nan
            return scores | {"labels": {"B", "A"}, "counts": np.arange(2), ("a", 1): np.float32(2)}

        calls = []
        Language.evaluate = strange

    output = tmp_path / "out"
    code, said = train(output, prepare=lambda: (prepare(), kill_after_step(3)()))
    assert code == -signal.SIGKILL, said
    state = load_state(output / "training-state" / "step-00000002.npz")
    assert [math.isnan(evaluation.score) for evaluation in state.evaluations] == [True, False]
    plain = {"labels": ["A", "B"], "counts": [0, 1], "('a', 1)": 2.0}
    assert plain.items() <= state.evaluations[0].other_scores.items()
    meta = [srsly.read_json(output / f"model-{name}" / "meta.json") for name in ("best", "last")]
    assert meta[0] == meta[1]
    assert train(output, "--resume")[0] == 0


def test_one_run_after_the_other(train, uninterrupted, tmp_path):
    """Killed before the first save, then during a save, then between evaluations."""
    output = tmp_path / "out"
    assert train(output, prepare=kill_after_step(0))[0] == -signal.SIGKILL
    assert not list(output.glob("*/step*"))
    assert train(output, "--resume", prepare=kill_while_saving(4, 50))[0] == -signal.SIGKILL
    assert train(output, "--resume", prepare=kill_after_step(5))[0] == -signal.SIGKILL
    code, said = train(output, "--resume")
    assert code == 0, said
    assert "Going on from step 4" in said
    assert_ended_as(output, uninterrupted)


@pytest.mark.slow
def test_at_any_change_of_a_file(settings, uninterrupted, tmp_path):
    """At 25 moments spread over all that the command writes."""
    output = tmp_path / "out"
    run = command("seqtag", "train", CONFIG, "--output", output, *settings)
    go_on = command("seqtag", "train", CONFIG, "--output", output, "--resume", *settings)
    _, steps = in_fork(run, output)
    for i in range(25):
        shutil.rmtree(output, ignore_errors=True)
        code, _ = in_fork(run, output, kill_at=1 + i * steps // 25)
        assert code == -signal.SIGKILL
        if not (output / "training-state" / "run.json").exists():
            assert not list(output.glob("model-*"))  # nothing to lose
            continue
        assert in_fork(go_on, output)[0] == 0
        assert_ended_as(output, uninterrupted)


def test_resume_or_begin(train, uninterrupted, tmp_path):
    """One command for all cases: nothing there, a run that was killed, one that is complete."""
    output = tmp_path / "out"
    code, said = train(output, "--resume-or-begin", prepare=kill_after_step(5))
    assert code == -signal.SIGKILL, said
    code, said = train(output, "--resume-or-begin")
    assert code == 0, said
    assert "Going on from step 4" in said
    assert_ended_as(output, uninterrupted)
    assert "complete: it took 8 steps" in train(output, "--resume-or-begin")[1]


def test_begin_after_a_complete_run(train, uninterrupted, tmp_path):
    """Where its settings were others, or its pipeline is not there; a run that may go on is not."""
    output = tmp_path / "out"
    shutil.copytree(uninterrupted, output)
    bad = ("--resume-or-begin", "--paths.train", "none.spacy")
    code, said = train(output, *bad)
    assert code == 1
    assert "no such file" in said
    code, said = train(output, "--resume-or-begin", "--system.seed", 1, prepare=kill_after_step(3))
    assert code == -signal.SIGKILL
    assert "out is complete, with other settings. Beginning anew" in said
    assert_refused(train(output, "--resume-or-begin"), "system.seed = 0 (was 1)", "--allow-changes")
    shutil.rmtree(output)
    shutil.copytree(uninterrupted, output)
    shutil.rmtree(output / "model-best")
    assert train(output, "--resume-or-begin", "--training.max_steps", 2)[0] == 0
    assert (output / "model-best").is_dir()


# What was saved is damaged


@pytest.mark.parametrize(
    "damage", ["cut", *(pytest.param(d, marks=pytest.mark.slow) for d in ("changed", "empty"))]
)
def test_damaged_state(train, interrupted, uninterrupted, damage):
    path = interrupted / "training-state" / STATES[-1]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(
        {"cut": content[: len(content) // 2], "changed": content, "empty": b""}[damage]
    )
    code, said = train(interrupted, "--resume")
    assert code == 0, said
    assert f"{STATES[-1]} is damaged" in said
    assert "Going on from step 4" in said
    assert_ended_as(interrupted, uninterrupted)


def test_no_state_is_whole(train, interrupted):
    for name in STATES:
        (interrupted / "training-state" / name).write_bytes(b"PK")
    best = weights(interrupted / "model-best")
    code, said = train(interrupted, "--resume")
    assert code == 1
    assert "no state is whole" in said
    assert "--overwrite" in said
    assert weights(interrupted / "model-best") == best


# What is refused


def assert_refused(done, *words):
    code, said = done
    assert code == 1
    assert "Traceback" not in said
    for word in words:
        assert word in said


@pytest.mark.parametrize("content", [None, "", "other.txt"])
def test_nothing_to_go_on_with(train, tmp_path, content):
    output = tmp_path / "out"
    if content is not None:
        output.mkdir()
    if content:
        (output / content).write_text("mine")
    what = "does not exist" if content is None else "holds no run"
    assert_refused(train(output, "--resume"), what, "leave --resume out")
    assert [path.name for path in tmp_path.rglob("*")] == [
        *([] if content is None else ["out"]),
        *([content] if content else []),
    ]


def test_changed_settings(train, interrupted, corpus, tmp_path):
    other = tmp_path / "other.spacy"
    shutil.copy(corpus, other)
    changes = ("--training.dropout", 0.3, "--paths.train", other, "--training.patience", 4)
    before = (interrupted / "training-state" / "run.json").read_bytes()
    done = train(interrupted, "--resume", *changes)
    assert_refused(done, "training.dropout = 0.3 (was 0.1)", "paths.train", "--allow-changes")
    assert "eval_frequency" not in done[1]
    assert (interrupted / "training-state" / "run.json").read_bytes() == before
    code, said = train(interrupted, "--resume", "--allow-changes", *changes)
    assert code == 0, said
    assert "Going on with other settings: paths.train" in said
    assert "Going on from step 6" in said


@pytest.mark.slow
def test_other_evaluations(train, interrupted):
    """They need not fall on the step that was saved."""
    changes = ("--training.eval_frequency", 5, "--training.max_steps", 10)
    code, said = train(interrupted, "--resume", "--allow-changes", *changes)
    assert code == 0, said
    assert srsly.read_json(interrupted / "training-state" / "run.json")["steps"] == 10


def test_changed_corpus(train, interrupted, corpus, mini_docs):
    before = corpus.read_bytes()
    try:
        DocBin(docs=mini_docs(spacy.blank("en").vocab, n=39)).to_disk(corpus)
        assert_refused(train(interrupted, "--resume"), "corpora.train.path: the content")
    finally:
        corpus.write_bytes(before)


def test_complete_run_keeps_its_pipelines(train, uninterrupted, tmp_path):
    """It has no state to go on from with other settings, also if that is allowed."""
    output = tmp_path / "out"
    shutil.copytree(uninterrupted, output)
    before = content(output)
    for options in ((), ("--allow-changes",)):
        done = train(output, "--resume", *options, "--training.max_steps", 12)
        assert_refused(done, "is complete: it took 8 steps", "max_steps = 12 (was 8)")
        assert content(output) == before
    # Those that it had stay until the ones of another run are there.
    more = ("--resume-or-begin", "--training.max_steps", 12)
    assert train(output, *more, prepare=kill_after_step(0))[0] == -signal.SIGKILL
    assert weights(output / "model-best") == weights(uninterrupted / "model-best")
    assert weights(output / "model-last") == weights(uninterrupted / "model-last")


def content(folder):
    """The bytes of all files, by their paths."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_other_labels(train, interrupted):
    before = content(interrupted)
    changes = ("--components.srl.model.width", 96)
    done = train(interrupted, "--resume", "--allow-changes", *changes)
    assert_refused(done, "does not fit the pipeline", "srl/")
    assert content(interrupted) == before


def test_end_before_the_state(train, interrupted):
    before = content(interrupted)
    changes = ("--training.max_steps", 4)
    done = train(interrupted, "--resume", "--allow-changes", *changes)
    assert_refused(done, "ends at step 4", "has taken 6 already", "max_steps")
    assert content(interrupted) == before


@pytest.mark.slow
def test_overwriting_a_run(train, interrupted, uninterrupted):
    assert_refused(train(interrupted), "not complete", "--resume", "--overwrite")
    assert_refused(train(interrupted, "--resume", "--overwrite"), "give one of them")
    assert_refused(train(interrupted, "--allow-changes"), "--resume only")
    assert sorted(p.name for p in interrupted.glob("*/step*")) == STATES
    code, said = train(interrupted, "--overwrite")
    assert code == 0, said
    assert_ended_as(interrupted, uninterrupted)


def test_trained_pipelines_are_not_replaced(train, uninterrupted, tmp_path):
    output = tmp_path / "out"
    shutil.copytree(uninterrupted, output)
    before = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    refused = "out holds trained pipelines (model-best, model-last). Name another --output, or"
    assert_refused(train(output), refused, "--overwrite")
    # With bad settings nothing is lost either.
    assert_refused(train(output, "--overwrite", "--paths.train", "none.spacy"), "no such file")
    bad = ("--overwrite", "--components.pos.layer", "upos")
    assert_refused(train(output, *bad), "layer")
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == before
    # What `spacy train` left is no run of ours.
    shutil.rmtree(output / "training-state")
    assert_refused(train(output, "--resume-or-begin"), refused)
    code, said = train(output, "--overwrite", "--training.max_steps", 2)
    assert code == 0, said
    assert srsly.read_json(output / "training-state" / "run.json")["steps"] == 2
    assert weights(output / "model-last").keys() == weights(uninterrupted / "model-last").keys()
    assert weights(output / "model-last") != weights(uninterrupted / "model-last")


def test_what_fails_leaves_nothing(train, tmp_path):
    done = train(tmp_path / "new" / "out", "--components.pos.layer", "upos")
    assert_refused(done, "layer")
    assert not list(tmp_path.iterdir())
    assert_refused(train(tmp_path / "out", "--early-stopping", -1), "--early-stopping = -1")
    assert not list(tmp_path.iterdir())

    def fail():
        raise ValueError("no more")

    def killed_in_init():
        start.init_nlp = lambda *args, **kwargs: kill()

    assert train(tmp_path / "out", prepare=killed_in_init)[0] == -signal.SIGKILL
    assert not list(tmp_path.iterdir())
    log = ("--training.logger.output_file", tmp_path / "log.jsonl")
    assert train(tmp_path / "out", *log, prepare=before_step(0, fail))[0] == 1
    assert not list(tmp_path.iterdir())
    assert train(tmp_path / "out", prepare=before_step(3, fail))[0] == 1
    assert (tmp_path / "out" / "training-state" / "step-00000002.npz").is_file()


# Loggers, early stopping


def test_log_file_and_early_stopping(train, tmp_path):
    """Rows of before are written again, as spaCy's logger appends to no file. The run ends as many
    steps after the best as it may, which was before the kill."""
    output, log = tmp_path / "out", tmp_path / "log.jsonl"
    options = (
        *("--training.logger.output_file", log, "--early-stopping", 4),
        *("--training.score_weights", '{"speed":0.0}'),
    )
    assert train(output, *options, prepare=kill_after_step(3))[0] == -signal.SIGKILL
    code, said = train(output, *options, "--resume")
    assert code == 0, said
    rows = list(srsly.read_jsonl(log))
    best = max(rows, key=lambda row: row["score"])["step"]
    assert best < 3
    assert [row["step"] for row in rows] == list(range(0, best + 5, 2))
    assert all(row["losses"]["pos"] > 0 for row in rows)
    assert srsly.read_json(output / "training-state" / "run.json")["steps"] == best + 4


def test_shorter_patience_than_before(train, tmp_path):
    """It counts from the step that was saved, and does not end the run on the way there."""
    output = tmp_path / "out"
    options = ("--training.score_weights", '{"speed":0.0}')  # the first is the best of equals
    assert train(output, *options, prepare=kill_after_step(5))[0] == -signal.SIGKILL
    more = ("--allow-changes", "--early-stopping", 2)
    code, said = train(output, *options, "--resume", *more)
    assert code == 0, said
    assert srsly.read_json(output / "training-state" / "run.json")["steps"] == 4


@pytest.mark.slow
def test_patience_that_is_shorter_than_a_stretch(train, interrupted):
    """It ends no run on its way to the step that was saved, where nothing was evaluated."""
    options = ("--allow-changes", "--training.eval_frequency", 5, "--early-stopping", 3)
    code, said = train(interrupted, "--resume", *options)
    assert code == 0, said
    assert "Going on from step 6" in said


def test_loggers_are_told_of_all_words(train, interrupted):
    """Those of before the interruption as well."""
    code, said = train(interrupted, "--resume", prepare=keep_states)
    assert code == 0, said
    state = load_state(interrupted / "training-state" / "step-00000008.npz")
    words = [evaluation.words for evaluation in state.evaluations]
    assert [evaluation.step for evaluation in state.evaluations] == [0, 2, 4, 6, 8]
    assert words == sorted(set(words))
