"""What PyTorch computes: rows of wordpieces in, vectors out. These modules know no Doc.

    encoder            the encoder: micro-batch by micro-batch, through the layers of transformers
    micro_batches      which windows go through the network together
    fused              the same encoder for annotating, in fewer and larger steps
    bert_parts         which encoders are built like BERT, and what transformers calls their parts
    onednn             products over packed weights on a CPU
    precision          the precisions, and which of them the hardware is fast in
    timing             how long products take, in each way to compute them
    embedding, memory  gradients and arrays that need little memory
    weights            weights as safetensors

Semantic roles have layers of their own:

    role_context       pairs of word and predicate, read in context
    fused_role_context the same for annotating
"""
