"""The workflow few-labels of the project, all of it, with a kill in the middle."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import spacy
import srsly

ROOT = Path(__file__).parents[2]
STEPS = ("divide", "teachers", "distil", "student", "evaluate", "package")

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path):
    """What a clone has."""
    folder = tmp_path / "project"
    for name in ("assets/mini", "configs", "scripts"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "project.yml", folder)
    return folder


@pytest.fixture
def start(project, tiny_bert):
    """Function (variables) to begin the workflow, with a tiny encoder; its process."""

    def start(**variables):
        given = {"base_model": tiny_bert, "few_teacher_steps": 12, "few_student_steps": 8}
        command = [sys.executable, "-m", "spacy", "project", "run", "few-labels", "."]
        for name, value in {**given, "few_eval_frequency": 4, **variables}.items():
            command += [f"--vars.{name}", str(value)]
        return subprocess.Popen(
            command,
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return start


def said(process):
    """All that a process says, once it has ended well."""
    output = " ".join(process.communicate()[0].split())  # wasabi wraps
    assert process.returncode == 0, output
    return output


def test_few_labels(project, start):
    """Joint: teachers, soft labels, a student, scores, a wheel."""
    few = project / "training" / "few"
    process = start()
    # Killed while the second teacher is trained, its first state being saved.
    while not list((few / "teacher-1" / "training-state").glob("step-*.npz")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (few / "teacher-2").exists()

    output = said(start())
    assert "Skipping 'few-divide': nothing changed" in output
    assert "The run in training/few/teacher-0 is complete: it took" in output
    assert "Going on from step" in output
    assert "of 3 teachers" in output
    nlp = spacy.load(few / "student" / "model-best")
    assert nlp.pipe_names == ["transformer", "senter", "pos", "ner", "srl"]
    for name in ("few-teacher", "few"):
        scores = srsly.read_json(project / "metrics" / f"{name}.json")
        assert {"pos_acc", "ents_f", "srl_f"} <= scores.keys()
    assert list((project / "packages").glob("en_seqtag_few-*/dist/*.whl"))

    output = said(start())
    assert all(f"Skipping 'few-{step}': nothing changed" in output for step in STEPS)
    # Other settings of the student: the teachers stay.
    output = said(start(few_student_steps=4))
    assert "Skipping 'few-distil': nothing changed" in output
    assert "Training for 4 steps" in output
