"""Reads of the reports: figures, what needs a person, what is left to set up."""
