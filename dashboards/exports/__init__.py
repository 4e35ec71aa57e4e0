"""Taking a view away: the same rows and numbers as files, feeds, calendars and citations.

`formats` says which there are; a module for each writes it. Nothing here chooses rows: that is what
the Selection did.
"""
