"""Screens of promotions and loyalty."""
