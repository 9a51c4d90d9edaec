"""People, groups and channels that a test or the page acts as."""

from vitte.dev.telegram.people.hearing import PATIENCE, Message, Press, Silence
from vitte.dev.telegram.people.person import Person
from vitte.dev.telegram.people.places import Channel, Group

__all__ = ["PATIENCE", "Channel", "Group", "Message", "Person", "Press", "Silence"]
