"""Rows of the recommender. Each module has one subject; what other modules use is named here."""

from recommendations.models.search import SearchDocument, SearchTerm, SearchWord, Synonym
from recommendations.models.versions import ModelVersion, ModelVersionQuerySet, artefact_directory

__all__ = [
    "ModelVersion",
    "ModelVersionQuerySet",
    "SearchDocument",
    "SearchTerm",
    "SearchWord",
    "Synonym",
    "artefact_directory",
]
