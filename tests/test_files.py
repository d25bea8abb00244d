"""Output files that appear when they are complete."""

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys

import pytest

from spacy_seqtag.files import OutputError, new_folder, sha256, write_file, written_aside


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write_half(path, error):
    with written_aside(path) as file:
        file.write(b"half")
        file.flush()
        raise error


def test_what_lies_there_is_not_touched(tmp_path):
    (tmp_path / "out.tmp").write_text("mine")
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "out").symlink_to(tmp_path / "victim")
    write_file(tmp_path / "out", b"new")
    assert (tmp_path / "out").read_bytes() == b"new"
    assert (tmp_path / "out.tmp").read_text() == (tmp_path / "victim").read_text() == "mine"
    assert names(tmp_path) == ["out", "out.tmp", "victim"]


def test_two_at_once(tmp_path):
    with written_aside(tmp_path / "out") as first, written_aside(tmp_path / "out") as second:
        first.write(b"1")
        second.write(b"2")
        assert len({path.name for path in tmp_path.iterdir()}) == 2
    assert (tmp_path / "out").read_bytes() == b"1"  # closed last
    assert names(tmp_path) == ["out"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_permissions_are_the_usual(tmp_path):
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "out", b"")
        assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640
    finally:
        os.umask(before)


def test_nothing_is_left_after_an_error(tmp_path):
    (tmp_path / "out").write_text("before")
    for error in (ValueError, KeyboardInterrupt, SystemExit):
        for path in (tmp_path / "out", tmp_path / "new" / "folder" / "out"):
            with pytest.raises(error):
                write_half(path, error)
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out").read_text() == "before"


def test_a_full_disk_names_the_output(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as info:
        write_file(tmp_path / "out", b"x")
    assert str(info.value) == (
        f"{tmp_path / 'out'}: cannot be written: No space left on device. "
        "Free some space there, or name a place with more"
    )
    assert names(tmp_path) == []


def test_a_place_where_no_file_can_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file/out: cannot be written: .*is a file"):
        write_file(tmp_path / "file" / "out", b"x")
    long = tmp_path / ("n" * 255)
    write_file(long, b"x")  # the file aside has a name of its own
    assert long.read_bytes() == b"x"


def test_errors_of_the_input_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError) as info, written_aside(tmp_path / "out"):
        (tmp_path / "none").read_bytes()
    assert not isinstance(info.value, OutputError)


def test_digest_of_a_file_of_several_blocks(tmp_path):
    content = bytes(range(256)) * 5000
    write_file(tmp_path / "out", content)
    assert sha256(tmp_path / "out") == hashlib.sha256(content).hexdigest()


def test_folders_of_others_stay(tmp_path):
    def fill():
        (tmp_path / "new" / "other").write_text("")
        raise ValueError("in the middle")

    with (
        pytest.raises(ValueError, match="middle"),
        new_folder(tmp_path / "new", tmp_path / "new" / "out"),
    ):
        fill()
    assert names(tmp_path / "new") == ["other"]


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_termination_leaves_nothing(tmp_path):
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from spacy_seqtag.files import written_aside\n"
        "with written_aside(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'), file.flush(), print('ready', flush=True), time.sleep(60)\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "new" / "out")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        assert len(names(tmp_path / "new")) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert names(tmp_path) == []
