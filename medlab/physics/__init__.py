"""Operators of image formation and registration, their adjoints tested; none needs a simulated patient."""
