"""The editor of promotions: a form over the whole language of definitions, built from ``promotions.language``."""
