"""From features to scores: the selection chain, the DLR score, the clinical model, the nomogram."""
