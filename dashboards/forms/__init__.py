"""The forms of pages on which more than one thing is typed."""
