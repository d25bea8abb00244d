"""An encoder that learns the vectors of another one."""

import numpy as np
import pytest
import spacy
from spacy.training import Example
from thinc.api import Adam

from spacy_seqtag.models.encoder import find_encoders

TEXTS = ["Daniel Reyes wants to buy a house in Leeds.", "", "She wrote unbelievably long letters."]


@pytest.fixture
def nlp(trained, trained_path):
    """The trained pipeline with half of its layers, and the whole one as its teacher."""
    find_encoders(trained)["transformer"].shim.keep_layers([0])
    teacher = trained.add_pipe("seqtag_encoder_teacher", config={"weight": 3.0})
    teacher.initialize(list, nlp=trained, pipeline=str(trained_path))
    return trained


def examples(nlp):
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in TEXTS]


def word_vectors(nlp, texts):
    """Means of the words' wordpieces."""
    datas = [nlp.get_pipe("transformer")(nlp.make_doc(text))._.trf_data for text in texts]
    return [
        np.stack(
            [data.model_output.last_hidden_state[0][a.data.ravel()].mean(0) for a in data.align]
        )
        for data in datas
    ]


def test_the_loss_is_the_mean_square(nlp, trained_path):
    texts = [text for text in TEXTS if text]
    whole = word_vectors(spacy.load(trained_path), texts)
    squares = np.concatenate(word_vectors(nlp, texts)) - np.concatenate(whole)
    teacher, docs = nlp.get_pipe("seqtag_encoder_teacher"), list(nlp.pipe(TEXTS))
    loss, _ = teacher.get_loss([Example(doc, doc) for doc in docs], teacher.model.predict(docs))
    assert loss == pytest.approx(3.0 * (squares**2).mean(), rel=1e-4)


def test_the_gradient_is_that_of_the_sum_over_words(nlp):
    teacher = nlp.get_pipe("seqtag_encoder_teacher")
    generator = np.random.default_rng(0)
    egs = examples(nlp)
    scores = [
        generator.normal(size=(len(eg.predicted), 32 if len(eg.predicted) else 0)).astype("f")
        for eg in egs
    ]
    _, gradient = teacher.get_loss(egs, scores)
    n_words = sum(len(eg.predicted) for eg in egs)
    step = np.float32(1e-2)
    for doc, word, place in ((0, 0, 0), (0, 3, 7), (2, 4, 31)):
        changed = [array.copy() for array in scores]
        changed[doc][word, place] += step
        up, _ = teacher.get_loss(egs, changed)
        changed[doc][word, place] -= 2 * step
        down, _ = teacher.get_loss(egs, changed)
        slope = (up - down) / (2 * step) * n_words
        assert gradient[doc][word, place] == pytest.approx(slope, rel=1e-2)


def test_it_learns_and_annotates_nothing(nlp):
    with nlp.select_pipes(enable=["transformer", "seqtag_encoder_teacher"]):
        sgd = Adam(0.003, L2=0.0)
        losses = [
            nlp.update(examples(nlp), sgd=sgd, losses={})["seqtag_encoder_teacher"]
            for _ in range(60)
        ]
        doc = nlp(TEXTS[0])
    assert losses[-1] < 0.5 * losses[0]
    assert not doc.ents
    assert not doc.has_annotation("POS")
    assert nlp.get_pipe("seqtag_encoder_teacher").update([]) == {"seqtag_encoder_teacher": 0.0}


def test_it_is_saved_without_its_teacher(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.pipe_names == nlp.pipe_names
    assert loaded.get_pipe("seqtag_encoder_teacher").weight == 3.0
    with pytest.raises(ValueError, match=r"A saved pipeline has no teacher with it\. Name one in"):
        loaded.update(examples(loaded))
    assert sum(f.stat().st_size for f in (tmp_path / "seqtag_encoder_teacher").rglob("*")) < 10_000


def test_teachers_that_cannot_teach(nlp, tmp_path, minilm, make_nlp):
    teacher = nlp.get_pipe("seqtag_encoder_teacher")
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ValueError, match="it has no transformer component with spacy_seqtag"):
        teacher.initialize(list, nlp=nlp, pipeline=str(tmp_path / "blank"))
    wide = make_nlp(minilm, [])
    wide.initialize()
    wide.to_disk(tmp_path / "wide")
    with pytest.raises(ValueError, match=r"its vectors have 384 numbers, and those .* have 32"):
        teacher.initialize(list, nlp=nlp, pipeline=str(tmp_path / "wide"))
    with pytest.raises(OSError, match="there is no such pipeline"):
        teacher.initialize(list, nlp=nlp, pipeline="nowhere")
    with pytest.raises(ValueError, match="weight = 0; set it to a number above 0"):
        nlp.add_pipe("seqtag_encoder_teacher", "other", config={"weight": 0})
    alone = spacy.blank("en")
    with pytest.raises(ValueError, match="It listens to a transformer, and the pipeline has none"):
        alone.add_pipe("seqtag_encoder_teacher").initialize(list, nlp=alone, pipeline="nowhere")
