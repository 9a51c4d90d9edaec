"""What needs the programs of a whole machine: ``make check-operations``."""
