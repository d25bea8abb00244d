"""A pipeline on a GPU annotates as it does on the CPU."""

import subprocess
import sys

import pytest
import srsly

# In a process of its own, as spaCy puts everything that is made later on the GPU, too.
CODE = """
import sys
import spacy, srsly
if sys.argv[1] == "gpu":
    spacy.require_gpu()
nlp = spacy.load(sys.argv[2], config={"components.transformer.model.precision": "float32"})
docs = nlp.pipe(srsly.json_loads(sys.argv[3]))
print(srsly.json_dumps([
    [[t.pos_ for t in doc], [str(ent) for ent in doc.ents], [t._.tag_confidence for t in doc]]
    for doc in docs
]))
"""


@pytest.mark.gpu
def test_the_same_annotations_as_on_the_cpu(trained_path, mini):
    texts = srsly.json_dumps([sent["text"] for sent in mini["train"][:20]])
    found = {}
    for device in ("cpu", "gpu"):
        command = [sys.executable, "-c", CODE, device, str(trained_path), texts]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf8")
        assert done.returncode == 0, done.stderr
        found[device] = srsly.json_loads(done.stdout.splitlines()[-1])
    for (tags, ents, confidences), (gpu_tags, gpu_ents, gpu_confidences) in zip(
        found["cpu"], found["gpu"], strict=True
    ):
        assert (tags, ents) == (gpu_tags, gpu_ents)
        assert confidences == pytest.approx(gpu_confidences, abs=1e-3)
