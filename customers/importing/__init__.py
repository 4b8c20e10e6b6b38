"""Importing customers from files.

``fields`` says what a column can be, ``guessing`` guesses it by its name, ``reading`` opens a file, ``rows`` makes a
person out of a row, ``writing`` stores some thousand of them, ``importer`` walks through a file. All but the last two
are pure: they know no database.
"""

# The kind of the job that imports a file.
IMPORT = "import_customers"
