"""`scripts/benchmark/hugging_face_roads.py`: fine-tune, convert there and back, compare."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "benchmark" / "hugging_face_roads.py"


def test_nothing_changes(tiny_bert, tmp_path, mini, capsys):
    spec = spec_from_file_location("hugging_face_roads", SCRIPT)
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    for split in ("train", "dev"):
        blocks = [
            "".join(f"{i}\t{w}\t{t}\n" for i, (w, t) in enumerate(zip(s["words"], s["bio"]), 1))
            for s in mini[split][:40]
        ]
        (tmp_path / f"{split}.iob2").write_text("\n".join(blocks))
    script.main(
        tmp_path / "hf", tmp_path / "dev.iob2", tmp_path / "train.iob2", 3, base_model=tiny_bert
    )
    rows = [line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line]
    found = {row[0].strip(): row[1] for row in rows if len(row) == 2}
    assert found["words"] == str(sum(len(sent["words"]) for sent in mini["dev"][:40]))
    assert found["labels that differ, from-hf"] == "0"
    assert found["labels that differ, to-hf, pipeline"] == "0"
    assert float(found["most off, from-hf"]) < 1e-4
    assert float(found["most off, to-hf"]) < 1e-4
