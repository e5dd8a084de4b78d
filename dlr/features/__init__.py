"""Feature extraction: handcrafted radiomics and deep embeddings, cached case by case."""
