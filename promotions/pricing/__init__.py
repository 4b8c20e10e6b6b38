"""The promotion engine: plain values in and out, integers, no Django, no I/O. docs/promotions.md tells how it decides."""
