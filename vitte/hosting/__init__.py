"""Hosting: vitte on a machine of its own, as one service; put there, renewed, taken away.

Everything here needs Python's own library alone, so that it runs before anything is
installed: ``install.sh`` calls ``python3 -m vitte.hosting``. Each step looks first and does
only what is missing, so that all of it may be run again; with ``--dry-run`` it looks only.
"""
