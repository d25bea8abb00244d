"""Commands that run in a fork of the tests' process, and are killed at a given moment."""

import os
import shutil
import signal
import sys
from itertools import count

from spacy.cli import setup_cli

CHANGES = {
    *("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.truncate"),
    *("shutil.rmtree", "shutil.copyfile", "shutil.copytree", "shutil.move"),
}


def in_fork(run, folder, kill_at=None, file_size=None):
    """Run in a fork; its exit status (-9 when killed) and its number of steps.

    folder: only what is changed in it counts. kill_at: the step at which it is killed. file_size:
    no file can grow larger, as on a disk that is full.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
            if file_size is not None:
                import resource

                resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
            step_counter(str(folder), writer, kill_at)
            run()
            code = 0
        except SystemExit as err:
            code = err.code if isinstance(err.code, int) else 1
        finally:
            os._exit(code)
    os.close(writer)
    with open(reader, "rb") as pipe:
        steps = pipe.read().count(b".")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), steps


def step_counter(folder, writer, kill_at):
    """Write a dot a step into a pipe, and kill this process at one of them."""
    numbers = count(1)
    began = False

    def hook(event, args):
        nonlocal began
        changes = event in CHANGES and any(folder in str(arg) for arg in args)
        if event == "open" and isinstance(args[2], int):
            writes = args[2] & (os.O_WRONLY | os.O_RDWR)
            changes = bool(writes) and folder in str(args[0])
        began |= changes
        if began:
            if next(numbers) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            os.write(writer, b".")

    sys.addaudithook(hook)


def command(*args):
    """Function to run `python -m spacy ...`."""

    def run():
        sys.argv = ["spacy", *map(str, args)]
        setup_cli()

    return run


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
