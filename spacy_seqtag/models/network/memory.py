"""Where arrays live: a mmap of its own for a large one, and copies that do not wait for a GPU."""

import mmap
from contextlib import suppress

import torch

# Arrays of at least this many bytes get their own mmap. Smaller ones do not: a process may have
# some 65,000 maps.
_MAPPED = 4 * 2**20


def allocate_vectors(n: int, width: int, device: torch.device) -> torch.Tensor:
    """Allocate an array for vectors that Docs will hold, without setting it.

    On a CPU a large one gets its own mmap, which goes back to the system with the last Doc. Among
    the small objects of the heap, arrays of this size that come and go leave holes, and a process
    that reads a long stream grows.

    n, width (int): Rows and columns.
    device (torch.device): Where the array is to be.
    RETURNS (torch.Tensor): float32 (n, width).
    """
    n_bytes = 4 * n * width
    if device.type != "cpu" or n_bytes < _MAPPED:
        return torch.empty((n, width), dtype=torch.float32, device=device)
    memory = mmap.mmap(-1, n_bytes)
    if hasattr(mmap, "MADV_HUGEPAGE"):  # Linux
        with suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=torch.float32).view(n, width)


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy a tensor of the CPU to a device, without waiting for a GPU."""
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
