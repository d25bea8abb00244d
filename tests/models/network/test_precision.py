"""Which precision the hardware is fast in."""

import warnings
from functools import cache

import numpy as np
import pytest
import torch

from spacy_seqtag.models.network import precision as precision_module
from spacy_seqtag.models.network.precision import has_fast_bfloat16, multiply_in_both

from ..encoders import encoder_nlp, vectors


def test_precision(tiny_bert, doc):
    full, reduced, auto = (
        vectors(encoder_nlp(tiny_bert, precision=p), doc) for p in ("float32", "bfloat16", "auto")
    )
    assert reduced.dtype == full.dtype
    difference = np.abs(full - reduced).max()
    assert 0 < difference < 0.1
    expected = reduced if has_fast_bfloat16(torch.device("cpu")) else full
    np.testing.assert_array_equal(auto, expected)


@pytest.mark.parametrize("slower", [False, True])
def test_auto_takes_what_multiplies_faster(monkeypatch, slower):
    """Not what the processor has instructions for: some have them, but no units."""
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    name = "_cpu_multiplies_faster_in_bfloat16"
    monkeypatch.setattr(precision_module, name, lambda: not slower)
    assert has_fast_bfloat16(cpu) is (not slower)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    assert not has_fast_bfloat16(cpu)


@pytest.mark.parametrize(("times", "faster"), [((1.0, 0.4), True), ((1.0, 1.8), False)])
def test_which_multiplies_faster(monkeypatch, caplog, times, faster):
    """With a clock that counts what is multiplied; said once. times: of float32, and bfloat16."""
    clock, cost = [0.0], dict(zip((torch.float32, torch.bfloat16), times))

    def multiply(matrix, other):
        clock[0] += cost[matrix.dtype]

    monkeypatch.setattr(precision_module.torch, "mm", multiply)
    monkeypatch.setattr(precision_module.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(precision_module, "multiply_in_both", cache(multiply_in_both.__wrapped__))
    caplog.set_level("DEBUG", "spacy")
    for _ in range(2):
        assert precision_module._cpu_multiplies_faster_in_bfloat16() is faster
    (record,) = caplog.records
    assert f'"auto" is {"bfloat16" if faster else "float32"} on this CPU' in record.message
    assert f"{1000 * times[0]:.2f} ms in float32, {1000 * times[1]:.2f} ms" in record.message


def test_warning_where_bfloat16_is_slow(tiny_bert, doc, monkeypatch):
    monkeypatch.setattr(precision_module, "has_fast_bfloat16", lambda device: False)
    monkeypatch.setattr(precision_module, "_warned", set())
    nlp = encoder_nlp(tiny_bert, precision="bfloat16")
    with pytest.warns(UserWarning, match="bfloat16.*slow here"):
        found = vectors(nlp, doc)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(vectors(nlp, doc), found)
        auto = vectors(encoder_nlp(tiny_bert, precision="auto"), doc)
    np.testing.assert_array_equal(auto, vectors(encoder_nlp(tiny_bert, precision="float32"), doc))
