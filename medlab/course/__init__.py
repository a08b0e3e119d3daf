"""Editions of the lessons for a course."""
