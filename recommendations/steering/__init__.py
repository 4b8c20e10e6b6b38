"""From a merchant's rules to what the pipeline obeys: ``segments`` (who), ``shelf`` (facts of products), ``compiling``."""
