"""Runs first on a board, as /boot.py: nothing yet. main.py does the rest."""
