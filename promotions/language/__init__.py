"""Promotions in the words of people: what each part of a definition is called, how it is written down and read back."""
