"""Makes the claims that generic ephemeral volumes of pods stand for."""
