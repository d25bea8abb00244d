"""Kernels of products: what is taken, when it is measured, and that nothing depends on it."""

import copy
import pickle

import numpy as np
import pytest
import torch
from spacy.tokens import Doc

from spacy_seqtag.models.network import kernels, onednn
from spacy_seqtag.models.network.fused import FUSED, KERNELS, FusedLinear
from spacy_seqtag.models.network.kernels import AUTO, KernelChoice, choose, fastest_kernels
from spacy_seqtag.models.network.precision import auto_is

from ..encoders import encoder_nlp, vectors
from .networks import encoder_network

PRODUCTS = ("in", "out", "up", "down")
FLOAT = torch.float32

packs = pytest.mark.skipif(not onednn.can_pack(FLOAT), reason="this build has no packed products")


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    """Nothing was timed before."""
    monkeypatch.setattr(kernels, "_found", {})


@pytest.fixture
def timed(monkeypatch):
    """The kernels that are timed from now on, of which "separate" seems to be the fastest."""
    calls = []

    def time_in_turn(ways, device, rounds, clock):
        calls.append(list(ways))
        return {way: [1.0 if way == "separate" else 2.0] * rounds for way in ways}

    monkeypatch.setattr(kernels, "time_in_turn", time_in_turn)
    return calls


CHOICES = {
    "faster": ({"fused": [2.0, 2.1], "pytorch": [1.5, 1.6]}, "pytorch"),
    "the fastest": ({"fused": [3.0], "separate": [1.0], "pytorch": [2.0]}, "separate"),
    "within chance": ({"fused": [2.0, 2.1], "separate": [1.99, 2.0]}, FUSED),
    "in all rounds but one": ({"fused": [2.0, 2.1, 2.0], "pytorch": [1.0, 1.0, 9.0]}, "pytorch"),
    "in one round": ({"fused": [2.0, 2.1, 2.0], "separate": [1.0, 2.2, 2.1]}, FUSED),
    "no fused one": ({"separate": [3.0], "pytorch": [2.0]}, "pytorch"),
    "none": ({}, "pytorch"),
}


@pytest.mark.parametrize("case", CHOICES)
def test_choice(case):
    times, expected = CHOICES[case]
    assert choose(times) == expected


@packs
def test_each_shape_is_timed_once(tiny_bert, timed):
    network = encoder_network(tiny_bert)
    expected = {"in": FUSED, "out": "separate", "up": "separate", "down": "separate"}
    assert fastest_kernels(network, FLOAT) == expected
    assert [sorted(each) for each in timed] == [["fused", "pytorch"]] + [sorted(KERNELS)] * 3
    assert fastest_kernels(copy.deepcopy(network), FLOAT) == expected
    assert len(timed) == 4


@packs
def test_what_is_measured_is_a_kernel_and_is_logged(tiny_bert, caplog):
    with caplog.at_level("DEBUG", logger="spacy"):
        found = fastest_kernels(encoder_network(tiny_bert), FLOAT)
    assert list(found) == list(PRODUCTS)
    lines = [record.getMessage() for record in caplog.records]
    for line, kernel in zip(lines, found.values(), strict=True):
        assert line.startswith(f'kernels = "auto" is "{kernel}" on this CPU for float32, 1024 x')


@packs
def test_kernel_that_fails_is_not_taken(tiny_bert, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("could not create a primitive")

    network = encoder_network(tiny_bert)
    monkeypatch.setattr(onednn, "linear_add", fail)
    found = fastest_kernels(network, FLOAT)
    assert FUSED not in (found["out"], found["down"])
    monkeypatch.setattr(onednn, "linear", fail)
    monkeypatch.setattr(kernels, "_found", {})
    assert fastest_kernels(network, FLOAT) == dict.fromkeys(PRODUCTS, "pytorch")


def test_without_packed_products_nothing_is_timed(tiny_bert, monkeypatch, timed):
    monkeypatch.setattr(onednn, "can_pack", lambda dtype: False)
    found = fastest_kernels(encoder_network(tiny_bert), FLOAT)
    assert found == dict.fromkeys(PRODUCTS, "pytorch")
    assert not timed


def taken(nlp):
    """The kernels of the network that annotates."""
    parts = nlp.get_pipe("transformer").model.shim.predictor().modules()
    return [part.kernel for part in parts if isinstance(part, FusedLinear)]


def annotate(nlp):
    return vectors(nlp, Doc(nlp.vocab, words=["Anna", "lives", "in", "Oslo", "."]))


@packs
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel_that_is_asked_for(tiny_bert, timed, monkeypatch, kernel):
    monkeypatch.setattr(kernels, "_WORDPIECES", 0)
    expected = annotate(encoder_nlp(tiny_bert, precision="float32", kernels=FUSED))
    nlp = encoder_nlp(tiny_bert, precision="float32", kernels=kernel)
    np.testing.assert_allclose(annotate(nlp), expected, atol=1e-5)
    assert set(taken(nlp)) == {kernel}
    assert not timed


@packs
def test_measured_once_there_was_enough(tiny_bert, timed, monkeypatch):
    nlp = encoder_nlp(tiny_bert, precision="float32")
    before = annotate(nlp)
    assert set(taken(nlp)) == {FUSED}
    monkeypatch.setattr(kernels, "_WORDPIECES", 6)
    with auto_is("float32"):  # a training that may go on in another process
        annotate(nlp)
    assert not timed
    after = annotate(nlp)
    assert taken(nlp)[:4] == [FUSED, "separate", "separate", "separate"]
    np.testing.assert_allclose(after, before, atol=1e-5)
    annotate(nlp)
    assert len(timed) == 4
    assert set(taken(pickle.loads(pickle.dumps(nlp)))) == {FUSED}


def test_each_precision_has_its_own(tiny_bert, timed):
    choice, network = KernelChoice(AUTO), encoder_network(tiny_bert)
    choice.measure(network, FLOAT)
    assert not choice.is_open(FLOAT)
    assert choice.is_open(torch.bfloat16)
    assert choice.taken(network, torch.bfloat16) == {}
    assert KernelChoice(FUSED).is_open(FLOAT) is False


def test_unknown_kernel_is_an_error(tiny_bert):
    with pytest.raises(ValueError, match=r"kernels = 'magic'; set it to one of: auto, fused"):
        encoder_nlp(tiny_bert, kernels="magic")
