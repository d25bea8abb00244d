"""The device that a command computes on."""

from spacy.cli._util import setup_gpu

from ..errors import one_line
from . import fail


def set_up_gpu(gpu_id: int, *, silent: bool = True) -> None:
    """Have everything computed on a GPU or the CPU, or print why not and exit with code 1.

    gpu_id (int): The number of the GPU, or -1 for the CPU.
    silent (bool): Do not say which it is.
    """
    try:
        setup_gpu(gpu_id, silent=silent)
    except Exception as error:  # each library of GPUs has errors of its own
        fail(
            f"--gpu-id {gpu_id}: {one_line(error)}. Give the number of a GPU that is there and for "
            "which PyTorch and CuPy are installed, or -1 for the CPU"
        )
