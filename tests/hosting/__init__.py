"""The installation, step by step, without a machine to install on: see tests/operations for the whole."""
