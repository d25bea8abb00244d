"""The scripts that project.yml runs."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import srsly

SCRIPTS = Path(__file__).parents[1] / "scripts"


def run(folder, script, *args):
    """Exit code and output of a script run in a folder."""
    command = [sys.executable, SCRIPTS / script, *args]
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def project(tmp_path):
    """A folder with files, beside others that are none of its business."""
    for name in ("project/corpus/a.spacy", "project/kept", "other/precious"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "project" / "link").symlink_to(tmp_path / "other", target_is_directory=True)
    return tmp_path / "project"


def test_clean(project):
    assert run(project, "clean.py", "corpus", "link", "not_there") == (0, "")
    assert [path.name for path in project.iterdir()] == ["kept"]
    assert (project / ".." / "other" / "precious").exists()


@pytest.mark.parametrize("path", ["..", ".", "corpus/..", "../other", "link/precious"])
def test_clean_stays_inside(project, path):
    code, output = run(project, "clean.py", "corpus", path)
    assert code == 1
    assert "nothing was removed" in output
    assert (project.parent / "other" / "precious").exists()
    assert (project / "corpus" / "a.spacy").exists()


def test_smoke_without_a_wheel(project):
    code, output = run(project, "smoke.py", "packages", "en_x", "1.0")
    assert code == 1
    assert "no wheel of en_x 1.0" in output


def test_smoke_replaces_nothing_but_installed_packages(project):
    wheel = project / "packages" / "en_x-1.0" / "dist" / "en_x-1.0-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    wheel.write_bytes(b"no wheel")
    code, output = run(project, "smoke.py", "packages", "en_x", "1.0", "--target", "corpus")
    assert code == 1
    assert "not a folder of installed packages" in output
    assert (project / "corpus" / "a.spacy").exists()
    (project / "installed" / "en_x-0.9.dist-info").mkdir(parents=True)
    code, output = run(project, "smoke.py", "packages", "en_x", "1.0")
    assert code == 1
    assert "pip could not install the wheel" in output
    # The installation of before is still there, and nothing beside it.
    assert (project / "installed" / "en_x-0.9.dist-info").is_dir()
    assert not list(project.glob("*.tmp"))


@pytest.fixture
def treebank(project):
    """The folder of two assets that project.yml names: a file, and a folder of a repository."""
    folder = project.parent / "treebank"
    (folder / "bank" / "data").mkdir(parents=True)
    (folder / "bank" / "data" / "a.skel").write_text("roles")
    (folder / "dev.conllu").write_text("words")
    checksum = hashlib.md5(b"words").hexdigest()
    words = {"dest": "assets/ewt/dev.conllu", "url": "https://x.org/y", "checksum": checksum}
    repository = {"repo": "https://x.org/bank", "branch": "a", "path": "data"}
    roles = {"dest": "assets/ewt/propbank", "git": repository}
    srsly.write_yaml(project / "project.yml", {"assets": [words, roles]})
    return folder


def test_treebank_from_a_folder(project, treebank):
    code, output = run(project, "ewt_assets.py", treebank)
    assert code == 0, output
    assert (project / "assets" / "ewt" / "dev.conllu").read_text() == "words"
    assert (project / "assets" / "ewt" / "propbank" / "a.skel").read_text() == "roles"


def test_another_revision_of_the_treebank(project, treebank):
    (treebank / "dev.conllu").write_text("other words")
    code, output = run(project, "ewt_assets.py", treebank)
    assert code == 1
    assert "but project.yml pins" in output
    assert not (project / "assets").exists()


def test_treebank_with_a_file_missing(project, treebank):
    (treebank / "dev.conllu").unlink()
    code, output = run(project, "ewt_assets.py", treebank)
    assert code == 1
    assert "dev.conllu" in output
    assert not (project / "assets").exists()
