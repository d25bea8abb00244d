"""Training that fits the size of the corpus, through spaCy's own loop."""

from io import StringIO
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import ConfigValidationError

from spacy_seqtag.training.warmup_linear import create_warmup_linear

CONFIG = Path(__file__).parents[2] / "configs" / "ner.cfg"


@pytest.fixture(scope="module")
def corpus(mini_docs, tmp_path_factory):
    """20 sentences, that is three batches of eight."""
    path = tmp_path_factory.mktemp("corpus") / "mini.spacy"
    DocBin(docs=mini_docs(spacy.blank("en").vocab, n=20)).to_disk(path)
    return path


@pytest.fixture
def run(corpus, tiny_bert, capsys):
    """Function (settings) to train; returns [training] of the pipeline and the steps evaluated."""

    def run(settings, output=None, size=8, batcher=None):
        paths = {"train": str(corpus), "dev": str(corpus), "base_model": tiny_bert}
        config = spacy.util.load_config(
            CONFIG,
            interpolate=False,
            overrides={f"paths.{key}": value for key, value in paths.items()} | settings,
        )
        config["training"]["batcher"] = batcher or {
            "@batchers": "spacy.batch_by_sequence.v1",
            "size": size,
            "get_length": None,
        }
        nlp = init_nlp(config)
        plan = " ".join(capsys.readouterr().out.split())  # wasabi wraps
        stdout = StringIO()
        train(nlp, output, stdout=stdout)
        rows = [line.split() for line in stdout.getvalue().splitlines()]
        steps = [int(row[1]) for row in rows if row and row[0].isdigit()]
        return nlp.config["training"], steps, plan

    return run


PLAN = "initialize.after_init"


def test_epochs_become_steps(run):
    training, steps, plan = run({f"{PLAN}.epochs": 6, f"{PLAN}.min_steps": 1})
    assert steps == [0, 3, 6, 9, 12, 15, 18]
    assert training["max_steps"] == training["optimizer"]["learn_rate"]["total_steps"] == 18
    assert "18 steps (6.0 epochs of 3 batches), evaluated every 3" in plan


def test_one_step(run):
    """One sentence, read once. Its learning rate is not that of the end, which is zero."""
    training, steps, plan = run({"corpora.train.subset_limit": 1, "training.max_epochs": 1})
    assert steps == [0, 1]
    assert "1 step (1.0 epochs of 1 batch), evaluated every 1" in plan
    assert "1 step is few" in plan
    assert next(create_warmup_linear(1e-4, total_steps=training["max_steps"])) == 1e-4


def test_no_batch(run):
    batcher = {
        "@batchers": "spacy.batch_by_words.v1",
        "size": 1,
        "tolerance": 0.0,
        "discard_oversize": True,
        "get_length": None,
    }
    with pytest.raises(ConfigValidationError) as info:
        run({}, batcher=batcher)
    assert "no batch of the training corpus" in info.value.title
    assert "set discard_oversize to false" in info.value.title


def test_batches_may_grow(run):
    """Epochs of 20 sentences in batches of 1, 2, 4, 8 and 8; then 8, 8 and 8."""
    size = {"@schedules": "compounding.v1", "start": 1, "stop": 8, "compound": 2.0, "t": 0.0}
    training, steps, plan = run({"training.max_epochs": 3}, size=size)
    assert training["max_steps"] == steps[-1] == 12  # 11, in stretches of 3
    assert "12 steps (3.0 epochs of 4 batches), evaluated every 3" in plan


