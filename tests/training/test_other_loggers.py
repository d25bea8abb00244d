"""spacy-loggers beside this package's: Weights & Biases, MLflow and ClearML, without network.

Where one of these is not installed, it is not tested (`pip install wandb mlflow clearml`).
"""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import spacy
from spacy.tokens import DocBin

from spacy_seqtag.report.history import columns, find_log
from spacy_seqtag.training.totals_logger import create_totals_logger

SETTINGS = {
    "wandb": {"@loggers": "spacy.WandbLogger.v5", "project_name": "seqtag"},
    "mlflow": {"@loggers": "spacy.MLflowLogger.v2"},
    "clearml": {
        "@loggers": "spacy.ClearMLLogger.v2",
        "project_name": "seqtag",
        "task_name": "tags",
    },
}


@pytest.fixture(scope="module")
def initialized(tmp_path_factory, make_nlp, tiny_bert, mini_examples):
    """A folder with a config of three tasks, tags with names of signs among them, and a corpus."""
    folder = tmp_path_factory.mktemp("run")
    nlp = make_nlp(tiny_bert, {"seqtag_pos": {"layer": "tag"}, "seqtag_ner": {}, "seqtag_srl": {}})
    golds = [example.reference for example in mini_examples(nlp, 4)]
    for doc in golds:
        for token in doc:
            token.tag_ = {".": ".", "$": "$"}.get(token.text, "``")
    DocBin(docs=golds, store_user_data=True).to_disk(folder / "data.spacy")
    config = nlp.config
    config["training"].update(max_steps=4, eval_frequency=2, patience=0)
    return folder, config


def numbers_of(name, folder):
    """What a logger has kept: by name of the score, the last number."""
    if name == "mlflow":
        client = pytest.importorskip("mlflow").MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
        (run,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
        return run.data.metrics
    if name == "wandb":
        # Protocol buffers: a name, some bytes of lengths, and the number as JSON.
        (run,) = folder.glob("wandb/offline-run-*/*.wandb")
        found = re.findall(rb"([a-z_]+)[^0-9a-z]{1,4}([01](?:\.[0-9]+)?)", run.read_bytes())
        return {score.decode(): float(value) for score, value in found}
    (metrics,) = folder.glob("clearml/offline/*/metrics.jsonl")
    rows = [row for line in metrics.read_text("utf8").splitlines() for row in json.loads(line)]
    return {row["metric"]: row["value"] for row in rows if "value" in row}


def test_other_loggers_get_no_scores_by_label():
    told = []
    logger = create_totals_logger(lambda *_: (told.append, lambda: told.append("end")))
    log_step, finalize = logger(spacy.blank("en"))
    log_step(None)
    scores = {
        "tag_acc": 0.5,
        "speed": np.float32(4.0),
        "ents_f": None,
        "tag_per_type": {"$": {"p": 1.0}},
    }
    info = {"step": 3, "other_scores": {**scores, "tag_reliability": [{"size": 1.0}]}}
    log_step(info)
    finalize()
    assert told == [None, {"step": 3, "other_scores": {"tag_acc": 0.5, "speed": 4}}, "end"]
    assert "tag_per_type" in info["other_scores"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_beside_another_logger(initialized, name, tmp_path):
    pytest.importorskip(name, reason=f"{name} is not installed")
    folder, config = initialized
    config = config.copy()
    config["training"]["logger"] = {
        "@loggers": "spacy.ChainLogger.v1",
        "logger1": {"@loggers": "spacy_seqtag.RichLogger.v1", "output_file": "own.jsonl"},
        "logger2": {"@loggers": "spacy_seqtag.TotalsLogger.v1", "logger": SETTINGS[name]},
    }
    config["paths"].update(train=str(folder / "data.spacy"), dev=str(folder / "data.spacy"))
    config.to_disk(tmp_path / "config.cfg")
    offline = {
        "WANDB_MODE": "offline",
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}",
        "CLEARML_OFFLINE_MODE": "1",
        "CLEARML_CACHE_DIR": str(tmp_path / "clearml"),
        "CLEARML_LOG_ENVIRONMENT": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "spacy", "train", "config.cfg", "--output", "out"],
        cwd=tmp_path,
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
        encoding="utf8",
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    kept = numbers_of(name, tmp_path)
    log = find_log(tmp_path / "out" / "model-last", {"output_file": str(tmp_path / "own.jsonl")})
    own = columns(log[1])
    assert [step for step, _ in own["score"]] == [0, 2, 4]
    assert {"ents_f", "tag_acc", "srl_f"} <= set(kept)
    assert not [score for score in kept if "per_type" in score]
    for run in tmp_path.glob("wandb/offline-run-*/*.wandb"):
        assert b"tag_per_type" not in run.read_bytes()
    assert kept["tag_acc"] == pytest.approx(own["tag_acc"][-1][1], abs=0.01)
