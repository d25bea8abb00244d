"""The encoder as PyTorch runs it: from rows of wordpieces to a vector each.

rows → micro-batches (`micro_batches`) → layers of the transformer → vectors, in order again

`RowNetwork` does what all networks share; `EncoderNetwork` is the one that learns, in whose place
`fused.FusedNetwork` may annotate.
"""

from dataclasses import dataclass

import torch
from torch import nn

from ...arrays import Ints
from .bert_parts import AnyTransformer, encode, is_plain
from .embedding import embed_in_place
from .memory import allocate_vectors, to_device
from .micro_batches import STEP, MicroBatch, micro_batches


@dataclass
class NetworkInput:
    """The rows of a batch (see `layout.Rows`), and how many of them go through at once.

    ids, cases (rows,), int64: Wordpieces, and how their words are written (or None), on the device
        that computes.
    starts, lengths (windows,): The first row of each window, and how many it has.
    max_rows, max_length (int): See `micro_batches`.
    """

    ids: torch.Tensor
    cases: torch.Tensor | None
    starts: Ints
    lengths: Ints
    max_rows: int
    max_length: int


class RowNetwork(nn.Module):
    """Encodes rows of wordpieces, a micro-batch at a time. Subclasses implement `encode`.

    mixed (bool): Whether a micro-batch may have windows of several lengths.
    share_of_rows (float): How many rows of those that are allowed go through at once.
    step (int): Windows are padded to a multiple of this length.
    """

    mixed = False
    share_of_rows = 1.0
    step = STEP

    def encode(
        self, ids: torch.Tensor, cases: torch.Tensor | None, batch: MicroBatch
    ) -> torch.Tensor:
        """Encode the rows of a micro-batch.

        ids, cases (n,), int64: Their wordpieces and cases.
        batch (MicroBatch): Where they stand.
        RETURNS (torch.Tensor): (n, width), those of padding included.
        """
        raise NotImplementedError

    def forward(self, rows: NetworkInput) -> torch.Tensor:
        """Encode the rows of a batch.

        rows (NetworkInput): The rows.
        RETURNS (torch.Tensor): float32 (rows, width).
        """
        device = rows.ids.device
        max_rows = max(round(rows.max_rows * self.share_of_rows), 1)
        batches, order = micro_batches(
            rows.starts, rows.lengths, max_rows, rows.max_length, self.mixed, self.step
        )
        to_row = to_device(torch.from_numpy(order), device)
        if torch.is_grad_enabled():
            made = torch.cat([self._encode_real(rows, batch) for batch in batches])
            return made[torch.argsort(to_row)]
        result: torch.Tensor | None = None
        done = 0
        for batch in batches:
            made = self._encode_real(rows, batch)
            if result is None:
                result = allocate_vectors(len(rows.ids), made.shape[1], device)
            result[to_row[done : done + len(made)]] = made
            done += len(made)
        assert result is not None, "a batch has at least one row"
        return result

    def _encode_real(self, rows: NetworkInput, batch: MicroBatch) -> torch.Tensor:
        """Encode a micro-batch and leave padding out: float32 (real rows, width)."""
        device = rows.ids.device
        own = to_device(batch.rows, device)
        hidden = self.encode(rows.ids[own], None if rows.cases is None else rows.cases[own], batch)
        if len(batch.kept) < len(hidden):
            hidden = hidden[to_device(batch.kept, device)]
        return hidden.float()


class EncoderNetwork(RowNetwork):
    """A transformer over rows of wordpieces, with a learned vector for each word's case.

    transformer (PreTrainedModel | PlainEncoder): An encoder.
    n_cases (int): How many cases have a vector, which starts at zero; 0 for an encoder without.
    """

    def __init__(self, transformer: AnyTransformer, n_cases: int) -> None:
        super().__init__()
        self.transformer = transformer
        self.case_embedding: nn.Embedding | None = None
        if n_cases:
            width: int = transformer.get_input_embeddings().embedding_dim  # type: ignore[assignment]
            self.case_embedding = nn.Embedding(n_cases, width)
            nn.init.zeros_(self.case_embedding.weight)

    def encode(
        self, ids: torch.Tensor, cases: torch.Tensor | None, batch: MicroBatch
    ) -> torch.Tensor:
        """See `RowNetwork.encode`."""
        (group,) = batch.groups
        shape = (group.windows, group.length)
        ids = ids.view(shape)
        real = to_device(batch.real, ids.device).view(shape) if group.masked else None
        transformer = self.transformer
        if is_plain(transformer):
            hidden: torch.Tensor = encode(transformer, self._embed(ids, cases), real)
            return hidden.reshape(-1, hidden.shape[-1])
        if self.case_embedding is None:
            inputs = {"input_ids": ids}
        else:
            inputs = {"inputs_embeds": self._embed(ids, cases)}
        if real is None:
            real = torch.ones(shape, dtype=torch.bool, device=ids.device)
        hidden = transformer(**inputs, attention_mask=real.long()).last_hidden_state
        return hidden.reshape(-1, hidden.shape[-1])

    def _embed(self, ids: torch.Tensor, cases: torch.Tensor | None) -> torch.Tensor:
        """Look up wordpieces and add the vectors of their cases.

        ids (windows, length), cases (n,), int64 → (windows, length, width).
        """
        embeddings = self.transformer.get_input_embeddings()
        embedded: torch.Tensor
        if type(embeddings) is nn.Embedding and ids.device.type == "cpu":
            embedded = embed_in_place(embeddings.weight, ids, embeddings.padding_idx)
        else:
            embedded = embeddings(ids)
        if cases is not None and self.case_embedding is not None:
            embedded = embedded + self.case_embedding(cases.view(ids.shape))
        return embedded
