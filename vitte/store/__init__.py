"""Rows and SQL: everything that vitte keeps in PostgreSQL.

``pool`` lends connections, ``queries`` reads ``sql/queries/``, ``migrations``
brings the schema up to date; every other file is one noun, its rows as frozen
Structs and what can be done with them. Nothing else in vitte speaks SQL.
"""
