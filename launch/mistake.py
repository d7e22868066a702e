"""What a launcher tells its user in one line."""


class Mistake(Exception):
    """Of the user: told in one line, code 1."""
