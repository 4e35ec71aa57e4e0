"""What was known when: every change numbered, every row kept as it was, any of it undone.

`changes` numbers the changes, `versions` keeps each row as each change left it, `moment` reads the
site as it was after any of them, `undoing` takes one back.
"""
