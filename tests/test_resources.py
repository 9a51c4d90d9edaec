"""Where the files lie that the program reads."""

from vitte.resources import ROOT


def test_the_root_holds_what_the_program_reads() -> None:
    assert (ROOT / "sql" / "migrations" / "0001.users.sql").is_file()
    assert (ROOT / "locales" / "en").is_dir()
    assert (ROOT / "config").is_dir()