def test_small_corpus_is_read_more_often(run):
    _, steps, plan = run({f"{PLAN}.epochs": 1, f"{PLAN}.min_steps": 8})
    assert steps == [0, 2, 4, 6, 8]
    assert "are few" not in plan


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # As given, where the last step is one to evaluate.
        ({"max_steps": 6, "eval_frequency": 2}, [0, 2, 4, 6]),
        # Equal stretches, no longer than what is given.
        ({"max_steps": 7, "eval_frequency": 4}, [0, 4, 8]),
        ({"max_steps": 5, "eval_frequency": 4}, [0, 3, 6]),
        # A run that is shorter than eval_frequency is evaluated at its end.
        ({"max_steps": 5, "eval_frequency": 100}, [0, 5]),
        ({"max_steps": 5}, [0, 1, 2, 3, 4, 5]),
        ({"max_epochs": 2}, [0, 2, 4, 6]),
        # What comes first ends the run.
        ({"max_epochs": 2, "max_steps": 100, "eval_frequency": 3}, [0, 3, 6]),
        ({"max_epochs": 100, "max_steps": 4, "eval_frequency": 2}, [0, 2, 4]),
        ({"max_epochs": -1, "max_steps": 4, "eval_frequency": 2}, [0, 2, 4]),
        # No score of these is better than the first one.
        ({"patience": 2, "max_steps": 100, "eval_frequency": 1}, [0, 1, 2]),
        ({"patience": 3, "max_steps": 100, "eval_frequency": 2}, [0, 2, 4]),
        ({"patience": 1, "max_steps": 100, "eval_frequency": 2}, [0, 2]),
    ],
)
def test_last_step_is_evaluated(run, settings, expected):
    _, steps, plan = run({f"training.{key}": value for key, value in settings.items()})
    assert steps == expected
    assert "steps are few" in plan


def test_last_step_is_the_best_of_equals(run, tmp_path):
    """What is kept is never the untrained pipeline."""
    _, steps, _ = run({"training.max_steps": 2}, tmp_path)
    assert steps[-1] == 2
    best, last = (tmp_path / name / "ner" / "model" for name in ("model-best", "model-last"))
    assert best.read_bytes() == last.read_bytes()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"training.max_epochs": -1}, "set max_steps"),
        ({f"{PLAN}.epochs": 0}, "epochs = 0"),
        ({"training.max_steps": -4}, "[training] max_steps = -4; set it to a whole number"),
        ({"training.max_epochs": -2}, "[training] max_epochs = -2; set it to a whole number"),
        ({"training.eval_frequency": -4}, "[training] eval_frequency = -4; set it to"),
        ({"training.patience": -1}, "[training] patience = -1; set it to a whole number"),
        ({"training.accumulate_gradient": 0}, "[training] accumulate_gradient = 0; set it to"),
        ({"training.max_steps": 9, "training.optimizer.learn_rate.total_steps": 5}, "is zero from"),
        ({"training.max_steps": 9, "training.optimizer.learn_rate.total_steps": 8}, "is zero from"),
        ({"training.optimizer.learn_rate.warmup": 256}, "share of the run"),
        (
            {
                "training.max_steps": 24,
                "training.optimizer.learn_rate": {
                    "@schedules": "warmup_linear.v1",
                    "warmup_steps": 24,
                    "total_steps": 24,
                    "initial_rate": 1e-4,
                },
            },
            "warmup_steps = 24: training ends after 24 steps",
        ),
    ],
)
def test_settings_that_cannot_work(run, settings, words):
    with pytest.raises(ConfigValidationError) as info:
        run(settings)
    assert words in str(info.value)


def test_nothing_to_plan_without_a_corpus(make_nlp, tiny_bert, mini_examples):
    nlp = make_nlp(tiny_bert, ["seqtag_ner"])
    nlp.config["initialize"]["after_init"] = {"@callbacks": "spacy_seqtag.plan_training.v1"}
    nlp.config["training"].update(max_steps=0, eval_frequency=0)
    nlp.initialize(lambda: mini_examples(nlp))
    assert nlp.config["training"]["max_steps"] == 0


@pytest.mark.parametrize("name", ["joint", "ner", "pos", "pos_ner", "srl"])
def test_optimizer_resolves_alone(name):
    """As `resume_training`, `rehearse` and `debug data` do."""
    nlp = spacy.util.load_model_from_config(spacy.util.load_config(CONFIG.parent / f"{name}.cfg"))
    rate = nlp.config["training"]["optimizer"]["learn_rate"]["initial_rate"]
    assert nlp.resume_training().learn_rate == rate
