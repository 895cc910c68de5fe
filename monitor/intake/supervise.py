"""Keeps collectors alive, each on its own."""
